"""Harmless variants: servers with undocumented differences violate nothing."""

import asyncio
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.deviation import IdKind
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.play.discovery import discover_interpretations
from klarna_conformance.play.player import play
from klarna_conformance.wrong import variants
from klarna_conformance.wrong.behaviours import BEHAVIOURS
from klarna_conformance.wrong.catalogue import harmless_variants
from klarna_conformance.wrong.examples.orders import CARD, FULL, NONE, PART, TWO_CAPTURES
from klarna_conformance.wrong.making import make_mutant
from klarna_reports.record.record import Finding
from klarna_reports.summary.summary import Summary
from klarna_specs.goals import Scope
from klarna_specs.scenario import Key, Raw, Scenario, Step, Together
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

from .asgi import App, asgi
from .mutant_servers import made, played, spec
from .runs import run_on

Wrapper = Callable[[App], App]
VARIANTS = harmless_variants()

KEYED = refund(1_000, key=Key("first"))
EVERYTHING = Scenario(
    plan=FULL,
    steps=(
        *(KEYED, KEYED, refund(1_000, reference="RMA-1", description="Returned"), refund(20_000)),
        msgspec.structs.replace(refund(1), credentials="none"),
        Step(operation="refundOrder", body=Raw(text="{")),
        *(get_refund(1), get_refund("unknown"), get_capture(), get_options()),
        *(extend(offered(0)), extend(7), release(), get_order()),
    ),
)
SCENARIOS = (
    Scenario(plan=FULL, steps=(KEYED, KEYED, refund(9_001), refund(9_000), refund(1))),
    Scenario(plan=FULL, steps=(Together((KEYED,) * 4), KEYED)),
    Scenario(plan=FULL, steps=(Together((refund(6_000), refund(6_000))),)),
    Scenario(plan=NONE, steps=(capture(4_000), release(), capture(1), refund(4_000))),
    Scenario(plan=NONE, steps=(Together((capture(6_000), capture(6_000))),)),
    Scenario(plan=NONE, steps=(cancel(), release(), refund(1))),
    Scenario(plan=PART, steps=(Together((release(), capture(4_000))),)),
    Scenario(plan=TWO_CAPTURES, steps=(extend(offered(0), capture=1), extend(7), refund(7_000))),
    Scenario(plan=CARD, steps=(get_options(), extend(30))),
    Scenario(plan=FULL, steps=(msgspec.structs.replace(refund(1), credentials="none"),)),
    Scenario(plan=FULL, steps=(refund(1, order="unknown"), refund(1, description="Größe"))),
)


def test_there_are_at_least_fifty_harmless_variants() -> None:
    assert len(VARIANTS) >= 50


def test_no_requirement_is_named_for_a_harmless_variant() -> None:
    assert [each.id for each in VARIANTS if each.caught_by] == []


def test_every_behaviour_of_harmless_variants_is_used() -> None:
    several = [each.arguments["behaviours"] for each in VARIANTS if each.behaviour == "several"]
    used = {each.behaviour for each in VARIANTS} | {b["name"] for bs in several for b in bs}
    own = variants.BEHAVIOURS

    assert (set(own) - used, {n for n in own if BEHAVIOURS[n] is not own[n]}) == (set(), set())


@cache
def _enumerated() -> tuple[Scenario, ...]:
    """Some of the enumerated scenarios, from all of the tables."""
    plan = make_plan(spec(), scope=Scope(), seed=1, examples=0, dry_run=False)
    return plan.scenarios[::17]


async def _findings(server: Mock, scenarios: tuple[Scenario, ...]) -> list[Finding]:
    target = MockTarget(server)
    interpretations, _ = await discover_interpretations(spec(), target, "interpretations")
    target.facts = msgspec.structs.replace(target.facts, interpretations=interpretations)
    found: list[Finding] = []
    for number, scenario in enumerate(scenarios):
        played = await play(spec(), target, scenario, identifier=f"s{number:04}")
        found += judge(spec(), target.facts, played.orders, played.exchanges)
    return found


def _failed(server: Mock, scenarios: tuple[Scenario, ...]) -> set[str]:
    found = asyncio.run(_findings(server, scenarios))
    return {finding.requirement for finding in found if finding.verdict == "FAIL"}


