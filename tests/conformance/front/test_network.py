"""The effect of every fault on a real socket, and on the server behind it."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from klarna_conformance import defaults
from klarna_conformance.mock.answering import credentials_of
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.network import Disturbing, Network, Tempo
from klarna_conformance.wrong.examples.orders import FULL
from klarna_specs.client.faults import (
    Cut,
    Errored,
    Fault,
    OtherRefund,
    Redirected,
    Refused,
    Silent,
    Slow,
    Truncated,
    Twice,
    Varied,
)
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, Failure, Request, Response

from ..mutant_servers import spec
from .sockets import Raw, connected, port_of

pytestmark = pytest.mark.anyio

TEMPO = Tempo(timeout_s=0.05, hold_s=0.1, slow_s=0.05)
AUTH = base64.b64encode(f"{defaults.USERNAME}:{defaults.PASSWORD}".encode())


class Given(Disturbing):
    """One fault after the other, each for one request."""

    def __init__(self, faults: Sequence[Fault | None]) -> None:
        self.left = list(faults)

    def meet(self, request: Request) -> Fault | None:
        return self.left.pop(0) if self.left else None

    def next_refused(self) -> Refused | None:
        return self.left[0] if self.left and isinstance(self.left[0], Refused) else None

    def was_refused(self) -> None:
        self.left.pop(0)


class Room:
    """A network in front of a mock with one order."""

    def __init__(self, tempo: Tempo = TEMPO) -> None:
        self.mock = Mock(spec(), seed=1)
        self.order_id = self.mock.make_order(FULL).order_id
        self.network = Network(
            self._serve,
            credentials=lambda h: credentials_of(h, defaults.USERNAME, defaults.PASSWORD),
            tempo=tempo,
        )

    async def _serve(self, request: Request, _authorization: str | None) -> Response:
        return self.mock.respond(request, self.network.base_url)

    @property
    def booked(self) -> int:
        return len(self.mock.orders[self.order_id].refunds)

    @property
    def exchange(self) -> Exchange:
        (exchange,) = self.network.seen().exchanges
        return exchange

    @property
    def mark(self) -> Mark:
        (mark,) = self.network.seen().marks
        return mark

    def refund(self, amount: int = 1, key: str | None = None) -> bytes:
        body = json.dumps({"refunded_amount": amount}).encode()
        extra = f"Klarna-Idempotency-Key: {key}\r\n".encode() if key else b""
        return self.request("POST", "/refunds", extra=extra, body=body)

    def request(self, method: str, suffix: str, *, extra: bytes = b"", body: bytes = b"") -> bytes:
        path = f"/ordermanagement/v1/orders/{self.order_id}{suffix}"
        framing = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{framing if body else ''}".encode()
        return head + b"Authorization: Basic " + AUTH + b"\r\n" + extra + b"\r\n" + body


@asynccontextmanager
async def room(*faults: Fault | None, tempo: Tempo = TEMPO) -> AsyncIterator[Room]:
    made = Room(tempo)
    await made.network.open()
    try:
        await made.network.disturb(Given(faults))
        made.network.begin()
        yield made
    finally:
        async with asyncio.timeout(5):
            await made.network.close()


@asynccontextmanager
async def within(*faults: Fault | None) -> AsyncIterator[tuple[Room, Raw]]:
    """A room, and a connection to it."""
    async with room(*faults) as made, connected(made.network.base_url) as raw:
        yield made, raw


def members(answer: bytes) -> Any:
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


@pytest.mark.parametrize(
    ("fault", "end", "booked"),
    [
        (Cut("before"), "reset", 0),
        (Cut("before", reset=False), "closed", 0),
        (Cut("after"), "reset", 1),
        (Cut("after", reset=False), "closed", 1),
        (Silent("before"), "closed", 0),
        (Silent("after"), "closed", 1),
    ],
)
async def test_a_cut_or_silent_connection_has_no_response(
    fault: Fault, end: str, booked: int
) -> None:
    async with within(fault) as (made, raw):
        await raw.send(made.refund())
        assert await raw.end() == end
        assert made.booked == booked
        assert isinstance(made.exchange.outcome, Failure)
        assert len(made.mark.served) == booked
        assert made.mark.fault == fault


async def test_silence_ends_when_the_client_disconnects() -> None:
    async with room(Silent("after"), tempo=Tempo(hold_s=60)) as made:
        async with connected(made.network.base_url) as raw:
            await raw.send(made.refund())
            while not made.network.seen().exchanges:
                await asyncio.sleep(0)
        while made.network.sightings[0].outcome is None:
            await asyncio.sleep(0.001)
        assert made.exchange.outcome.elapsed_s < 60


async def test_answer_to_a_client_that_has_just_given_up_is_not_delivered() -> None:
    made, client = Room(), socket.socket()

    async def serve(request: Request, _: str | None) -> Response:
        client.close()  # the event loop has no time to see it before the answer
        return made.mock.respond(request, "")

    made.network = Network(serve, credentials=lambda _: "valid", tempo=TEMPO)
    await made.network.open()
    try:
        client.connect((urlsplit(made.network.base_url).hostname, port_of(made.network.base_url)))
        client.sendall(made.refund())
        while not made.network.sightings or made.network.sightings[0].outcome is None:
            await asyncio.sleep(0.001)
        outcome = made.exchange.outcome
        assert isinstance(outcome, Failure)
        assert (outcome.message, made.booked) == ("the client did not wait for the answer", 1)
    finally:
        await made.network.close()


async def test_a_request_in_flight_counts_as_timed_out() -> None:
    async with (
        room(Silent("after"), tempo=Tempo(hold_s=60)) as made,
        connected(made.network.base_url) as raw,
    ):
        await raw.send(made.refund())
        while not made.network.seen().exchanges:
            await asyncio.sleep(0)
        outcome = made.exchange.outcome
        assert isinstance(outcome, Failure)
        assert outcome.kind == "timeout"


async def test_refusals_end_after_their_time() -> None:
    async with room() as made:
        given = Given([Refused(0.1), Refused(0.1)])
        await made.network.disturb(given)
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                async with connected(made.network.base_url):
                    pass
        while given.left:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        async with connected(made.network.base_url) as raw:
            assert (await raw.request(made.refund())).startswith(b"HTTP/1.1 201 ")


async def test_a_refusal_closes_the_kept_connection() -> None:
    async with within(Errored(503), Refused(60)) as (made, raw):
        assert (await raw.request(made.refund())).startswith(b"HTTP/1.1 503 ")
        assert await raw.end() == "closed"
        with pytest.raises(ConnectionRefusedError):
            async with connected(made.network.base_url):
                pass


async def test_closing_does_not_wait_for_the_end_of_a_refusal() -> None:
    async with room(Refused(60)):
        pass


async def test_new_faults_end_a_refusal() -> None:
    async with room(Refused(60)) as made:
        await made.network.disturb(Given([]))
        async with connected(made.network.base_url) as raw:
            assert (await raw.request(made.refund())).startswith(b"HTTP/1.1 201 ")


async def test_a_slow_response_is_complete() -> None:
    async with within(Slow("start")) as (made, raw):
        answer = await raw.request(made.refund())
        assert answer.startswith(b"HTTP/1.1 201 ")
        assert made.exchange.outcome.elapsed_s >= TEMPO.slow_s
        assert made.booked == 1


async def test_a_slow_body_comes_in_pieces() -> None:
    async with within(Slow("body")) as (made, raw):
        await raw.send(made.request("GET", ""))
        pieces: list[bytes] = []
        while not pieces or not _is_whole(b"".join(pieces)):
            pieces.append(await raw.reader.read(65_536))
        assert len(pieces) > 2
        assert members(b"".join(pieces))["order_id"] == made.order_id


def _is_whole(answer: bytes) -> bool:
    try:
        members(answer)
    except (ValueError, IndexError):
        return False
    return True


@pytest.mark.parametrize("part", ["start", "body"])
async def test_a_slow_response_is_lost_when_the_client_disconnects(part: Any) -> None:
    async with room(Slow(part), tempo=Tempo(slow_s=60)) as made:
        async with connected(made.network.base_url) as raw:
            await raw.send(made.refund())
            while not made.booked:
                await asyncio.sleep(0)
        while made.network.sightings[0].outcome is None:
            await asyncio.sleep(0.001)
        assert isinstance(made.exchange.outcome, Failure)
        assert [each.status for each in made.mark.served] == [201]


async def test_a_truncated_body_is_shorter_than_its_length() -> None:
    async with within(Truncated()) as (made, raw):
        await raw.send(made.refund())
        head, body = (await raw.rest()).split(b"\r\n\r\n", 1)
        (length,) = (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        assert head.startswith(b"HTTP/1.1 201 ")
        assert 0 < len(body) < length
        assert made.booked == 1
        assert isinstance(made.exchange.outcome, Failure)


async def test_a_response_without_a_body_gets_one_to_truncate() -> None:
    async with within(Truncated()) as (made, raw):
        await raw.send(made.request("POST", "/release-remaining-authorization"))
        answer = await raw.rest()
        assert b"\r\n\r\n" in answer
        assert not answer.endswith(b"}")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [401, 409, 422, 429, 500, 502, 503, 504])
async def test_an_injected_error_is_as_documented(status: Any, when: Any) -> None:
    async with within(Errored(status, when)) as (made, raw):
        answer = await raw.request(made.refund())
        read = members(answer)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert read["error_code"]
        assert read["error_messages"]
        assert read["correlation_id"].encode() in answer.split(b"\r\n\r\n")[0]
        assert (b"www-authenticate" in answer.lower()) == (status == 401)
        assert made.booked == (when == "after")
        assert (await raw.request(made.request("GET", ""))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("body", "kind", "shows"),
    [
        ("html", b"text/html", b"<!DOCTYPE html>"),
        ("malformed", b"application/json", b'{"error_code"'),
        ("empty", b"", b""),
    ],
)
async def test_an_injected_error_has_the_body_of_its_kind(
    body: Any, kind: bytes, shows: bytes
) -> None:
    async with within(Errored(502, body=body)) as (made, raw):
        head, text = (await raw.request(made.refund())).split(b"\r\n\r\n", 1)
        assert (b"content-type: " + kind in head.lower()) == bool(kind)
        assert text.startswith(shows)
        assert bool(text) == bool(shows)
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
            json.loads(text)


@pytest.mark.parametrize("body", ["html", "null", "string"])
async def test_an_error_of_a_gateway_has_no_correlation_id(body: Any) -> None:
    async with within(Errored(400, body=body)) as (made, raw):
        assert b"correlation" not in (await raw.request(made.refund())).lower()


@pytest.mark.parametrize("retry_after_s", [None, 0, 3])
async def test_an_injected_error_has_retry_after_if_configured(retry_after_s: int | None) -> None:
    async with within(Errored(429, retry_after_s=retry_after_s)) as (made, raw):
        head = (await raw.request(made.refund())).split(b"\r\n\r\n")[0].lower().split(b"\r\n")
        found = [line for line in head if line.startswith(b"retry-after")]
        assert found == (
            [] if retry_after_s is None else [f"retry-after: {retry_after_s}".encode()]
        )


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize(("key", "booked"), [(None, 2), ("k", 1)])
async def test_a_duplicate_without_a_key_is_booked_twice(
    which: Any, key: str | None, booked: int
) -> None:
    async with within(Twice(which)) as (made, raw):
        answer = await raw.request(made.refund(key=key))
        found = {r.refund_id: n for n, r in enumerate(made.mock.orders[made.order_id].refunds)}
        (place,) = {n for refund_id, n in found.items() if refund_id.encode() in answer}
        assert made.booked == booked
        assert place == (1 if which == "second" and key is None else 0)
        assert [each.status for each in made.mark.served] == [201, 201]


async def test_somebody_else_refunds_after_a_refund_that_was_carried_out() -> None:
    async with within(OtherRefund()) as (made, raw):
        answer = await raw.request(made.refund(key="k"))
        own, other = made.mock.orders[made.order_id].refunds
        assert own.refund_id.encode() in answer
        assert (own.refund_id != other.refund_id, other.refunded_amount) == (True, 1)


async def test_the_response_is_lost_after_a_refund_by_somebody_else() -> None:
    async with within(OtherRefund(lost=True)) as (made, raw):
        assert await raw.request(made.refund(key="k")) == b""
        assert made.booked == 2


@pytest.mark.parametrize("carried", [True, False])
async def test_a_redirect_records_whether_credentials_followed(carried: bool) -> None:
    async with within(Redirected()) as (made, raw):
        answer = await raw.request(made.refund())
        (location,) = (
            line.split(b": ")[1].decode()
            for line in answer.split(b"\r\n")
            if line.lower().startswith(b"location")
        )
        origin, path = location[: location.index("/", 8)], location[location.index("/", 8) :]
        assert answer.startswith(b"HTTP/1.1 307 ")
        assert origin != made.network.base_url
        assert path.endswith(f"{made.order_id}/refunds")
        async with connected(origin) as other:
            secret = b"Authorization: Basic " + AUTH + b"\r\n" if carried else b""
            sent = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n".encode()
            assert (await other.request(sent + secret + b"\r\n")).startswith(b"HTTP/1.1 404 ")
        here, there = made.network.seen().marks
        assert (here.at, there.at, there.carried) == ("server", "elsewhere", carried)
        assert AUTH.decode() not in repr(made.network.seen())
        assert made.booked == 0


def _names(answer: bytes) -> list[bytes]:
    return [line.split(b":")[0] for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]]


def _headers(answer: bytes) -> dict[str, str]:
    lines = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize(
    ("how", "amount", "is_so"),
    [
        ("lower-case", 1, lambda a: b"refund-id" in _names(a)),
        ("upper-case", 1, lambda a: b"REFUND-ID" in _names(a)),
        (
            "page-spelling",
            1,
            lambda a: {b"refund_id", b"Refund-Id"} & {*_names(a)} == {b"refund_id"},
        ),
        ("relative-location", 1, lambda a: _headers(a)["Location"].startswith("/ordermanagement")),
        ("json-body", 1, lambda a: a.endswith(b'\r\n\r\n""')),
        ("no-refund-id", 1, lambda a: {b"Location"} == {b"Location", b"Refund-Id"} & {*_names(a)}),
        ("no-correlation-id", 1, lambda a: b"Klarna-Correlation-Id" not in _names(a)),
        ("unknown-members", 10_001, lambda a: members(a)["links"] == [{"rel": "self"}]),
        ("singular-message", 10_001, lambda a: "error_messages" not in members(a)),
        ("singular-message", 10_001, lambda a: isinstance(members(a)["error_message"], str)),
    ],
)
async def test_a_varied_response_differs_only_in_its_spelling(
    how: Any, amount: int, is_so: Callable[[bytes], bool]
) -> None:
    async with within(Varied(how)) as (made, raw):
        varied = await raw.request(made.refund(amount))
        plain = await raw.request(made.refund(amount))
        assert is_so(varied)
        assert not _holds(is_so, plain)
        assert varied.split(b"\r\n")[0] == plain.split(b"\r\n")[0]


def _holds(is_so: Callable[[bytes], bool], answer: bytes) -> bool:
    try:
        return is_so(answer)
    except (KeyError, ValueError):
        return False


async def test_options_get_unknown_members_too() -> None:
    async with within(Varied("unknown-members")) as (made, raw):
        (capture,) = made.mock.orders[made.order_id].captures
        suffix = f"/captures/{capture.capture_id}/extend-due-date-options"
        read = members(await raw.request(made.request("GET", suffix)))
        assert {"label", "number_of_days", "amount"} <= read["options"][0].keys()


async def test_without_a_fault_a_request_passes_with_its_kind_of_credentials() -> None:
    async with within() as (made, raw):
        bare = made.refund().replace(b"Authorization: Basic " + AUTH + b"\r\n", b"")
        for sent in (made.refund(), bare, made.refund().replace(AUTH, b"d3Jvbmc6b25l")):
            await raw.request(sent)
        found = [each.request.credentials for each in made.network.seen().exchanges]
        assert (found[0], found[1], made.booked) == ("valid", "none", 1)
        assert found[2] not in ("valid", "none")


def test_a_defect_of_the_backend_is_kept_and_gets_no_response() -> None:
    """Without pytest's event loop, which reports exceptions of background tasks."""

    async def broken(_request: Request, _authorization: str | None) -> Response:
        raise KeyError("a defect of ours")

    async def go() -> None:
        network = Network(broken, credentials=lambda _: "valid", tempo=TEMPO)
        await network.open()
        async with connected(network.base_url) as raw:
            assert await raw.request(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        assert isinstance(network.defect, KeyError)
        await network.close()

    asyncio.run(go())
