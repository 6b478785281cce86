"""Runs into the same folder: compared, counted, resumed; a start that fails keeps the last one."""

import json
import re
import shlex
import webbrowser
from pathlib import Path

import pytest

from klarna_reports.summary.history import parsed_history

from .conftest import FEW, Cli

WRONG = ("--mutant", "release-of-captured-orders", "--no-shrink")


def test_a_run_is_compared_with_the_last_one_in_its_folder(cli: Cli, tmp_path: Path) -> None:
    first = cli("run", *FEW, *WRONG)
    second = cli("run", *FEW)
    elsewhere = cli("run", *FEW, *WRONG, "--previous", "conformance-report", "--output", "other")
    history = parsed_history((tmp_path / "conformance-report" / "history.ndjson").read_text())

    assert " fixed, " not in first.out
    since = r"^1 fixed, 0 broken since \d+ \w{3} \d{4}, \d\d:\d\d UTC\.$"
    assert re.search(since, second.out, re.MULTILINE)
    assert re.search(r"^0 fixed, 1 broken since ", elsewhere.out, re.MULTILINE)
    assert "What changed since" in (tmp_path / "other" / "report.html").read_text("utf-8")
    assert [(run.verdict, run.exit_code, run.met, run.total, run.failed) for run in history] in (
        [("CONFORMANT", 0, 1, 1, ())],  # both started within one second
        [
            ("NONCONFORMANT", 1, 0, 1, ("release.fully-captured-refused",)),
            ("CONFORMANT", 0, 1, 1, ()),
        ],
    )


def test_a_recommendation_of_the_same_cause_is_marked_and_its_change_counted(cli: Cli) -> None:
    names = "refund.replay-booked-once,capture.replay-booked-once"
    scope = ("--requirement", names, "--examples", 0, "--no-shrink")
    wrong = cli("run", *scope, "--mutant", "replay-booked-again")
    right = cli("run", *scope)

    assert "Probably for the same cause: capture.replay-booked-once (WARN)" in wrong.out
    assert "1 fixed, 0 broken, 1 changed since " in right.out


def test_an_earlier_run_that_does_not_exist_is_reported(cli: Cli) -> None:
    finished = cli("run", *FEW, "--previous", "nowhere")

    assert (finished.code, "nowhere" in finished.err) == (2, True)


def test_a_run_without_budget_left_prints_the_command_that_completes_it(
    cli: Cli, tmp_path: Path
) -> None:
    cut = cli("run", *FEW, *WRONG[:2], "--output", "a folder")
    command = re.search(r"^  klarna-conformance (run .*)$", cut.out, re.MULTILINE)
    typed = shlex.split(command[1])
    resumed = cli(*typed)
    summary = json.loads((tmp_path / "a folder" / "run.json").read_text())

    assert "The run ended early: the budget of requests is used up. To complete it:" in cut.out
    assert "The run is incomplete: the budget of requests is used up." in cut.out
    assert ("--max-requests" in typed, typed[-1]) == (False, "--resume")
    assert (cut.code, resumed.code, "ended early" in resumed.out) == (1, 1, False)
    assert (summary["stopped"], summary["resume"]) == ("", "")


def test_resuming_without_an_interrupted_run_says_so(cli: Cli) -> None:
    new = cli("run", *FEW, "--resume")
    complete = cli("run", *FEW, "--resume")

    assert (new.code, complete.code) == (0, 0)
    assert "There was nothing to resume in conformance-report: this is a new run." in new.err
    assert "was complete: nothing was left to send" in complete.err


def test_a_report_names_the_files_that_it_wrote(cli: Cli, tmp_path: Path) -> None:
    cli("run", *FEW)
    written = cli("report", "--format", "sarif,badge", "--output", "other")
    (tmp_path / "file").write_text("")
    unwritable = cli("report", "--output", "file/below")

    assert written.out.splitlines()[-2:] == [
        "Written: other/report.sarif",
        "Written: other/badge.svg",
    ]
    assert (unwritable.code, "cannot write to file/below" in unwritable.err) == (2, True)


@pytest.mark.parametrize(("opens", "printed"), [(True, ""), (False, "report.html")])
def test_show_opens_the_report_or_prints_its_path(
    opens: bool, printed: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def pretend(url: str) -> bool:
        opened.append(url)
        return opens

    monkeypatch.setattr(webbrowser, "open", pretend)
    missing = cli("show")
    (tmp_path / "conformance-report").mkdir()
    (tmp_path / "conformance-report" / "report.html").write_text("")
    shown = cli("show")

    assert (missing.code, "conformance-report/report.html" in missing.err) == (2, True)
    assert (shown.code, printed in shown.out, bool(shown.out)) == (0, True, not opens)
    assert opened == [(tmp_path / "conformance-report" / "report.html").as_uri()]


def test_a_new_folder_ignores_itself_in_git_and_another_folder_does_not(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("")
    cli("run", *FEW, "--output", "new")
    cli("run", *FEW, "--output", "mine")

    assert (tmp_path / "new" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "mine" / ".gitignore").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "new"]
