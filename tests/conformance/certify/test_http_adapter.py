"""An adapter that is a service: its answers, and what becomes of a command without one."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.certify import http_adapter
from klarna_conformance.certify.http_adapter import HttpAdapter
from klarna_conformance.errors import AdapterError
from klarna_specs.client.play import Done, Ended, Reported, TimedOut

from ..conftest import Cli
from ..hostile import BEHAVIOURS
from ..listeners import Listener, response
from .services import Message, Service, greeting, said

HELLO = Hello(base_url="http://127.0.0.1:9", username="user", password="pass-4711", timeout_s=1)
COMMAND = {"operation": "refundOrder", "order_id": "o", "arguments": {"amount": 1}}


def outcomes(url: str, *, count: int = 1, **options: Any) -> list[Reported]:
    """The outcomes of a command that is sent so many times."""

    async def go() -> list[Reported]:
        adapter = HttpAdapter(url, **{"command_s": 20, **options})
        try:
            await adapter.begin(HELLO)
            return [await adapter.do(*COMMAND.values()) for _ in range(count)]
        finally:
            await adapter.aclose()

    return asyncio.run(go())


def test_a_service_gets_a_hello_and_each_command_as_a_document() -> None:
    with Service(greeting()) as service:
        assert outcomes(service.url, count=2) == [Done(refund_id="r")] * 2

    assert service.messages == [
        {"hello": msgspec.to_builtins(HELLO)},
        {"id": 1, **COMMAND},
        {"id": 2, **COMMAND},
    ]
    assert all(each.startswith(b"POST /conformance HTTP/1.1") for each in service.requests)


def test_commands_repeat_the_session_of_the_service() -> None:
    with Service(greeting(session="s-1")) as service:
        outcomes(service.url, copies=True)

    assert service.messages[1] == {"id": 1, **COMMAND, "session": "s-1"}


def test_copies_of_a_client_need_sessions() -> None:
    with (
        Service(greeting()) as service,
        pytest.raises(AdapterError, match=r'each hello .*"session"'),
    ):
        outcomes(service.url, copies=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "the service closed the connection without an answer"),
        (
            response("500 Internal Server Error", b"KeyError: pass-4711"),
            "it answered 500 KeyError: [redacted]",
        ),
    ],
)
def test_a_crash_of_the_client_is_an_outcome_and_a_hello_follows(
    answer: bytes | None, reason: str
) -> None:
    with Service(greeting(lambda _: answer)) as service:
        assert outcomes(service.url, count=2) == [Ended(reason)] * 2

    assert service.hellos == 2


def test_a_restart_is_another_hello() -> None:
    async def go() -> None:
        adapter = HttpAdapter(service.url, command_s=20)
        await adapter.begin(HELLO)
        await adapter.restart()
        await adapter.do(*COMMAND.values())
        await adapter.aclose()

    with Service(greeting()) as service:
        asyncio.run(go())

    assert service.hellos == 2


def test_requests_to_a_crashed_service_are_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    crashed = Service(greeting(lambda _: crashed.close()))
    restarted: list[Service] = []

    async def restart(_: float) -> None:
        restarted.append(Service(greeting(), port=int(crashed.address.rpartition(":")[2])))
        restarted[-1].start()

    monkeypatch.setattr(http_adapter.asyncio, "sleep", restart)
    crashed.start()
    first, second = outcomes(crashed.url, count=2)
    for service in restarted:
        service.close()

    assert isinstance(first, Ended)
    assert second == Done(refund_id="r")
    assert [service.hellos for service in restarted] == [1]


def test_a_command_that_times_out_is_abandoned_and_a_hello_follows() -> None:
    ended = threading.Event()

    def silent(_: Message) -> None:
        ended.wait(60)

    with Service(greeting(silent)) as service:
        assert outcomes(service.url, count=2, command_s=0.3) == [TimedOut(0.3)] * 2
        ended.set()

    assert service.hellos == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (said({"status": "ok"}), 'instead of {"ready"'),
        (response("404 Not Found", b"pass-4711 is wrong"), "it answered 404 [redacted] is wrong"),
        (response("502 Bad Gateway"), "it answered 502; it must answer 200"),
        (response("200 OK", b" " * 2_000_000), "is longer than 1048576 bytes"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "illegal status line"),
    ],
)
def test_a_wrong_service_is_an_error(answer: bytes, message: str) -> None:
    with Service(lambda _: answer) as service, pytest.raises(AdapterError) as raised:
        outcomes(service.url)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("execute", "message"),
    [
        (lambda _: said({"id": 7, "outcome": "done"}), "answered command 7 instead of 1"),
        (lambda _: said({"id": 1, "outcome": "success"}), "Invalid value 'success'"),
        (lambda _: response("404 Not Found", b"pass-4711"), "it answered 404 [redacted];"),
        (lambda _: said([]), "which is no outcome"),
        (lambda _: response("200 OK", b"[" * 100_000), "which is no outcome"),
        (lambda _: response("503 Service Unavailable"), "it answered 503; it must answer 200"),
    ],
)
def test_a_wrong_answer_to_a_command_is_no_fault_of_the_client(
    execute: Callable[[Message], bytes], message: str
) -> None:
    with Service(greeting(execute)) as service, pytest.raises(AdapterError) as raised:
        outcomes(service.url)

    assert message in str(raised.value)


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary Redirect"])
def test_a_redirect_of_the_service_is_not_followed(status: str) -> None:
    with Listener(lambda *_: said({})) as other:
        redirect = response(status, b"", f"Location: {other.base_url}")
        with (
            Service(lambda _: redirect) as service,
            pytest.raises(AdapterError, match="redirects are not followed"),
        ):
            outcomes(service.url)

    assert other.requests == []


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_hostile_service_is_an_error(hostile: Callable[..., str], behaviour: str) -> None:
    with pytest.raises(AdapterError, match=r"cannot be used|answered"):
        outcomes(hostile(behaviour), start_s=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--http", "http://127.0.0.1:9", "--", "adapter"), "not both"),
        ((), "one is missing"),
        (("--http", "ftp://127.0.0.1"), "is no base URL"),
        (("--http", "http://user:pass-4711@127.0.0.1"), "is no base URL"),
        (("--http", "http://127.0.0.1:9", "--workers", "dask://h:1"), "use --workers N instead"),
        (("--http", "http://127.0.0.1:9"), "the service cannot be reached"),
    ],
)
def test_wrong_usage_of_a_service_is_reported(
    cli: Cli, arguments: tuple[str, ...], message: str
) -> None:
    finished = cli("client", *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert message in finished.err
    assert "pass-4711" not in finished.err