SAMPLE = (
    "header-names-upper-case",
    "error-message-in-the-singular",
    "order-without-lists",
    "extension-path-of-the-description",
    "keys-within-the-path",
    "as-the-page-has-it",
)


@pytest.mark.parametrize("kind", sorted({variant.kind for variant in VARIANTS}))
def test_no_harmless_variant_fails_on_a_call_of_every_kind(kind: str) -> None:
    of_kind = [variant for variant in VARIANTS if variant.kind == kind]

    assert {v.id: _failed(make_mutant(spec(), v), (EVERYTHING,)) for v in of_kind} == {
        v.id: set() for v in of_kind
    }


@pytest.mark.parametrize("name", SAMPLE)
def test_a_harmless_variant_fails_nothing(name: str) -> None:
    assert _failed(made(name), _enumerated()) == set()


ON_ANOTHER_ORDER = (
    Scenario(
        plan=FULL,
        other=FULL,
        steps=(refund(1_000, key=Key("k"), order="other"), refund(1_000, key=Key("k"))),
    ),
    Scenario(
        plan=NONE,
        other=NONE,
        steps=(
            capture(1_000, key=Key("k"), order="other"),
            capture(1_000, key=Key("k")),
            refund(1_000, key=Key("k")),
        ),
    ),
)


@pytest.mark.parametrize(
    "name", ["ids-counting-in-each-order", "ids-counting-and-keys-within-the-server"]
)
def test_an_equal_id_on_another_order_is_not_the_first_answer(name: str) -> None:
    assert _failed(made(name), ON_ANOTHER_ORDER) == set()


def test_an_extension_repeated_with_its_key_has_the_same_body() -> None:
    again = extend(offered(0), key=Key("k"))
    exchanges = played("options-other-after-extension", FULL, again, again).exchanges
    bodies = [each.request.body.text for each in exchanges if each.request.method == "PATCH"]

    assert bodies == [bodies[0]] * 2


class _WithIds(Mock):
    """A mock whose orders, captures, refunds and errors all have ids of another form."""

    form = "{n}"

    def new_id(self, _kind: IdKind = "correlation") -> str:
        self._numbers = getattr(self, "_numbers", 1_000) + 1
        return self.form.format(n=self._numbers, uuid=uuid.UUID(int=self._numbers))


@pytest.mark.parametrize(
    "form",
    ["{n}", "{uuid}-" * 7 + "{n}", "KR.{n}~x_y-z", "{uuid}:{n};v=1,2@se", "ORDER-{n}"],
    ids=["numbers", "long", "dots and tildes", "reserved characters", "upper case"],
)
def test_ids_need_not_be_uuids(form: str) -> None:
    server = type("Server", (_WithIds,), {"form": form})

    assert _failed(server(spec()), SCENARIOS) == set()


def test_a_location_in_another_percent_encoding_is_read_once() -> None:
    server = type("Server", (_WithIds,), {"form": "{n}:1"})
    reads = [
        [each.request.path.count("/refunds/") for each in played(kind, FULL, refund(100)).exchanges]
        for kind in (server, Mock)
    ]

    assert reads[0] == reads[1]


# Differences that need a socket.


