"""Every violated requirement leaves a file that `replay` needs nothing else for."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.play.counterexample_file import read_counterexample
from klarna_conformance.wrong.examples.orders import PART
from klarna_specs.scenario import Scenario
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import refund

from .conftest import COMMAND, Cli

FEE = "refund.fee-single-capture"
RULE = "refund.replay-booked-once"
SMALL = ("--requirement", RULE, "--mutant", "replay-booked-again")
NAME = f"counterexamples/{RULE}.yaml"


@pytest.fixture(scope="session")
def shrunk_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which a run was started, and what it printed."""
    folder = tmp_path_factory.mktemp("shrunk")
    finished = subprocess.run(
        [COMMAND, "run", *SMALL], cwd=folder, check=False, capture_output=True, text=True
    )
    assert finished.returncode == 1
    assert [path.name for path in folder.iterdir()] == ["conformance-report"]
    return folder, finished.stdout


@pytest.fixture
def started_here(cli: Cli, shrunk_run: tuple[Path, str], tmp_path: Path) -> str:
    """The folder of the test is a copy of the one of the run; answers what the run printed."""
    folder, printed = shrunk_run
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return printed


def _typed(printed: str) -> list[str]:
    """The arguments of the replay command that was printed."""
    command = re.search(r"[Rr]eplay[^:]*: klarna-conformance (replay .*)", printed)
    return shlex.split(command[1])


def test_the_printed_replay_command_works_where_the_run_was_started(
    started_here: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    replayed = cli(*_typed(started_here))

    assert replayed.code == 1
    assert f"FAIL {RULE}\n  Two refunds of " in replayed.out
    assert "another target" not in replayed.out


def test_every_report_has_the_replay_command(started_here: str, cli: Cli, tmp_path: Path) -> None:
    cli("report", "--format", "json,junit,html,sarif,markdown")
    command = f"klarna-conformance replay conformance-report/{NAME}"
    folder = tmp_path / "conformance-report"
    run = json.loads((folder / "run.json").read_text())

    assert {each["replay"] for each in run["findings"] if each["verdict"] == "FAIL"} == {command}
    for name in ("junit.xml", "report.html", "report.sarif", "report.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert (name, command in text) == (name, True)
        assert (name, "folder where the run was started" in text) == (name, True)


def test_a_run_saves_the_shrunk_scenario_with_its_target(started_here: str, tmp_path: Path) -> None:
    saved = read_counterexample(tmp_path / "conformance-report" / NAME)

    script = (tmp_path / "conformance-report" / NAME).with_suffix(".sh").read_text()

    assert (saved.target, saved.mutant, saved.shrunk) == ("mock", "replay-booked-again", True)
    assert "klarna-conformance mock --mutant replay-booked-again" in script


@pytest.mark.parametrize("option", [("--no-shrink",), ("--max-requests", 30)])
def test_a_run_that_does_not_shrink_saves_the_scenario_as_it_was_seen(
    option: tuple[object, ...], cli: Cli, tmp_path: Path
) -> None:
    printed = cli("run", *SMALL, *option, "--output", "a folder/of mine")
    file = "a folder/of mine"
    saved = read_counterexample(tmp_path / file / NAME)

    assert (saved.target, saved.mutant, saved.shrunk) == ("mock", "replay-booked-again", False)
    assert _typed(printed.out) == ["replay", f"{file}/{NAME}"]


def test_a_report_of_an_interrupted_run_writes_the_missing_files(
    started_here: str, cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "conformance-report" / NAME
    saved = path.read_bytes()
    path.unlink()
    cli("report")

    assert path.read_bytes() == saved


def test_a_replay_on_another_target_says_so(started_here: str, cli: Cli) -> None:
    replayed = cli("replay", f"conformance-report/{NAME}", "--target", "mock")

    assert replayed.code == 0
    assert f"{RULE} is not violated in this replay." in replayed.out
    assert (
        "This is another target (mock) than the one it failed on (mock, mutant replay-booked-again)"
    ) in replayed.out


def test_a_replay_that_proves_nothing_is_not_green(
    started_here: str, cli: Cli, tmp_path: Path
) -> None:
    saved = read_counterexample(tmp_path / "conformance-report" / NAME)
    above = refund(6_500, order_lines=[goods(7_000), fee(500)])
    other = msgspec.structs.replace(
        saved, requirement=FEE, scenario=Scenario(plan=PART, steps=(above,))
    )
    replayed = cli("replay", other.save(tmp_path), "--target", "mock")

    assert replayed.code == 3
    assert f"{FEE} is not verified by this replay: no call breaks its rule alone." in replayed.out
    assert f"  klarna-conformance run mock --requirement {FEE}\n" in replayed.out
    assert "is violated" not in replayed.out


def test_a_replay_names_keys_and_prints_amounts_in_major_units(started_here: str, cli: Cli) -> None:
    replayed = cli("replay", f"conformance-report/{NAME}")
    whole = cli("replay", f"conformance-report/{NAME}", "-v")
    steps = [line for line in replayed.out.splitlines() if re.match(r" +\d\. ", line)]

    assert [re.sub(r"\d+\.\d\d [A-Z]{3}", "AMOUNT", line) for line in steps] == [
        "  1. refundOrder, refunded AMOUNT, key a -> 201",
        "  2. refundOrder, refunded AMOUNT, key a again -> 201",
    ]
    assert re.match(r"Order: \d+\.\d\d [A-Z]{3} in [A-Z]{2}, \w+, captured \d", replayed.out)
    assert "Klarna-Idempotency-Key: " not in replayed.out
    assert whole.out.count("Klarna-Idempotency-Key: ") == 2


def test_a_target_file_is_named_as_it_was_typed(
    cli: Cli, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    target_file()
    options = ("--requirement", "release.fully-captured-refused", "--market", "SE")
    cli("run", "target.yaml", *options, "--examples", 0, "--max-requests", 60)
    journal = (tmp_path / "conformance-report" / "journal.ndjson").read_text().splitlines()
    header = json.loads(journal[0])

    assert (header["output"], header["target"]["named"]) == ("conformance-report", "target.yaml")


def test_recommendation_of_a_strict_run_leaves_a_counterexample(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = "capture.replay-booked-once"
    ran = cli(
        *("run", "--requirement", named, "--market", "SE", "--examples", "0", "--strict"),
        *("--max-requests", "900", "--mutant", "keys-for-refunds-only"),
    )
    replayed = cli(*_typed(ran.out))

    assert (ran.code, replayed.code) == (1, 1)
    assert f"WARN {named}\n  Two captures of " in replayed.out
