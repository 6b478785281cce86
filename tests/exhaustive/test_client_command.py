"""`klarna-conformance client`: what is chosen, what is kept, and how it ends early."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from klarna_reports.record.journal import read_journal

from ..conformance.certify.processes import ODD, is_running
from ..conformance.conftest import COMMAND, Cli

REFERENCE = (sys.executable, "-m", "klarna_conformance.wrong.reference_adapter")
CALM = ("--faults", "none", "--examples", 0, "--operations", "refundOrder")
LOST = ("--faults", "lost", "--examples", 0, "--operations", "refundOrder", "--timeout", "200ms")


def wrong(identifier: str) -> tuple[str, ...]:
    return (*REFERENCE, "--client", identifier)


def record(folder: Path) -> Any:
    return read_journal(folder / "journal.ndjson")


def commands(folder: Path) -> list[Any]:
    """The commands of each scenario, with the faults that they met."""
    return [
        [episode.command for episode in played.client.episodes]
        for played in record(folder).played
        if played.client
    ]


def test_only_the_chosen_operations_get_commands(cli: Cli, tmp_path: Path) -> None:
    chosen = "extendDueDate,getOptionsForExtendDueDate"
    finished = cli("client", *CALM[:-1], chosen, "--output", tmp_path, "--quiet", "--", *REFERENCE)
    named = {command.operation for scenario in commands(tmp_path) for command in scenario}

    assert finished.code == 0
    assert named == set(chosen.split(","))
    assert finished.out.startswith("CONFORMANT All")
    assert "in the selected scope" in finished.out


def test_only_the_chosen_faults_are_injected(cli: Cli, tmp_path: Path) -> None:
    finished = cli("client", *LOST, "--output", tmp_path, "--quiet", "--", *REFERENCE)
    faults = {
        type(fault).__name__
        for scenario in commands(tmp_path)
        for command in scenario
        for fault in command.faults
    }

    assert (finished.code, faults) == (0, {"Cut"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--operations", "refundorder"), "no operation 'refundorder'; did you mean refundOrder?"),
        (("--operations", "captureOrder"), "there is no operation 'captureOrder'"),
        (("--operations", ""), "it names nothing"),
        (("--faults", "losst"), "there is no fault 'losst'; did you mean lost?"),
        (("--faults", " , "), "it names nothing"),
        (("--timeout", "0s"), "'0s' is no duration"),
        (("--examples", "-1"), "-1 is not in the range"),
        (("--max-time", "soon"), "'soon' is no duration"),
    ],
)
def test_wrong_options_are_reported(cli: Cli, options: tuple[str, ...], message: str) -> None:
    finished = cli("client", *options, "--", *REFERENCE)

    assert finished.code == 2
    assert message in finished.err
    assert "Traceback" not in finished.err


def test_a_missing_adapter_is_wrong_usage(cli: Cli) -> None:
    assert cli("client").code == 2


def test_a_seed_repeats_scenarios_and_verdicts(cli: Cli, tmp_path: Path) -> None:
    options = (*LOST[:3], 5, "--operations", "extendDueDate", *LOST[6:], "--quiet")

    def certified(seed: int, name: str) -> tuple[list[Any], dict[str, str]]:
        output = tmp_path / name
        cli("client", *options, "--seed", seed, "--output", output, "--", *REFERENCE)
        summary = json.loads((output / "run.json").read_text())
        binding = (r for r in summary["requirements"] if r["level"] == "MUST")
        return commands(output), {r["id"]: r["verdict"] for r in binding}

    once, again, other = certified(7, "a"), certified(7, "b"), certified(8, "c")
    assert once == again
    assert once[0] != other[0]
    assert once[1] == other[1]


def test_max_time_leaves_requirements_not_run(cli: Cli, tmp_path: Path) -> None:
    finished = cli("client", "--max-time", "500ms", "--output", tmp_path, "--", *REFERENCE)
    kept = record(tmp_path)
    summary = json.loads((tmp_path / "run.json").read_text())
    verdicts = {r["id"]: r["verdict"] for r in summary["requirements"]}

    assert finished.code == 3
    assert "the time is up" in finished.out
    assert len(kept.played) < kept.header.planned_scenarios
    assert verdicts["client.credentials-kept"] == verdicts["client.key-kept"] == "NOT_RUN"


def test_a_long_time_limit_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    finished = cli("client", *CALM, "--max-time", "10m", "--output", tmp_path, "--", *REFERENCE)

    assert finished.code == 0
    assert record(tmp_path).footer.stopped == ""


COUNTEREXAMPLE = "counterexamples/client.once.yaml"


@pytest.fixture
def counterexample(cli: Cli, tmp_path: Path) -> Path:
    """That of a client which takes a new key for every attempt."""
    adapter = wrong("client-new-key-each-attempt")
    assert cli("client", *LOST, "--output", tmp_path / "wrong", "--", *adapter).code == 1
    return tmp_path / "wrong" / COUNTEREXAMPLE


def test_a_counterexample_is_small_and_readable(counterexample: Path) -> None:
    saved = yaml.safe_load(counterexample.read_text())

    assert saved["requirement"] == "client.once"
    assert saved["told"].startswith(
        "One refund of 0.01 SEK, response lost after booking: the client sent "
    )
    assert saved["scenario"]["commands"] == [
        {
            "operation": "refundOrder",
            "arguments": {"refunded_amount": 1},
            "faults": [{"fault": "cut", "when": "after", "reset": False}],
        }
    ]


def test_a_replay_fails_until_the_client_is_fixed(
    cli: Cli, counterexample: Path, tmp_path: Path
) -> None:
    def replayed(*adapter: str) -> tuple[int, str, int]:
        output = tmp_path / "again"
        options = ("--replay", counterexample, "--timeout", "200ms", "--no-shrink")
        finished = cli("client", *options, "--output", output, "--", *adapter)
        assert not (output / "replay" / "certificate.html").exists()
        assert "Certificate:" not in finished.out
        summary = json.loads((output / "replay" / "run.json").read_text())
        (result,) = summary["requirements"]
        return finished.code, result["verdict"], len(commands(output / "replay"))

    assert replayed(*wrong("client-new-key-each-attempt")) == (1, "FAIL", 1)
    assert replayed(*REFERENCE) == (0, "PASS", 1)


def test_the_counterexample_of_a_reused_key_has_both_scenarios(cli: Cli, tmp_path: Path) -> None:
    adapter = wrong("client-one-key-for-everything")
    cli("client", *CALM, "--output", tmp_path, "--", *adapter)
    saved = tmp_path / "counterexamples" / "client.key-of-its-own.yaml"
    replayed = cli("client", "--replay", saved, "--output", tmp_path, "--", *adapter)

    assert len(yaml.safe_load(saved.read_text())["scenario"]["commands"]) == 2
    assert replayed.code == 1


def test_an_open_form_is_printed_and_does_not_stop_the_rest(cli: Cli, tmp_path: Path) -> None:
    adapter = wrong("client-nulls-for-none")
    finished = cli("client", *CALM, "--output", tmp_path, "--", *adapter)

    assert finished.code == 0
    assert "INFO client.well-formed: " in finished.out
    assert "it has 1.0 for 1, or null for no value" in " ".join(finished.out.split())


def test_an_unverified_counterexample_says_so(cli: Cli, tmp_path: Path) -> None:
    adapter = (sys.executable, ODD, "sends nothing after 60 commands")
    finished = cli("client", *CALM, "--output", tmp_path, "--", *adapter)

    assert finished.code == 1
    assert "It may need the commands before it" in " ".join(finished.out.split())


def test_an_operation_without_requests_is_a_finding(cli: Cli, tmp_path: Path) -> None:
    both = (*CALM[:-1], "refundOrder,releaseRemainingAuthorization")
    adapter = wrong("client-release-is-not-sent")
    finished = cli("client", *both, "--output", tmp_path, "--", *adapter)

    assert finished.code == 1
    assert "FAIL client.done-is-true" in finished.out


def _edited(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    saved = yaml.safe_load(path.read_text())
    edit(saved)
    path.write_text(yaml.safe_dump(saved))


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda loaded: loaded.pop("scenario"), "scenario"),
        (lambda loaded: loaded["scenario"].update(steps=[]), "'steps' is unknown"),
        (lambda loaded: loaded["scenario"]["commands"][0].update(faults=["lost"]), "faults"),
        (lambda loaded: loaded["scenario"]["commands"][0].update(order=3), "there is no order 3"),
        (
            lambda loaded: loaded["scenario"]["commands"][0].update(capture=3),
            "order 0 has no capture 3",
        ),
        (lambda loaded: loaded["scenario"]["commands"][0].update(operation="refund"), "'refund'"),
        (lambda loaded: loaded["scenario"]["orders"][0].update(market="XX"), "no market 'XX'"),
        (
            lambda loaded: loaded["scenario"]["orders"][0].update(captures=[20_000]),
            "exceed the order",
        ),
        (lambda loaded: loaded.update(requirement="client.twice"), "no requirement 'client.twice'"),
        (lambda loaded: loaded["scenario"].update(commands=[]), "there is no command"),
    ],
)
def test_an_invalid_counterexample_is_reported(
    cli: Cli, tmp_path: Path, edit: Callable[[dict[str, Any]], object], problem: str
) -> None:
    path = tmp_path / "saved.yaml"
    path.write_text(SAVED)
    _edited(path, edit)
    finished = cli("client", "--replay", path, "--", *REFERENCE)

    assert finished.code == 2
    assert "saved.yaml" in finished.err
    assert problem in finished.err
    assert "Traceback" not in finished.err


SAVED = """
requirement: client.once
statement: Once.
told: one refund of 1
expected: once
scenario:
  orders:
  - {market: SE, currency: SEK, order_amount: 10000, captures: [10000]}
  commands:
  - {operation: refundOrder, arguments: {refunded_amount: 1}}