def _altering(alter: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Wrapper:
    """Sends other ASGI messages for each one that the mock sends."""

    def wrap(app: App) -> App:
        async def altered(scope: Any, receive: Any, send: Any) -> None:
            async def send_altered(message: dict[str, Any]) -> None:
                for each in alter(message):
                    await send(each)

            await app(scope, receive, send_altered)

        return altered

    return wrap


def _with_headers(
    change: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]],
) -> Wrapper:
    def alter(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != "http.response.start":
            return [message]
        return [{**message, "headers": change(list(message["headers"]))}]

    return _altering(alter)


def _in_chunks(message: dict[str, Any]) -> list[dict[str, Any]]:
    if message["type"] == "http.response.start":
        kept = [(k, v) for k, v in message["headers"] if k != b"content-length"]
        return [{**message, "headers": kept}]
    body: bytes = message.get("body", b"")
    pieces = [body[n : n + 7] for n in range(0, len(body), 7)]
    return [*({**message, "body": piece, "more_body": True} for piece in pieces), _END]


_END: dict[str, Any] = {"type": "http.response.body", "body": b"", "more_body": False}


def _slow(app: App) -> App:
    """Later calls are answered faster than earlier ones."""
    count = 0

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        nonlocal count
        count += 1
        await asyncio.sleep(0.03 - 0.01 * (count % 3))
        await app(scope, receive, send)
        await asyncio.sleep(0.005)

    return slow


def _other_places(app: App) -> App:
    """Locations and paths of resources end in a slash."""

    def alter(message: dict[str, Any]) -> list[dict[str, Any]]:
        headers = [(k, v + b"/" if k == b"location" else v) for k, v in message.get("headers", [])]
        return [{**message, "headers": headers} if "headers" in message else message]

    reported = _altering(alter)(app)

    async def found(scope: Any, receive: Any, send: Any) -> None:
        raw = scope["raw_path"].rstrip(b"/")
        await reported({**scope, "raw_path": raw, "path": raw.decode()}, receive, send)

    return found


def _refusing_in_flight(status: int) -> Wrapper:
    """A retry of a call in flight is refused."""

    def wrap(app: App) -> App:
        in_flight: set[tuple[str, bytes]] = set()

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            key = dict(scope["headers"]).get(b"klarna-idempotency-key", b"")
            call = (scope["path"], key)
            if call in in_flight:
                await _refuse(send, status)
                return
            if key:
                in_flight.add(call)
            try:
                await asyncio.sleep(0.05 if key else 0)
                await app(scope, receive, send)
            finally:
                in_flight.discard(call)

        return answer

    return wrap


async def _refuse(send: Any, status: int) -> None:
    error = {
        "error_code": "CONFLICT",
        "error_messages": ["The first call is not answered yet."],
        "correlation_id": str(uuid.uuid4()),
    }
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error).encode()})


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """Serves an ASGI application on a loopback socket until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def _outcome(summary: Summary) -> tuple[list[str], tuple[str, ...], bool]:
    failed = [r.id for r in summary.requirements if r.verdict == "FAIL"]
    return failed, summary.errors, summary.exchanges > 60


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda app: app, id="the mock as it is"),
        pytest.param(_altering(_in_chunks), id="answers in chunks"),
        pytest.param(_slow, id="slow answers, later calls first"),
        pytest.param(
            _with_headers(lambda headers: [(k.upper(), v) for k, v in headers]),
            id="header names in upper case",
        ),
        pytest.param(
            _with_headers(lambda headers: [*headers, (b"connection", b"close")]),
            id="each connection is closed",
        ),
        pytest.param(
            _with_headers(lambda headers: [*headers, (b"via", b"1.1 one"), (b"via", b"1.1 two")]),
            id="headers that come twice",
        ),
        pytest.param(_other_places, id="paths that end in a slash"),
        pytest.param(_refusing_in_flight(409), id="409 for what is in flight"),
        pytest.param(_refusing_in_flight(429), id="429 for what is in flight"),
    ],
)
def test_differences_in_transport_fail_nothing(wrap: Wrapper, tmp_path: Path) -> None:
    with _served(wrap(asgi(Mock(spec())))) as base_url:
        summary = run_on(base_url, tmp_path, SCENARIOS)

    assert _outcome(summary) == ([], (), True)


class _OldProxy(BaseHTTPRequestHandler):
    """A proxy that answers in HTTP/1.0: the body ends with the connection."""

    protocol_version = "HTTP/1.0"
    upstream: httpx.Client

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        named = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        body = self.rfile.read(length)
        answer = self.upstream.request(self.command, self.path, headers=named, content=body)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_PATCH = do_GET  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def _behind_an_old_proxy(upstream: str) -> Iterator[str]:
    client = httpx.Client(base_url=upstream, trust_env=False)
    handler = type("Handler", (_OldProxy,), {"upstream": client})
    with client, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)


def test_responses_in_http_1_0_fail_nothing(tmp_path: Path) -> None:
    with _served(asgi(Mock(spec()))) as mock_url, _behind_an_old_proxy(mock_url) as base_url:
        summary = run_on(base_url, tmp_path, SCENARIOS)

    assert _outcome(summary) == ([], (), True)
