"""Clients that send unexpected requests are judged like others, without an internal error."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_conformance.certify.driving import Course, Stage
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.network.network import Tempo
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.run.running import recorded_header
from klarna_conformance.wrong.examples.orders import FULL
from klarna_reports.record.journal import Journal, read_journal
from klarna_reports.record.record import Played, TargetFacts
from klarna_specs.client.faults import Cut, Errored, Fault, Truncated, Twice, Varied
from klarna_specs.client.play import ClientScenario, Command, Unknown
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load
from klarna_specs.scenario import Scenario

from ..mutant_servers import spec
from .sockets import connected

OPERATIONS = client_operations(load())

FACTS = TargetFacts(name="a client", base_url="http://127.0.0.1", kind="mock")
TEMPO = Tempo(timeout_s=1, hold_s=0.05, slow_s=0.02)
LINE = b'{"name":"a","quantity":1,"unit_price":1,"total_amount":1'


class Raw:
    """Sends raw requests instead of a refund; `{auth}` and `{order}` are placeholders."""

    def __init__(self, *requests: bytes) -> None:
        self._requests = requests

    async def begin(self, hello: Hello) -> Ready:
        self._hello = hello
        return Ready(client="raw", operations=OPERATIONS)

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Unknown:
        pair = base64.b64encode(f"{self._hello.username}:{self._hello.password}".encode())
        for request in self._requests:
            async with connected(self._hello.base_url) as raw:
                sent = request.replace(b"{auth}", b"Authorization: Basic " + pair)
                with suppress(ConnectionError):
                    await raw.request(sent.replace(b"{order}", order_id.encode()))
        return Unknown()

    async def restart(self) -> None:
        """There is nothing to restart."""

    async def aclose(self) -> None:
        """There is nothing to close."""


def refund(body: bytes, *, path: bytes = b"/refunds", extra: bytes = b"") -> bytes:
    target = b"/ordermanagement/v1/orders/{order}" + path
    framing = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return (
        b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n{auth}\r\n" + framing + extra + b"\r\n" + body
    )


def played(*requests: bytes, fault: Fault | None = None) -> Course:
    command = Command(
        operation="refundOrder", arguments={"refunded_amount": 1}, faults=(fault,) * 2
    )

    async def go() -> Course:
        stage = Stage(spec(), Raw(*requests), seed=1, tempo=TEMPO)
        await stage.open()
        try:
            return await stage.play(ClientScenario(orders=(FULL,), commands=(command,)))
        finally:
            await stage.aclose()

    return asyncio.run(go())


@pytest.mark.parametrize(
    "fault", [None, Cut("after"), Twice(), Truncated(), Errored(503, "after"), Varied("json-body")]
)
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(refund(b""), id="nothing"),
        pytest.param(refund(b"null"), id="null"),
        pytest.param(refund(b"[" * 100_000), id="nested without end"),
        pytest.param(refund(b'{"a":' * 5_000 + b"1" + b"}" * 5_000), id="nested deeply"),
        pytest.param(refund(b'{"refunded_amount": 1e999}'), id="infinite"),
        pytest.param(refund(b'{"refunded_amount": NaN}'), id="not a number"),
        pytest.param(refund(b'{"refunded_amount": ' + b"9" * 5_000 + b"}"), id="5000 digits"),
        pytest.param(refund(b'{"refunded_amount": -1}'), id="negative"),
        pytest.param(refund(b'{"refunded_amount": true}'), id="true"),
        pytest.param(refund(b'{"refunded_amount": 1, "description": "\\ud800"}'), id="surrogate"),
        pytest.param(refund(b'{"refunded_amount": 1, "description": "\xff"}'), id="not UTF-8"),
        pytest.param(refund(b"\x1f\x8b\x08\x00\x00"), id="gzip"),
        pytest.param(refund(b'{"refunded_amount": 1, "order_lines": {}}'), id="lines no array"),
        pytest.param(refund(b'{"refunded_amount": 1, "order_lines": [1, null]}'), id="odd lines"),
        pytest.param(
            refund(b'{"refunded_amount": 1, "order_lines": [' + LINE + b',"type":7}]}'),
            id="odd type",
        ),
        pytest.param(refund(b"{}", path=b"/refunds/%00%ff%2e%2e?a=%zz"), id="odd path"),
        pytest.param(
            refund(b"{}", extra=b"Klarna-Idempotency-Key: " + b"k" * 9_000 + b"\r\n"), id="long key"
        ),
        pytest.param(
            refund(b'{"refunded_amount": 1}', extra=b"klarna-idempotency-key: \xff\xfe\r\n"),
            id="odd key",
        ),
        pytest.param(
            refund(
                b'{"refunded_amount": 1}',
                extra=b"Klarna-Idempotency-Key: a\r\nKlarna-Idempotency-Key: b\r\n",
            ),
            id="two keys",
        ),
        pytest.param(b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", id="another method"),
        pytest.param(b"POST http://[ HTTP/1.1\r\nHost: x\r\n\r\n", id="half a target"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \xff\r\n\r\n", id="odd credentials"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n\r\n", id="bearer"),
    ],
)
def test_any_request_is_served_judged_and_recorded(
    request_: bytes, fault: Fault | None, tmp_path: Path
) -> None:
    course = played(request_, request_, fault=fault)
    findings = judge_client(spec(), course.side, course.exchanges).findings
    whole = Played(
        id="s0001",
        scenario=Scenario(plan=FULL, steps=()),
        orders=course.orders,
        exchanges=course.exchanges,
        findings=findings,
        client=course.side,
    )
    recorded = Recorder(Redactor(("secret",))).played(whole)

    with Journal(tmp_path) as journal:
        journal.write(recorded_header(spec(), FACTS, command="", strict=False))
        journal.write(recorded)

    assert list(read_journal(tmp_path / "journal.ndjson").played) == [recorded]
    assert len(course.exchanges) == 2
    assert findings
    assert [each.verdict for each in recorded.findings] == [each.verdict for each in findings]
