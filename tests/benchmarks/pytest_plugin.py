"""What the pytest plugin costs: where nobody uses it, and for each test with `klarna_mock`.

Run it with `python tests/benchmarks/pytest_plugin.py`; it prints milliseconds, medians of several
attempts.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ATTEMPTS = 9
_TESTS = 50
_UNUSED = "\ndef test_nothing():\n    pass\n"
_USED = f"""
import pytest

@pytest.mark.parametrize("number", range({_TESTS}))
def test_served(klarna_mock, number):
    klarna_mock.order()
"""
_WITHOUT = ("-p", "no:schemathesis", "-p", "no:anyio", "-p", "no:cacheprovider")


def main() -> None:
    """Measures and prints."""
    runs = {"without": (_UNUSED, "-p", "no:klarna_conformance"), "unused": (_UNUSED,)}
    took: dict[str, list[float]] = {name: [] for name in (*runs, "used", "import")}
    for _ in range(_ATTEMPTS):
        took["import"].append(_import_ms())
        for name, run in runs.items():
            took[name].append(_run_ms(*run))
        took["used"].append(_run_ms(_USED))
    median = {name: statistics.median(times) for name, times in took.items()}
    more = median["used"] - median["unused"]
    print(f"import of the plugin: {median['import']:.2f} ms")
    print(f"a run of pytest without it: {median['without']:.0f} ms")
    print(f"a run of pytest with it, unused: {median['unused']:.0f} ms")
    print(f"{_TESTS} tests with klarna_mock: {more:.0f} ms more, {more / _TESTS:.1f} ms each")


def _import_ms() -> float:
    """What importing it takes where pytest was imported already."""
    program = "import pytest, klarna_conformance.pytest_plugin"
    arguments = [sys.executable, "-X", "importtime", "-c", program]
    printed = subprocess.run(arguments, capture_output=True, text=True, check=True).stderr
    (microseconds,) = re.findall(r"\|\s*(\d+) \| klarna_conformance.pytest_plugin$", printed, re.M)
    return int(microseconds) / 1000


def _run_ms(tests: str, *options: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(tests)
        command = [sys.executable, "-m", "pytest", "-q", *_WITHOUT, *options]
        began_s = time.perf_counter()
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        return (time.perf_counter() - began_s) * 1000


if __name__ == "__main__":
    main()