"""


@pytest.mark.parametrize(
    "content", [b"\xff", b"- [", b"{}", b""], ids=["no text", "no YAML", "empty", "nothing"]
)
def test_a_file_without_a_counterexample_is_reported(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "saved.yaml"
    path.write_bytes(content)
    finished = cli("client", "--replay", path, "--", *REFERENCE)

    assert finished.code == 2
    assert "saved.yaml" in finished.err
    assert "Traceback" not in finished.err


def test_a_saved_scenario_is_replayed(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "saved.yaml"
    path.write_text(SAVED)
    cli("client", "--replay", path, "--output", tmp_path, "--", *REFERENCE)

    ((command,),) = commands(tmp_path / "replay")
    assert command.arguments == {"refunded_amount": 1}


def test_a_folder_that_cannot_be_written_is_reported(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finished = cli("client", *CALM, "--output", tmp_path / "file" / "x", "--", *REFERENCE)

    assert finished.code == 2
    assert "choose another --output" in finished.err


@pytest.fixture
def interrupted(
    environment: Mapping[str, str], tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Starts a certification, interrupts it when so much stands in its journal, and waits."""
    started: list[subprocess.Popen[str]] = []

    def start(adapter: tuple[object, ...], *options: object, when: Callable[[], bool]) -> Any:
        command = [COMMAND, "client", *options, "--output", tmp_path, "--", *adapter]
        process = subprocess.Popen(
            [*map(str, command)],
            env={**environment, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        until = time.monotonic() + 60
        while not when() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
        return process.returncode, out, err

    yield start
    for process in started:
        process.kill()
        process.wait()


def _lines(folder: Path) -> int:
    path = folder / "journal.ndjson"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_an_interrupted_certification_keeps_its_results(
    interrupted: Callable[..., Any], tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    adapter = (sys.executable, ODD, "writes its process id", pids)
    code, out, err = interrupted(adapter, when=lambda: _lines(tmp_path) > 5)

    assert code == 3
    assert "NOT FULLY VERIFIED" in out
    assert "Traceback" not in err
    assert len(record(tmp_path).played) >= 5
    assert (tmp_path / "certificate.html").exists()
    assert [pid for pid in pids.read_text().split() if is_running(pid)] == []


def test_an_interruption_while_shrinking_keeps_the_verdict(
    interrupted: Callable[..., Any], tmp_path: Path
) -> None:
    def shrinking() -> bool:
        path = tmp_path / "journal.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        whole = bool(lines) and json.loads(lines[0])["planned_scenarios"]
        return bool(whole) and f'"id":"s{whole:04}"' in "".join(lines)

    options = ("--faults", "timeout-after", "--examples", 0, "--timeout", "500ms")
    code, out, err = interrupted(wrong("client-new-key-each-attempt"), *options, when=shrinking)

    assert code == 1
    assert "FAIL client.once" in out
    assert "Traceback" not in err


def test_an_interruption_before_the_first_command_is_reported(
    interrupted: Callable[..., Any], tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    script = f"open({str(pids)!r}, 'w').close(); import time; time.sleep(600)"
    code, out, err = interrupted((sys.executable, "-c", script), when=pids.exists)

    assert (code, out) == (3, "")
    assert "Interrupted before anything was judged" in err


def test_an_interruption_at_the_start_does_not_report_an_old_record(
    cli: Cli, interrupted: Callable[..., Any], tmp_path: Path
) -> None:
    assert cli("client", *CALM, "--output", tmp_path, "--", *REFERENCE).code == 0
    script = f"open({str(tmp_path / 'on')!r}, 'w').close(); import time; time.sleep(600)"
    code, out, _ = interrupted((sys.executable, "-c", script), when=(tmp_path / "on").exists)

    assert (code, out) == (3, "")
