"""The pytest plugin itself: what it costs where nobody uses it, and what its page says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .plugged import plugged

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CLIENT, *EXAMPLES = [block for kind, block in BLOCKS if kind == "python"]
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
HEAVY = ("httpx", "hypothesis", "jsonschema", "msgspec", "starlette", "jinja2", "klarna_specs")
NOT_FOR_THE_MOCK = ("httpx", "hypothesis", "jinja2", "jsonschema", "rich", "schemathesis")


def test_the_plugin_and_its_mock_import_nothing_heavy() -> None:
    program = (
        "import sys, klarna_conformance.pytest_plugin\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        "print(sorted(name for name in sys.modules if name.startswith('klarna')))\n"
        "import klarna_conformance.testing.mock\n"
        f"print([name for name in {NOT_FOR_THE_MOCK!r} if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.splitlines() == [
        "[]",
        "['klarna_conformance', 'klarna_conformance.pytest_plugin']",
        "[]",
    ]


def test_an_unused_plugin_imports_nothing_else(pytester: pytest.Pytester) -> None:
    tests = """
        import sys
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(number):
            loaded = sorted(name for name in sys.modules if name.startswith("klarna"))
            assert loaded == ["klarna_conformance", "klarna_conformance.pytest_plugin"]
    """
    pytester.makepyfile(test_own=tests)
    plugged(pytester, "--strict-markers", "-W", "error").assert_outcomes(passed=2)


def test_pytest_lists_options_fixtures_and_the_marker(pytester: pytest.Pytester) -> None:
    printed, fixtures, markers = (
        plugged(pytester, option, own_process=False).stdout.str()
        for option in ("--help", "--fixtures", "--markers")
    )

    options = ("target", "output", "deviations", "strict")
    assert [name for name in options if f"--klarna-{name}" not in printed] == []
    assert "\nklarna_mock" in fixtures
    assert "\nklarna_scenarios" in fixtures
    assert "@pytest.mark.klarna(judge=True, strict=False, timeout_s=1.0): " in markers


def test_the_examples_of_the_page_do_what_they_say(pytester: pytest.Pytester) -> None:
    examples(pytester, "SCENARIOS[::30]").assert_outcomes(passed=9)


def examples(pytester: pytest.Pytester, scenarios: str = "SCENARIOS") -> pytest.RunResult:
    """The outcome of the examples of the page, the last one with these scenarios."""
    first, second, last = EXAMPLES
    few = last.replace('("scenario", SCENARIOS)', f'("scenario", {scenarios})')
    assert f'"scenario", {scenarios})' in few
    pytester.makepyfile(shop=CLIENT, test_mock=first, test_marker=second, test_certified=few)
    pytester.syspathinsert()
    return plugged(pytester, "-W", "error", "--strict-markers", own_process=False)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_page_choose_tests(pytester: pytest.Pytester, line: str) -> None:
    program, *options = shlex.split(line)
    collect = ("--collect-only", "-q", "--strict-markers")
    ran = plugged(pytester, *options, *collect, own_process=False, unused=("schemathesis", "anyio"))

    assert program == "pytest"
    assert ran.ret == pytest.ExitCode.OK
    assert any(line.startswith("klarna::refundOrder::") for line in ran.outlines)
