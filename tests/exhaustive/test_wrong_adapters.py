"""A wrong adapter is reported in one sentence, unlike a wrong client, and its processes end."""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance import defaults
from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.certify.process_adapter import ProcessAdapter
from klarna_conformance.errors import AdapterError
from klarna_specs.client.play import Ended, RefusedIt, TimedOut, Unsupported

from ..conformance.certify.processes import ODD, is_running
from ..conformance.conftest import Cli, Finished

CALM = ("--faults", "none", "--examples", 0, "--operations", "releaseRemainingAuthorization")
LOST = ("--faults", "lost", "--examples", 0, "--operations", "refundOrder", "--timeout", "200ms")
HELLO = Hello(base_url="http://127.0.0.1:9", username="user", password="pass-4711", timeout_s=1)


def certified(cli: Cli, kind: str, *options: object, more: object = ()) -> Finished:
    return cli("client", *options, "--", sys.executable, ODD, kind, *([more] if more else []))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ends at once", "it ended with exit code 1. no such setting: KLARNA_REGION"),
        ("garbage", "answered 'Starting acme client 1.2 ...' instead of {\"ready\""),
        ("not UTF-8", 'instead of {"ready"'),
        ("endless line", "a line of it is longer than 1048576 bytes"),
        ("no operations", "missing required field `operations`"),
        (
            "unknown operation",
            "reports unknown operations ['refund']; clients are certified for refundOrder",
        ),
        ("another protocol", "missing required field `ready`"),
        ("supports everything", '{"outcome": "unsupported"}, and answered done'),
        ("supports nothing", "reported releaseRemainingAuthorization, but does not"),
        ("sends nothing", "no request was sent to http://127.0.0.1:"),
        ("sends nothing and does not know", "no request was sent to http://127.0.0.1:"),
        ("sends elsewhere", "no request was sent to http://127.0.0.1:"),
        ("no such outcome", "Invalid value 'success'"),
        ("another type", "Expected `str | null`, got `int`"),
        ("another id", "answered command 3 instead of 2"),
        ("answers twice", "answered command 1 instead of 2"),
        ("prints more", "'DEBUG sending a refund', which is no outcome"),
        ("prints more", "(the command was: one release)"),
        ("floods stdout", "answered '{\"id\": 0}', which is no outcome"),
        (
            "ends when it is to work",
            "the adapter answered nothing, and ended: it ended with exit code 4",
        ),
    ],
)
def test_a_wrong_adapter_is_an_error_without_a_verdict(
    cli: Cli, kind: str, message: str, tmp_path: Path
) -> None:
    finished = certified(cli, kind, *CALM)

    assert (finished.code, finished.out) == (2, "")
    assert message in finished.err
    assert finished.err.startswith("Error: ")
    assert finished.err.count("\n") == 1
    assert not list(tmp_path.rglob("certificate.html"))


def test_a_late_adapter_error_keeps_the_results(cli: Cli, tmp_path: Path) -> None:
    finished = certified(cli, "prints when it fails", *LOST)
    *_, last = (tmp_path / "conformance-report" / "journal.ndjson").read_text().splitlines()

    assert finished.code == 2
    assert "Warning: connection lost" in finished.err
    assert "(the command was: one refund of 0.01 SEK, response lost after booking" in finished.err
    assert "the adapter failed" in last


def test_a_missing_adapter_program_is_reported(cli: Cli) -> None:
    finished = cli("client", "--", "/nowhere/adapter", "--port", 1)

    assert finished.code == 2
    assert "/nowhere/adapter --port 1 cannot be used as an adapter" in finished.err
    assert "Traceback" not in finished.err


def outcomes(kind: str, *, start_s: float = 10, command_s: float = 10, more: str = "") -> list[Any]:
    """The outcomes of an odd adapter for an unknown operation, and twice for a known one."""

    async def go() -> list[Any]:
        command = [sys.executable, str(ODD), kind, *([more] if more else [])]
        adapter = ProcessAdapter(command, command_s=command_s, start_s=start_s)
        try:
            await adapter.begin(HELLO)
            return [
                await adapter.do(operation, "o", {"refunded_amount": 1})
                for operation in ("noSuchOperation", "refundOrder", "refundOrder")
            ]
        finally:
            await adapter.aclose()

    return asyncio.run(go())


