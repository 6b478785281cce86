"""What a command prints: nothing that comes from outside commands a terminal or a CI system."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Finished

Cli = Callable[..., Finished]
SMALL = ("--requirement", "release.fully-captured-refused", "--market", "SE", "--examples", 0)
HOSTILE = (
    "x" * 30 + " ::stop-commands::y \x1b[31m\x1b]0;z\x07 ##[error]owned\n::add-mask::conformant"
)
SCRIPT = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"unavailable": %r}), flush=True)
"""


@pytest.mark.parametrize("columns", [20, 44, 80])
@pytest.mark.parametrize("command", ["run", "doctor"])
def test_what_a_provisioner_says_is_printed_as_text(
    command: str,
    columns: int,
    cli: Cli,
    target_file: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    script = tmp_path / "provisioner.py"
    script.write_text(SCRIPT % HOSTILE)
    orders = {"provisioner": "command", "command": [sys.executable, str(script)]}
    options = SMALL if command == "run" else ()
    finished = cli(command, target_file(orders=orders), *options)
    _assert_inert(finished)


@pytest.mark.parametrize("columns", [20, 44, 80])
def test_what_a_server_says_is_printed_as_text(
    columns: int, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    cli("run", *SMALL, "--mutant", "release-of-captured-orders", "--output", tmp_path / "run")
    journal = tmp_path / "run" / "journal.ndjson"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    _tell_all(lines)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    finished = cli("report", tmp_path / "run", "--format", "json,github")
    _assert_inert(finished)
    annotations = (tmp_path / "run" / "annotations.txt").read_text()
    assert "owned" in annotations
    assert not any(character < " " for character in annotations.replace("\n", ""))
    assert all(line.startswith("::error title=") for line in annotations.splitlines())


def _tell_all(value: object) -> None:
    """Makes every finding in it tell the hostile text."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            _tell_all(each)
    if isinstance(value, dict) and "observed" in value:
        value["observed"] = HOSTILE


def _assert_inert(finished: Finished) -> None:
    told = finished.out + finished.err
    assert "stop-commands" in told.replace("\n", "").replace("| ", "")
    assert "\x1b" not in told
    assert "##[" not in told
    assert not [line for line in told.splitlines() if line.lstrip().startswith("::")]
