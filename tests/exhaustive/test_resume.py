"""A run that is killed at any moment resumes, and ends with what an uninterrupted one shows."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.play.request_builder import MALFORMED_ID, NOWHERE_ID
from klarna_reports.record.journal import read_journal
from klarna_reports.record.record import Played
from klarna_specs.scenario import Together

from ..conformance.conftest import COMMAND, Cli, Serve, Served

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", "0")
KILLS = 6


def _command(base_url: str, output: Path, *options: str) -> list[str]:
    return [str(COMMAND), "run", base_url, *SMALL, "--output", str(output), "--quiet", *options]


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _killed_after(command: list[str], journal: Path, lines: int, env: dict[str, str]) -> bool:
    """Starts a run and kills it once its journal has so many lines; False where it ended first."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while process.poll() is None and _lines(journal) < lines and time.monotonic() < until:
        os.sched_yield()
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _results(run: Path) -> dict[str, Any]:
    """What a run came to, without ids and times.

    Of calls at the same time, which of them comes first is the network's choice: there, only what
    was violated is compared.
    """
    summary = json.loads((run / "run.json").read_text())
    return {
        "verdict": summary["verdict"],
        "requirements": [(each["id"], each["verdict"]) for each in summary["requirements"]],
        "scenarios": {
            each.id: [
                (found.requirement, found.verdict)
                for found in each.findings
                if found.verdict == "FAIL" or not _races(each)
            ]
            for each in read_journal(run / "journal.ndjson").played
        },
    }


def _races(played: Played) -> bool:
    return any(isinstance(step, Together) for step in played.scenario.steps)


def test_a_run_that_is_killed_and_resumed_has_the_same_result(
    serve_mock: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    mock = serve_mock("--latency", "3")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run(_command(mock.base_url, whole), env=environment, check=True, timeout=600)
    mock.client.post("/_control/reset")
    journal = cut / "journal.ndjson"
    total = _lines(whole / "journal.ndjson")
    moments = sorted(random.Random(4).choices(range(1, total), k=KILLS))
    killed = [
        _killed_after(_command(mock.base_url, cut, "--resume"), journal, lines, environment)
        for lines in moments
    ]
    subprocess.run(
        _command(mock.base_url, cut, "--resume"), env=environment, check=True, timeout=600
    )

    assert sum(killed) >= KILLS // 2
    assert _results(cut) == _results(whole)
    assert _sent_more_often_than_recorded(mock, journal) == {}


def _sent_more_often_than_recorded(mock: Served, journal: Path) -> dict[str, int]:
    """Orders of judged scenarios that were called more often than the journal says."""
    recorded: Counter[str] = Counter()
    for line in map(json.loads, journal.read_text().splitlines()):
        for exchange in line.get("exchanges", ()):
            recorded[exchange["request"]["path"].split("/")[4]] += 1
    sent: Counter[str] = Counter(
        each["request"]["path"].split("/")[4]
        for each in mock.client.get("/_control/exchanges").json()
    )
    return {
        order: count
        for order, count in sent.items()
        if order in recorded and count > recorded[order] and order not in (NOWHERE_ID, MALFORMED_ID)
    }


def test_resuming_a_finished_run_sends_nothing(cli: Cli, served: Served, tmp_path: Path) -> None:
    first = cli("run", served.base_url, *SMALL, "--output", tmp_path)
    sent = len(served.client.get("/_control/exchanges").json())
    again = cli("run", served.base_url, *SMALL, "--output", tmp_path, "--resume")
    preflight = 1

    assert (first.code, again.code) == (0, 0)
    assert len(served.client.get("/_control/exchanges").json()) <= sent + preflight


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "5"), "the seed was"),
        (("--strict",), "--strict was"),
        (("--market", "DE"), "the scope was"),
    ],
)
def test_a_run_with_other_options_cannot_be_resumed(
    options: tuple[str, ...], message: str, cli: Cli, tmp_path: Path
) -> None:
    cli("run", *SMALL, "--max-requests", 20, "--output", tmp_path)
    finished = cli("run", *SMALL, *options, "--output", tmp_path, "--resume")

    assert (finished.code, message in finished.err) == (2, True)


def test_a_full_disk_stops_the_run_and_keeps_its_results(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The kernel refuses to let a file grow beyond 400 kB, as it does on a disk that is full."""
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        f"sys.argv = ['klarna-conformance', 'run', '--output', {str(tmp_path)!r}]\n"
        "from klarna_conformance.cli.main import main\n"
        "main()\n"
    )
    python = COMMAND.with_name("python")
    finished = subprocess.run(
        [python, "-c", script], env=environment, capture_output=True, text=True, timeout=600
    )

    assert (finished.returncode, "Traceback" in finished.stderr) == (3, False)
    assert "cannot write to" in finished.stderr
    assert _lines(tmp_path / "journal.ndjson") >= 1