def test_an_adapter_that_is_never_ready_is_reported_with_its_stderr() -> None:
    with pytest.raises(
        AdapterError, match=r"answered nothing within 10 s; .* waiting for the database"
    ):
        outcomes("never ready", start_s=10)


def test_an_adapter_that_ends_is_restarted() -> None:
    first, *others = outcomes("ends when it is to work")
    assert first == Unsupported()
    assert others == [Ended("it ended with exit code 4.")] * 2


def test_a_client_that_times_out_gets_its_adapter_restarted() -> None:
    first, *others = outcomes("hangs", command_s=1.5)
    assert first == Unsupported()
    assert others == [TimedOut(1.5)] * 2


def test_a_member_that_is_null_counts_as_absent() -> None:
    assert outcomes("has nulls")[1:] == [RefusedIt()] * 2


def test_a_closed_adapter_is_not_restarted() -> None:
    async def go() -> None:
        adapter = ProcessAdapter([sys.executable, str(ODD), "right"], command_s=5)
        await adapter.begin(HELLO)
        await adapter.aclose()
        with pytest.raises(AdapterError, match="is closed"):
            await adapter.do("refundOrder", "o", {})

    asyncio.run(go())


def test_processes_of_an_adapter_end_with_it(tmp_path: Path) -> None:
    outcomes("leaves a process", more=str(tmp_path / "pid"))
    pid = (tmp_path / "pid").read_text()
    until = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(pid)


def observed(folder: Path, requirement: str) -> list[str]:
    summary = json.loads((folder / "conformance-report" / "run.json").read_text())
    return [f["observed"] for f in summary["findings"] if f["requirement"] == requirement]


def test_a_crash_of_the_client_is_a_finding_with_its_stderr(cli: Cli, tmp_path: Path) -> None:
    finished = certified(cli, "breaks down", *LOST)
    (found,) = {*observed(tmp_path, "client.answers")}

    assert finished.code == 1
    assert "FAIL client.answers" in finished.out
    assert found == "the client crashed: RuntimeError: the network is not what it was"
    page = (tmp_path / "conformance-report" / "report.html").read_text()
    assert "it ended with exit code 1." in page


def test_a_timeout_of_the_client_is_a_finding(cli: Cli, tmp_path: Path) -> None:
    finished = certified(cli, "hangs", *LOST, "--outcome-time", "1500ms", "--no-shrink")

    assert finished.code == 1
    assert {*observed(tmp_path, "client.answers")} == {"none within 1.5 s"}


def test_an_adapter_may_write_much_to_stderr(cli: Cli) -> None:
    assert certified(cli, "floods stderr", *CALM).code == 0


@pytest.mark.parametrize("kind", ["breaks down with secrets", "reports secrets", "prints secrets"])
def test_no_output_or_record_has_credentials(cli: Cli, kind: str, tmp_path: Path) -> None:
    finished = certified(cli, kind, *LOST)
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    pair = base64.b64encode(f"{defaults.USERNAME}:{defaults.PASSWORD}".encode()).decode()
    texts = [finished.out, finished.err, *kept]

    assert finished.code in (1, 2)
    assert [text for text in texts if defaults.PASSWORD in text or pair in text] == []
    assert any("[redacted]" in text for text in texts)


def test_output_of_a_client_is_printed_as_text(cli: Cli, tmp_path: Path) -> None:
    finished = certified(cli, "hostile", *CALM)
    page = (tmp_path / "conformance-report" / "certificate.html").read_text()

    assert finished.code == 1
    assert "\x1b" not in finished.out
    assert not any(line.lstrip().startswith("::") for line in finished.out.splitlines())
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
