"""Output of commands: external text is never a command for a terminal or a CI system."""

import json
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from klarna_conformance.run.events import CounterexampleFound, Event, Planned, ScenarioFinished
from klarna_conformance.run.progress import Progress
from klarna_reports.record.record import Played
from klarna_specs.scenario import Scenario

from .conftest import FEW, Cli, Finished

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
def test_messages_of_a_provisioner_are_printed_as_text(
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
    options = FEW if command == "run" else ()
    finished = cli(command, target_file(orders=orders), *options)
    _assert_inert(finished)


@pytest.mark.parametrize("columns", [20, 44, 80])
def test_responses_of_a_server_are_printed_as_text(
    columns: int, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    wrong = ("--mutant", "release-error-html", "--requirement", "release.error-body")
    cli("run", *FEW, *wrong, "--output", tmp_path / "run")
    journal = tmp_path / "run" / "journal.ndjson"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    _observe_hostile_text(lines)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    finished = cli("report", tmp_path / "run", "--format", "json,github")
    _assert_inert(finished)
    annotations = (tmp_path / "run" / "annotations.txt").read_text()
    assert "owned" in annotations
    assert not any(character < " " for character in annotations.replace("\n", ""))
    assert all(line.startswith("::error title=") for line in annotations.splitlines())


def _observe_hostile_text(value: object) -> None:
    """Replaces the observation of every finding with the hostile text."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            _observe_hostile_text(each)
    if isinstance(value, dict) and "observed" in value:
        value["observed"] = HOSTILE


def _assert_inert(finished: Finished) -> None:
    printed = finished.out + finished.err
    assert "stop-commands" in printed.replace("\n", "").replace("| ", "")
    assert "\x1b" not in printed
    assert "##[" not in printed
    assert not [line for line in printed.splitlines() if line.lstrip().startswith("::")]


def _finished(count: int) -> list[Event]:
    scenario = Played(id="s0001", scenario=Scenario(plan=None, steps=()))
    return [ScenarioFinished(scenario)] * count


def test_a_log_gets_occasional_progress_with_the_time_left() -> None:
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


def test_progress_has_no_time_left_outside_of_scenarios() -> None:
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
def test_the_step_summary_is_appended_and_stdout_stays_json(
    mutant: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "step.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    options = ("--mutant", mutant) if mutant else ()
    finished = cli("run", *FEW, *options, "--github", "--format", "json")
    before, summary = step.read_text().split("\n", 1)

    assert (before, summary.count("## ")) == ("before", 1)
    assert json.loads(finished.out)["verdict"] in summary
    assert finished.err.count("::error title=") == (2 if mutant else 0)


def test_github_output_needs_its_option(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    finished = cli("run", *FEW, "--mutant", "release-of-captured-orders")
    assert (step.exists(), "::error" in finished.out + finished.err) == (False, False)


@pytest.mark.parametrize("path", ["", "/dev/null/step.md"])
def test_an_unwritable_step_summary_changes_no_verdict(
    path: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", path)
    finished = cli("run", *FEW, "--github")
    assert (finished.code, "No step summary" in finished.err) == (0, True)


def test_quiet_prints_the_verdict_only(cli: Cli) -> None:
    cli("run", *FEW)
    quiet = cli("report", "conformance-report", "--format", "json", "--quiet")
    loud = cli("report", "conformance-report", "--format", "json")
    assert quiet.out.splitlines() == [
        line for line in loud.out.splitlines() if "CONFORMANT" in line
    ]


def test_no_color_overrides_force_color(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    cli("run", *FEW)
    colourful = cli("report", "conformance-report", "--format", "json")
    plain = cli("report", "conformance-report", "--format", "json", "--no-color")
    assert ("\x1b[" in colourful.out, "\x1b" in plain.out) == (True, False)


def test_every_command_with_color_has_no_color(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    cli("run", *FEW, "--mutant", "release-of-captured-orders")
    file = "conformance-report/counterexamples/release.fully-captured-refused.yaml"
    replay = ("replay", file)
    mutants = ("mutants", "--mutant", "release-answered-202", "--examples", "0")
    for command in (replay, mutants):
        colourful, plain = cli(*command), cli(*command, "--no-color")
        assert ("\x1b[" in colourful.out, "\x1b" in plain.out) == (True, False)


def test_only_the_options_make_a_terminal() -> None:
    modules = Path(str(files("klarna_conformance.cli"))).rglob("*.py")
    making = {each.name for each in modules if "Terminal(quiet=" in each.read_text("utf-8")}
    assert making == {"options.py"}


def test_doctor_prints_steps_and_problem_as_json(
    cli: Cli, target_file: Callable[..., Path]
) -> None:
    good = cli("doctor", "--format", "json")
    bad = cli("doctor", target_file("http://127.0.0.1:1"), "--format", "json")
    steps, wrong = json.loads(good.out), json.loads(bad.out)

    assert (good.code, steps["exit_code"], steps["problem"]) == (0, 0, "")
    assert "credentials" in [each["step"] for each in steps["steps"]]
    assert (bad.code, wrong["exit_code"]) == (4, 4)
    assert wrong["problem"] in bad.err
    assert wrong["problem"]
