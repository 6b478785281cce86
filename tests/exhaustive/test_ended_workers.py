"""A run of several processes that is interrupted or killed ends them all, and can be resumed."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from klarna_reports.record.journal import read_journal

from ..conformance.certify.processes import is_running
from ..conformance.conftest import COMMAND


def _children(pid: int) -> set[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return set(map(int, found.stdout.split()))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_an_ended_run_and_the_record_can_be_resumed(
    sent: signal.Signals, environment: dict[str, str], tmp_path: Path
) -> None:
    command = [str(COMMAND), "run", "--workers", "2", "--quiet", "--output", str(tmp_path)]
    running = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / "journal.ndjson"
    until = time.monotonic() + 120
    while (not journal.exists() or journal.read_bytes().count(b"\n") < 60) and (
        time.monotonic() < until
    ):
        time.sleep(0.05)
    children = _children(running.pid)
    running.send_signal(sent)
    _, err = running.communicate(timeout=600)
    while any(map(is_running, children)) and time.monotonic() < until:
        time.sleep(0.05)

    assert len(children) >= 2
    assert not any(map(is_running, children))
    assert (running.returncode, "Traceback" in err) == (3 if sent == signal.SIGINT else -9, False)
    before = len(read_journal(journal).played)
    subprocess.run([*command, "--resume"], env=environment, check=True, stdout=subprocess.DEVNULL)
    whole = read_journal(journal)
    assert len({each.id for each in whole.played}) == len(whole.played) > before
    assert json.loads((tmp_path / "run.json").read_text())["verdict"] == "CONFORMANT"
