"""Several targets get one plan, and a page that shows where they differ."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.run.several import worst
from klarna_reports.record.journal import read_journal

from ..conformance.conftest import COMMAND, Cli, Serve, Served

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)


@pytest.fixture(scope="module")
def variant(serve_mock: Serve) -> Served:
    """A mock that refuses with 409 what others refuse with 403; that is a recommendation."""
    return serve_mock("--mutant", "cancel-refused-409")


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def _differing(comparison: Any, *kinds: str) -> list[tuple[str, str]]:
    found = [(row["id"], row["difference"]) for row in comparison["rows"] if row["difference"]]
    return [(name, each["sentence"]) for name, each in found if not kinds or each["kind"] in kinds]


def test_each_target_has_a_folder_and_all_get_one_plan(
    served: Served, variant: Served, cli: Cli, tmp_path: Path
) -> None:
    finished = cli("run", "mock", served.base_url, variant.base_url, *SMALL, "--output", tmp_path)
    folders = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    comparison = _json(tmp_path / "comparison.json")
    plans = [read_journal(tmp_path / name / "journal.ndjson").plan for name in folders]

    assert finished.code == 0
    assert folders == sorted(column["name"] for column in comparison["targets"])
    assert plans == [plans[0]] * 3
    assert comparison["partly"] == 0
    names = [column["name"] for column in comparison["targets"]]
    answers = ("403 CANCEL_NOT_ALLOWED", "403 CANCEL_NOT_ALLOWED", "409 CONFLICT")
    sentence = "; ".join(f"{name}: {answer}" for name, answer in zip(names, answers, strict=True))
    assert sentence in dict(_differing(comparison)).values()


def test_compare_shows_from_records_what_the_run_showed(
    served: Served, variant: Served, cli: Cli, tmp_path: Path
) -> None:
    cli("run", served.base_url, variant.base_url, *SMALL, "--output", tmp_path)
    folders = [path.parent for path in sorted(tmp_path.glob("*/run.json"))]
    printed = cli("compare", *folders, "--format", "json")
    written = cli("compare", *folders, "--output", tmp_path / "c", "--format", "html,markdown")

    shown, ran = json.loads(printed.out), _json(tmp_path / "comparison.json")
    assert (printed.code, written.code) == (0, 0)
    assert [row["id"] for row in shown["rows"] if row["difference"]] == [
        row["id"] for row in ran["rows"] if row["difference"]
    ]
    page = (tmp_path / "c" / "index.html").read_text()
    assert f'href="../{folders[0].name}/report.html#r-cancel.accepted"' in page
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "comparison.md",
        "index.html",
    ]


def test_a_must_that_differs_is_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    few = (*SMALL, "--no-shrink", "--requirement", "cancel.answers")
    cli("run", *few, "--output", tmp_path / "a")
    cli("run", *few, "--mutant", "cancel-answered-302", "--output", tmp_path / "b")
    finished = cli("compare", tmp_path / "a", tmp_path / "b", "--quiet")

    assert finished.code == 1
    assert "1 MUST differs" in finished.out


def test_a_difference_in_what_was_booked_is_said_in_amounts(cli: Cli, tmp_path: Path) -> None:
    few = ("--requirement", "refund.replay-booked-once", "--max-requests", 60, "--no-shrink")
    cli("run", *few, "--output", tmp_path / "a")
    cli("run", *few, "--mutant", "replay-booked-again", "--output", tmp_path / "b")
    (difference,) = (
        line
        for line in cli("compare", tmp_path / "a", tmp_path / "b").out.splitlines()
        if line.startswith("  mock: does not deviate; ")
    )

    assert "Two refunds of 10.00 EUR under one idempotency key" in difference
    assert "20.00 EUR refunded, 10.00 EUR expected" in difference


def test_an_unreachable_target_does_not_end_the_others(cli: Cli, tmp_path: Path) -> None:
    finished = cli("run", "mock", "http://127.0.0.1:9", *SMALL, "--output", tmp_path)
    comparison = _json(tmp_path / "comparison.json")

    assert finished.code == 4
    assert [column["verdict"] for column in comparison["targets"]] == ["CONFORMANT", None]
    assert "cannot be reached" in comparison["caveats"][0]


def test_targets_of_other_profiles_are_judged_by_their_own(
    serve_mock: Serve, target_file: Callable[..., Path], cli: Cli, tmp_path: Path
) -> None:
    target = target_file(serve_mock("--profile", "kustom").base_url, profile="kustom")
    options = ("--operation", "cancelOrder,extendDueDate", *SMALL[2:], "--no-shrink")
    finished = cli("run", "mock", target, *options, "--output", tmp_path / "run")
    comparison = _json(tmp_path / "run" / "comparison.json")
    verdicts = {row["id"]: [c["verdict"] for c in row["cells"]] for row in comparison["rows"]}

    assert finished.code == 0
    assert [each["profile"] for each in comparison["targets"]] == ["klarna", "kustom"]
    assert any("different profiles" in caveat for caveat in comparison["caveats"])
    assert verdicts["extension.accepted"] == ["PASS", "NOT_APPLICABLE"]
    assert verdicts["cancel.accepted"] == ["PASS", "PASS"]
    assert comparison["shared"] > 0
    assert _differing(comparison, "verdict", "answer") == []
    folders = [path.parent for path in sorted((tmp_path / "run").glob("*/run.json"))]
    assert cli("compare", *folders, "--quiet").code == 0


def test_resuming_completes_what_each_target_lacks(
    served: Served, cli: Cli, tmp_path: Path
) -> None:
    options = ("run", "mock", served.base_url, *SMALL, "--output", tmp_path)
    cli(*options)
    journal = next(path for path in tmp_path.glob("*/journal.ndjson") if "mock" not in str(path))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    whole = read_journal(tmp_path / "mock" / "journal.ndjson")
    resumed = cli(*options, "--resume")
    comparison = _json(tmp_path / "comparison.json")

    assert resumed.code == 0
    assert "was complete" in resumed.err
    assert [column["stopped"] for column in comparison["targets"]] == ["", ""]
    assert (comparison["shared"], comparison["partly"]) == (len(whole.played), 0)


def test_an_interruption_leaves_a_report_of_each_target(
    serve_mock: Serve, tmp_path: Path, environment: dict[str, str]
) -> None:
    slow = [serve_mock("--latency", "400").base_url for _ in range(2)]
    options = (*map(str, SMALL), "--output", tmp_path)
    process = subprocess.Popen([COMMAND, "run", *slow, *options], env=environment)
    journals = []
    while process.poll() is None and len(journals) < 2:
        time.sleep(0.05)
        journals = [
            path for path in tmp_path.glob("*/journal.ndjson") if path.read_bytes().count(b"\n") > 9
        ]
    process.send_signal(signal.SIGINT)

    assert process.wait(120) == 3
    for path in tmp_path.glob("*/run.json"):
        assert _json(path)["stopped"] == "interrupted"
    assert len([*tmp_path.glob("*/report.html")]) == 2
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "mock", "mock", "--previous", "x"), "for one target"),
        (("run", "mock", "absent.yaml"), "absent.yaml"),
        (("compare", "absent"), "two runs or more"),
        (("compare", "absent", "other"), "cannot be read"),
        (("compare", "a", "b", "--format", "pdf"), "there is no format 'pdf'"),
        (("compare", "a", "b", "--format", "json,html"), "--output DIR writes several"),
    ],
)
def test_wrong_input_is_exit_code_2(arguments: tuple[str, ...], message: str, cli: Cli) -> None:
    finished = cli(*arguments)
    assert (finished.code, message in finished.err) == (2, True)


def test_the_worst_exit_code_counts() -> None:
    assert [worst(codes) for codes in ((0, 3), (3, 4), (4, 1), (1, 5), (0, 0))] == [3, 4, 1, 5, 0]
