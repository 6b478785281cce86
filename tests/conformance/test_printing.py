"""What a command prints: nothing that comes from outside commands a terminal or a CI system."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from klarna_conformance.run.events import CounterexampleFound, Event, Planned, ScenarioFinished
from klarna_conformance.run.progress import Progress
from klarna_reports.record.record import Played
from klarna_specs.scenario import Scenario

from .conftest import Finished

Cli = Callable[..., Finished]
SMALL = (
    *("--requirement", "release.fully-captured-refused", "--market", "SE", "--examples", 0),
    *("--max-requests", 60),
)
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


def _finished(count: int) -> list[Event]:
    scenario = Played(id="s0001", scenario=Scenario(plan=None, steps=()))
    return [ScenarioFinished(scenario)] * count


def test_a_log_gets_progress_and_the_time_left_now_and_then() -> None:
    times = iter([0.0, 0.0, 5.0, 16.0, 20.0, 32.0, 700.0])
    progress = Progress(lambda: next(times))
    progress(Planned(100))
    lines: list[str] = []
    for _ in range(5):
        for event in _finished(8):
            progress(event)
        lines.append(progress.line())

    assert lines == [
        "",
        "Sending: 16 of 100, about 84 s left",
        "",
        "Sending: 32 of 100, about 68 s left",
        "Sending: 40 of 100, about 18 min left",
    ]


def test_no_time_is_left_before_the_first_and_after_the_last_scenario() -> None:
    times = iter([0.0, 0.0, 20.0, 40.0])
    progress = Progress(lambda: next(times))
    (scenario,) = _finished(1)
    assert isinstance(scenario, ScenarioFinished)
    progress(Planned(1))
    progress(ScenarioFinished(scenario.played, "preparing"))
    assert progress.line() == "Preparing: 0 of 1"
    progress(scenario)
    progress(CounterexampleFound(scenario.played))
    assert progress.line() == "Shrinking: 1 of 1"


@pytest.mark.parametrize("mutant", ["", "release-of-captured-orders"])
def test_the_step_summary_is_added_to_what_is_there_and_stdout_stays_json(
    mutant: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "step.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    options = ("--mutant", mutant) if mutant else ()
    finished = cli("run", *SMALL, *options, "--github", "--format", "json")
    before, told = step.read_text().split("\n", 1)

    assert (before, told.count("## ")) == ("before", 1)
    assert json.loads(finished.out)["verdict"] in told
    assert finished.err.count("::error title=") == (2 if mutant else 0)


def test_without_the_option_github_is_told_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    finished = cli("run", *SMALL, "--mutant", "release-of-captured-orders")
    assert (step.exists(), "::error" in finished.out + finished.err) == (False, False)


@pytest.mark.parametrize("path", ["", "/dev/null/step.md"])
def test_a_step_summary_that_cannot_be_written_is_told_and_changes_no_verdict(
    path: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", path)
    finished = cli("run", *SMALL, "--github")
    assert (finished.code, "No step summary" in finished.err) == (0, True)


def test_a_report_is_quiet_where_that_is_asked_for(cli: Cli) -> None:
    cli("run", *SMALL)
    quiet = cli("report", "conformance-report", "--format", "json", "--quiet")
    loud = cli("report", "conformance-report", "--format", "json")
    assert quiet.out.splitlines() == [
        line for line in loud.out.splitlines() if "CONFORMANT" in line
    ]


def test_no_color_is_kept_where_colours_are_forced(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    cli("run", *SMALL)
    colourful = cli("report", "conformance-report", "--format", "json")
    plain = cli("report", "conformance-report", "--format", "json", "--no-color")
    assert ("\x1b[" in colourful.out, "\x1b" in plain.out) == (True, False)


def test_doctor_tells_a_program_what_it_tried_and_what_failed(
    cli: Cli, target_file: Callable[..., Path]
) -> None:
    good = cli("doctor", "--format", "json")
    bad = cli("doctor", target_file("http://127.0.0.1:1"), "--format", "json")
    told, wrong = json.loads(good.out), json.loads(bad.out)

    assert (good.code, told["exit_code"], told["problem"]) == (0, 0, "")
    assert "credentials" in [each["step"] for each in told["steps"]]
    assert (bad.code, wrong["exit_code"]) == (4, 4)
    assert wrong["problem"] in bad.err
    assert wrong["problem"]
