"""The example for containers works, where there is a container engine."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _missing() -> str:
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no docker command"
    return "" if asked.returncode == 0 else f"no container engine: {asked.stderr.strip()[-200:]}"


def test_example_with_testcontainers_passes() -> None:
    if reason := _missing():
        pytest.skip(reason)
    containerfile = ROOT / "Containerfile"
    build = ["docker", "build", "-f", str(containerfile), "-t", "klarna-conformance", str(ROOT)]
    subprocess.run(build, check=True)
    example = ROOT / "examples" / "container" / "test_refunds.py"
    options = ("-q", "-p", "no:cacheprovider", "-n", "0", "-W", "default")

    assert subprocess.run([sys.executable, "-m", "pytest", *options, str(example)]).returncode == 0
