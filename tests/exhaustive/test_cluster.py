"""Runs, certifications and mutants on a Dask cluster, some of whose processes are killed."""

import json
import signal
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.executors.workers import LostCallError, Workers
from klarna_reports.record.journal import read_journal

from ..conformance.conftest import AUTH, COMMAND, Cli, Served
from ..conformance.runs import findings_in

dask: Any = import_module("distributed")
DASK = Path(sysconfig.get_path("scripts")) / "dask"
SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)
REFERENCE = (sys.executable, "-m", "klarna_conformance.wrong.reference_adapter")
LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")
_ENDS_S = 120


def _until(happens: Callable[[], object]) -> None:
    until = time.monotonic() + _ENDS_S
    while not happens() and time.monotonic() < until:
        time.sleep(0.05)


@dataclass
class Cluster:
    """A scheduler and three workers, each a process; another worker replaces a killed one."""

    folder: Path
    environment: dict[str, str]
    client: Any = None
    address: str = ""
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, Any])

    def start(self) -> None:
        described = self.folder / "scheduler.json"
        options = ("--port", "0", "--scheduler-file", described, "--no-show")
        self._scheduler = self._process("scheduler", *options)
        _until(described.exists)
        self.address = json.loads(described.read_text())["address"].removeprefix("tcp://")
        self.client = dask.Client(self.address, set_as_default=False, timeout=_ENDS_S)
        self.complete()

    def complete(self) -> None:
        """Starts workers until there are three."""
        self.workers = {name: each for name, each in self.workers.items() if each.poll() is None}
        while len(self.workers) < 3:
            name = f"worker-{uuid.uuid4()}"
            options = ("--name", name, "--nthreads", "1", "--no-nanny")
            self.workers[name] = self._process(
                "worker", self.address, *options, "--local-directory", self.folder
            )
        _until(lambda: set(self._names().values()) == set(self.workers))

    def kill_one_that_works(self) -> None:
        """Kills a worker in the middle of a call: stopped, it has sent no result of it."""
        until = time.monotonic() + _ENDS_S
        while time.monotonic() < until:
            for address in self._busy():
                process = self.workers[self._names()[address]]
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.2)  # what it sent before arrives
                if address in self._busy():
                    process.kill()
                    process.wait(_ENDS_S)
                    return
                process.send_signal(signal.SIGCONT)

    def _busy(self) -> list[str]:
        return [address for address, keys in self.client.processing().items() if keys]

    def is_idle(self) -> bool:
        return not any(self.client.processing().values())

    def close(self) -> None:
        self.client.close()
        for process in (*self.workers.values(), self._scheduler):
            process.terminate()
            process.wait(_ENDS_S)

    def _names(self) -> dict[str, str]:
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return {address: str(each["id"]) for address, each in workers.items()}

    def _process(self, *command: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(
                [DASK, *command, *LOOPBACK], stdout=log, stderr=log, env=self.environment
            )


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    username, password = AUTH
    credentials = {"SANDBOX_USER": username, "SANDBOX_PASSWORD": password}
    cluster = Cluster(folder, {**environment, **credentials, "PYTHONPATH": str(folder)})
    cluster.start()
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(started: Cluster) -> Cluster:
    started.complete()
    return started


def _on(cluster: Cluster) -> tuple[str, str]:
    return ("--workers", f"dask://{cluster.address}")


KILLED_THE_FIRST_TIME = """
import os, signal

def killed_the_first_time(call):
    with call.state.open("a") as calls:
        calls.write("called\\n")
    times = len(call.state.read_text().splitlines())
    if times == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return times
"""


def test_a_lost_call_is_repeated_only_if_it_may_be(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cluster.folder / "calls.py").write_text(KILLED_THE_FIRST_TIME)
    monkeypatch.syspath_prepend(cluster.folder)
    function = import_module("calls").killed_the_first_time
    once, twice = tmp_path / "once", tmp_path / "twice"
    workers = Workers(scheduler=cluster.address)
    with workers.open(once, repeatable=False) as executor, pytest.raises(LostCallError):
        executor.submit(function).result(_ENDS_S)
    with workers.open(twice, repeatable=True) as executor:
        assert executor.submit(function).result(_ENDS_S) == 2

    assert (once.read_text(), twice.read_text()) == ("called\n", "called\n" * 2)


def test_a_run_on_a_cluster_finds_what_one_process_finds(
    cluster: Cluster, cli: Cli, tmp_path: Path
) -> None:
    mutant = ("--mutant", "cancel-answered-302", *SMALL)
    here = cli("run", *mutant, "--workers", 1, "--output", tmp_path / "here")
    there = cli("run", *mutant, *_on(cluster), "--output", tmp_path / "there")

    assert there.code == here.code == 1
    assert findings_in(tmp_path / "there") == findings_in(tmp_path / "here")


def _running(*command: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _begun(folder: Path) -> None:
    journal = folder / "journal.ndjson"
    _until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 20)


def test_a_run_on_the_mock_is_whole_although_a_worker_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    running = _running("run", *_on(cluster), "--quiet", "--output", tmp_path)
    _begun(tmp_path)
    cluster.kill_one_that_works()
    running.communicate(timeout=_ENDS_S)

    record = read_journal(tmp_path / "journal.ndjson")
    assert running.returncode == 0
    assert sorted(each.id for each in record.played) == sorted({e.id for e in record.played})
    assert json.loads((tmp_path / "run.json").read_text())["verdict"] == "CONFORMANT"


def test_what_a_killed_worker_sent_to_a_server_is_not_retried(
    cluster: Cluster, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = target_file(limits={"rate": "60/s", "concurrency": 6})
    output = tmp_path / "report"
    options = ("--operation", "cancelOrder", "--examples", 0, "--output", output)
    running = _running("run", file, *_on(cluster), *options)
    _begun(output)
    cluster.kill_one_that_works()
    out, _ = running.communicate(timeout=_ENDS_S)

    record = read_journal(output / "journal.ndjson")
    lost = [
        each for each in record.played if each.unavailable and "lost" in each.unavailable.reason
    ]
    assert running.returncode in (0, 3)
    assert 0 < len(lost) <= 4
    assert not any(each.exchanges for each in lost)
    assert f"of {lost[0].id}): the process that sent this scenario was lost" in " ".join(
        out.split()
    )
    numbers = [each.id for each in record.played if each.id.startswith("s")]
    assert len(numbers) == len(set(numbers)) == record.header.planned_scenarios


def test_ctrl_c_ends_the_work_of_the_whole_cluster(
    cluster: Cluster, served: Served, tmp_path: Path
) -> None:
    options = ("--rate", "30/s", "--quiet", "--output", tmp_path)
    running = _running("run", served.base_url, *_on(cluster), *options)
    _begun(tmp_path)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=_ENDS_S)
    _until(cluster.is_idle)

    assert (running.returncode, "Traceback" in err) == (3, False)
    assert cluster.is_idle()
    assert len(cluster.workers) == 3


def test_a_client_and_mutants_are_tested_on_a_cluster(
    cluster: Cluster, cli: Cli, tmp_path: Path
) -> None:
    lost = ("--faults", "lost", "--operations", "refundOrder", "--examples", 0, "--timeout", "1s")
    certified = cli("client", *lost, *_on(cluster), "--output", tmp_path, "--", *REFERENCE)
    clients = ("--clients", "--mutant", "client-error-code-lost", "--examples", 0)
    servers = ("--mutant", "cancel-answered-302", "--max-requests", 300)

    assert certified.code == 0
    assert cli("mutants", *clients, *_on(cluster)).code == 0
    assert cli("mutants", *servers, *_on(cluster)).code == 0


def test_a_worker_without_the_credentials_is_reported(
    cluster: Cluster,
    target_file: Callable[..., Path],
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONLY_HERE", AUTH[0])
    file = target_file(credentials={"username": "${ONLY_HERE}", "password": "${SANDBOX_PASSWORD}"})
    finished = cli("run", file, *SMALL, *_on(cluster), "--output", tmp_path / "report")

    assert finished.code == 4
    assert "a worker cannot open the target" in finished.err
    assert "ONLY_HERE" in finished.err


@pytest.mark.parametrize(
    "command",
    [("run", *SMALL), ("run", "mock", "mock", *SMALL), ("client", "--", *REFERENCE)],
    ids=["run", "targets", "client"],
)
def test_a_silent_scheduler_is_reported_and_the_last_report_kept(
    command: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    first, *others = command
    report = tmp_path / "report" / "report.html"
    report.parent.mkdir()
    report.write_text("the last one", encoding="utf-8")
    where = ("--workers", "dask://127.0.0.1:9", "--output", report.parent)
    finished = cli(first, *where, *others)

    assert finished.code == 4
    assert "the Dask scheduler at 127.0.0.1:9 does not respond" in finished.err
    assert "Stopped" not in finished.err
    assert report.read_text(encoding="utf-8") == "the last one"
