"""The listener over raw sockets: valid and invalid HTTP, and connections that break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from klarna_conformance.network.listener import Arrival, Listener
from klarna_specs.exchange import Payload, Response

from .sockets import Echo, Raw, connected

pytestmark = pytest.mark.anyio

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def listening(serve: Callable[[Arrival], Awaitable[None]]) -> AsyncIterator[Listener]:
    listener = Listener(serve)
    await listener.open()
    try:
        yield listener
    finally:
        async with asyncio.timeout(5):
            await listener.close()


@asynccontextmanager
async def conversation(serve: Callable[[Arrival], Awaitable[None]]) -> AsyncIterator[Raw]:
    """A connection to a new listener."""
    async with listening(serve) as listener, connected(listener) as raw:
        yield raw


async def test_a_connection_serves_requests_one_after_the_other() -> None:
    async with conversation(Echo()) as raw:
        assert (await raw.request(GET)).endswith(b"GET /a ")
        assert (await raw.request(POST)).endswith(b"POST /b hi")
        assert (await raw.request(GET)).endswith(b"GET /a ")


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async with conversation(Echo()) as raw:
        await raw.send(GET + POST + GET)
        answers = [await raw.response() for _ in range(3)]
        assert [each.rsplit(b"\r\n", 1)[1] for each in answers] == [
            b"GET /a ",
            b"POST /b hi",
            b"GET /a ",
        ]


async def test_a_chunked_body_is_read_whole() -> None:
    async with conversation(Echo()) as raw:
        head = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await raw.request(head + b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).endswith(
            b"/c abcde"
        )


async def test_expect_100_continue_is_answered_before_the_body() -> None:
    async with conversation(Echo()) as raw:
        head = POST[:-2].replace(b"Host", b"Expect: 100-continue\r\nHost")
        assert (await raw.request(head)).startswith(b"HTTP/1.1 100 ")
        assert (await raw.request(b"ho")).endswith(b"POST /b ho")


async def test_a_response_to_head_has_the_length_and_no_body() -> None:
    async with conversation(Echo()) as raw:
        await raw.send(GET.replace(b"GET", b"HEAD") + GET)
        head = await raw.reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 8" in head.lower()
        assert (await raw.response()).endswith(b"GET /a ")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://127.0.0.1:1/orders/7?x=1", "/orders/7?x=1"),
        (b"http://host", "/"),
        (b"/a%20b/../c?q=%C3%A4#f", "/a%20b/../c?q=%C3%A4#f"),
        (b"http://[::1", "http://[::1"),
        (b"*", "*"),
    ],
)
async def test_the_path_is_taken_from_the_request_target(target: bytes, path: str) -> None:
    echo = Echo()

    async with conversation(echo) as raw:
        await raw.request(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [request.path for request in echo.requests] == [path]


async def test_header_names_match_in_any_case_without_authorization() -> None:
    echo = Echo()

    async with conversation(echo) as raw:
        await raw.request(
            b"POST / HTTP/1.1\r\nhOST: x\r\nAUTHORIZATION: Basic czpw\r\n"
            b"klarna-IDEMPOTENCY-key: k\r\ncontent-LENGTH: 0\r\n\r\n"
        )
    (request,) = echo.requests
    assert echo.authorizations == ["Basic czpw"]
    assert request.header("Klarna-Idempotency-Key") == "k"
    assert "authorization" not in {name.lower() for name, _ in request.headers}


async def test_a_request_of_http_1_0_is_answered_and_the_connection_closed() -> None:
    async with conversation(Echo()) as raw:
        assert (await raw.request(b"GET /old HTTP/1.0\r\n\r\n")).endswith(b"GET /old ")
        assert await raw.end() == "closed"


@pytest.mark.parametrize(
    ("raw_bytes", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, b"400", id="TLS"),
        pytest.param(b"\r\n\x00\xff garbage\r\n\r\n", b"400", id="garbage"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no Host"),
        pytest.param(POST.replace(b": 2", b": -2"), b"400", id="a negative length"),
        pytest.param(POST.replace(b": 2", b": 2, 3"), b"400", id="two lengths"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            b"400",
            id="a chunk of no size",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, b"431", id="an endless header"),
        pytest.param(b"GET /" + b"a" * 100_000, b"431", id="an endless target"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n" + b"a" * 10_100_000,
            b"413",
            id="an endless body",
        ),
    ],
)
async def test_an_invalid_request_is_rejected_and_others_are_served(
    raw_bytes: bytes, status: bytes
) -> None:
    echo = Echo()

    async with listening(echo) as listener:
        async with connected(listener) as raw:
            answer = await raw.request(raw_bytes)
            raw.writer.write_eof()
            assert answer.split(b" ")[:2] == [b"HTTP/1.1", status]
            assert await raw.end() == "closed"
        async with connected(listener) as raw:
            assert (await raw.request(GET)).endswith(b"GET /a ")
    assert len(echo.requests) == 1


@pytest.mark.parametrize(
    "sent", [b"", b"GET", POST[:-1]], ids=["nothing", "a word", "no whole body"]
)
@pytest.mark.parametrize("how", ["leaves", "stays"])
async def test_an_incomplete_request_does_not_block_others_or_closing(
    sent: bytes, how: str
) -> None:
    echo = Echo()

    async with listening(echo) as listener, connected(listener) as raw:
        await raw.send(sent)
        if how == "leaves":
            raw.writer.transport.abort()
        async with connected(listener) as other:
            assert (await other.request(GET)).endswith(b"GET /a ")
    assert [request.path for request in echo.requests] == ["/a"]


async def test_a_client_that_does_not_read_does_not_block_closing() -> None:
    answered = asyncio.Event()

    async def flood(arrival: Arrival) -> None:
        answered.set()
        await arrival.answer(Response(status=200, body=Payload("a" * 50_000_000)))

    async with conversation(flood) as raw:
        await raw.send(GET)
        await answered.wait()


async def test_it_listens_on_ipv6_too() -> None:
    listener = Listener(Echo(), host="::1")
    await listener.open()
    async with connected(listener) as raw:
        assert listener.base_url.startswith("http://[::1]:")
        assert (await raw.request(GET)).endswith(b"GET /a ")
    await listener.close()


async def test_a_refusing_listener_keeps_its_port() -> None:
    async with listening(Echo()) as listener, connected(listener) as kept:
        before = listener.base_url
        await kept.request(GET)
        listener.refuse()
        assert await kept.end() == "reset"
        with pytest.raises(ConnectionRefusedError):
            async with connected(listener):
                pass
        await listener.open()
        async with connected(listener) as raw:
            assert (await raw.request(GET)).endswith(b"GET /a ")
        assert listener.base_url == before


async def test_an_active_connection_survives_a_refusal() -> None:
    arrived, proceed = asyncio.Event(), asyncio.Event()

    async def serve(arrival: Arrival) -> None:
        arrived.set()
        await proceed.wait()
        await arrival.answer(Response(status=204))

    async with listening(serve) as listener, connected(listener) as raw:
        await raw.send(GET)
        await arrived.wait()
        listener.refuse()
        proceed.set()
        assert (await raw.response()).startswith(b"HTTP/1.1 204 ")


async def test_waiting_ends_when_the_client_disconnects() -> None:
    stayed: list[bool] = []
    ended = asyncio.Event()

    async def serve(arrival: Arrival) -> None:
        stayed.append(await arrival.wait(60))
        ended.set()

    async with conversation(serve) as raw:
        await raw.send(GET)
        raw.writer.transport.abort()
        async with asyncio.timeout(5):
            await ended.wait()
    assert stayed == [False]


async def test_a_port_in_use_is_an_error() -> None:
    async with listening(Echo()) as listener:
        other = Listener(Echo(), port=int(listener.base_url.rsplit(":", 1)[1]))
        with pytest.raises(OSError, match="in use"):
            await other.open()


@pytest.mark.parametrize("turns", range(5))
async def test_an_interrupted_open_can_be_repeated(turns: int) -> None:
    """It is interrupted after so many turns of the event loop."""

    async with listening(Echo()) as listener:
        listener.refuse()
        opening = asyncio.create_task(listener.open())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await listener.open()
        async with connected(listener) as raw:
            assert (await raw.request(GET)).endswith(b"GET /a ")


async def test_drained_listener_answers_what_is_in_flight_and_nothing_else() -> None:
    entered, released = asyncio.Event(), asyncio.Event()

    async def serve(arrival: Arrival) -> None:
        entered.set()
        await released.wait()
        await arrival.answer(Response(status=204))

    async with (
        listening(serve) as listener,
        connected(listener) as busy,
        connected(listener) as idle,
    ):
        answer = asyncio.create_task(busy.request(GET))
        await entered.wait()
        draining = asyncio.create_task(listener.drain(20))
        assert await idle.rest() == b""
        with pytest.raises(ConnectionError):
            async with connected(listener):
                pass
        assert not draining.done()
        released.set()
        await draining

        assert (await answer).startswith(b"HTTP/1.1 204 ")
        assert await busy.rest() == b""


async def test_drained_listener_does_not_wait_for_ever() -> None:
    entered = asyncio.Event()

    async def serve(arrival: Arrival) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with listening(serve) as listener, connected(listener) as busy:
        unanswered = asyncio.create_task(busy.request(GET))
        await entered.wait()
        await listener.drain(0)

        assert not unanswered.done()
        unanswered.cancel()
