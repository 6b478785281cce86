"""Runs against a mock over HTTP."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from klarna_conformance.wrong.examples.orders import FULL
from klarna_specs.scenario import Key, Scenario, Wait
from klarna_strategies.steps import refund
from klarna_strategies.tables.races import races
from klarna_strategies.tables.stage import Stage

from .conftest import COMMAND, Cli, Serve, Served
from .hostile import HostileServer
from .mutant_servers import spec
from .runs import run_on

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)


def test_concurrent_calls_over_http_are_explained(served: Served, tmp_path: Path) -> None:
    summary = run_on(served.base_url, tmp_path, 3 * tuple(races(Stage(spec()))))

    assert summary.findings == ()


def test_advancing_the_clock_does_not_expire_keys_of_other_scenarios(
    serve_mock: Serve, tmp_path: Path
) -> None:
    """All concurrent scenarios share the clock of the target."""
    keyed = refund(100, key=Key("first"))
    repeating = Scenario(plan=FULL, steps=(keyed,) * 12)
    waiting = Scenario(plan=FULL, steps=(keyed, Wait(90_000), keyed))
    summary = run_on(serve_mock().base_url, tmp_path, [repeating, waiting] * 6)

    assert summary.findings == ()


def test_doctor_reports_no_problem_of_a_served_mock(served: Served, cli: Cli) -> None:
    finished = cli("doctor", served.base_url)

    assert (finished.code, finished.out.splitlines()[-1]) == (0, "No problems found.")


def test_doctor_names_what_failed_although_a_run_is_possible(serve_mock: Serve, cli: Cli) -> None:
    mock = serve_mock("--mutant", "extension-answered-302")
    finished = cli("doctor", mock.base_url)

    assert (finished.code, finished.out.splitlines()[-1]) == (
        0,
        "A run is possible, but something failed: paths.",
    )


def test_a_served_mock_is_conformant_and_no_file_has_credentials(
    serve_mock: Serve, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    username, password = "merchant-7f3a9c", "Tr0ub4dor&3/+ä=secret"
    mock = serve_mock("--username", username, "--password", password)
    monkeypatch.setenv("KLARNA_USERNAME", username)
    monkeypatch.setenv("KLARNA_PASSWORD", password)
    output = tmp_path / "report"
    finished = cli("run", mock.base_url, *SMALL, "--output", output)
    written = b"".join(path.read_bytes() for path in output.rglob("*") if path.is_file())
    secrets = (username, password, "7f3a9c", "Tr0ub4dor", "bWVyY2hhbnQtN2YzYTlj")

    assert (finished.code, [s for s in secrets if s.encode() in written]) == (0, [])


def test_an_interrupted_run_keeps_its_results(
    serve_mock: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    mock = serve_mock("--latency", "20")
    process = _start_run(mock.base_url, environment, tmp_path)
    while process.poll() is None and len(mock.client.get("/_control/exchanges").json()) < 40:
        pass  # each request takes as long as the latency
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    summary = json.loads((tmp_path / "run.json").read_text())

    assert (
        process.returncode,
        summary["verdict"],
        summary["stopped"],
        summary["scenarios"] > 2,
        "Traceback" in out + err,
    ) == (3, "NOT FULLY VERIFIED", "interrupted", True, False)


def test_a_run_interrupted_at_its_start_is_not_fully_verified(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = HostileServer("silent", orders=False)
    process = _start_run(server.base_url, environment, tmp_path)
    requested = server.requested.wait(600)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    server.close()

    assert (requested, process.returncode, "Traceback" in out + err) == (True, 3, False)


def _start_run(base_url: str, environment: dict[str, str], output: Path) -> "subprocess.Popen[str]":
    options = ("--market", "SE", "--examples", "0", "--output", str(output))
    return subprocess.Popen(
        [COMMAND, "run", base_url, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
