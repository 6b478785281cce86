"""The mock as an ASGI application: the documented paths, and a control API beside them."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from klarna_conformance.mock.server import Mock
from klarna_conformance.network.connection import MAX_BODY_BYTES
from klarna_reports.record.record import ProvidedOrder
from klarna_specs.client.faults import FaultsTold
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.plan import Authorization, OrderPlan
from klarna_specs.scenario import Credentials

__all__ = ["Disturb", "answer", "credentials_of", "mock_app", "request_of"]

_TOGETHER_S = 0.05
"""What arrives within this many seconds is under way at the same time, where the mock races."""


class _Answer(msgspec.Struct):
    order_id: str
    capture_ids: tuple[str, ...]
    authorization: Authorization


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance_s: int


class _Fraud(msgspec.Struct, forbid_unknown_fields=True):
    fraud_status: Literal["ACCEPTED", "PENDING", "REJECTED"]


Disturb = Callable[[FaultsTold | None], Awaitable[int]]
"""Has the next calls meet faults (None: none any more); how many wait now. Raises ValueError."""


def mock_app(
    mock: Mock,
    *,
    username: str,
    password: str,
    control: bool = True,
    disturb: Disturb | None = None,
) -> Starlette:
    """The ASGI application of a mock; `control` opens `/_control/...`.

    Faults act on sockets, so that there are none where nothing is there to `disturb` them.
    """

    async def documented(request: HttpRequest) -> HttpResponse:
        body = await _body(request)
        if body is None:
            return HttpResponse(status_code=413)
        asked = request_of(
            request.method,
            request.scope["raw_path"],
            request.headers.items(),
            body,
            credentials=credentials_of(_authorization(request), username, password),
        )
        base_url = f"{request.url.scheme}://{request.headers.get('host', '')}"
        answered = await answer(mock, asked, base_url)
        response = HttpResponse(answered.body.raw, answered.status)
        if answered.status == 204:
            del response.headers["content-length"]
        for name, value in answered.headers:
            response.headers.append(name, value)
        return response

    tokens = Route(
        "/customer-token/v1/tokens/{token}/order",
        _token_orders(mock, username, password),
        methods=["POST"],
    )
    controls = [
        Route("/_control/orders", _orders(mock), methods=["POST"]),
        Route("/_control/orders/{order_id}", _fraud(mock), methods=["POST"]),
        Route("/_control/clock", _clock(mock), methods=["POST"]),
        Route("/_control/faults", _faults(disturb), methods=["POST"]),
        Route("/_control/exchanges", _exchanges(mock), methods=["GET"]),
        Route("/_control/reset", _reset(mock, disturb), methods=["POST"]),
    ]
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
    anything = Route("/{path:path}", documented, methods=methods)
    return Starlette(routes=[tokens, *(controls if control else []), anything])


def request_of(
    method: str,
    raw_path: bytes,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    credentials: Credentials,
) -> Request:
    """A request as the mock takes it, with what its credentials are worth instead of them."""
    return Request(
        method=method,
        path=raw_path.decode("latin-1").split("?")[0],
        headers=tuple(each for each in headers if each[0].lower() != "authorization"),
        body=Payload.of(body),
        credentials=credentials,
    )


async def answer(mock: Mock, asked: Request, base_url: str) -> Response:
    """What the mock answers, once what is sent at the same time has arrived."""
    if mock.races:
        mock.arrive(asked)
        await asyncio.sleep(_TOGETHER_S)
    return mock.respond(asked, base_url)


async def _body(request: HttpRequest) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _authorization(request: HttpRequest) -> str | None:
    return ", ".join(request.headers.getlist("authorization")) or None


def credentials_of(header: str | None, username: str, password: str) -> Credentials:
    """What an Authorization header is worth; several, joined by commas, are worth nothing."""
    if not header:
        return "none"
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return "other_scheme"
    try:
        given = base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "not_base64"
    user, _, word = given.partition(b":")
    if not secrets.compare_digest(user, username.encode()):
        return "wrong_username"
    return "valid" if secrets.compare_digest(word, password.encode()) else "wrong_password"


def _json(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(value), status, media_type="application/json")


def _orders(mock: Mock) -> Any:
    async def make_order(request: HttpRequest) -> HttpResponse:
        try:
            plan = msgspec.json.decode(await request.body(), type=OrderPlan)
        except msgspec.DecodeError as exc:
            return _json({"unavailable": f"this is no order plan: {exc}"}, 400)
        problem = plan.problem
        if plan.market not in mock.spec.markets:
            problem = f"there is no market {plan.market!r}"
        if problem:
            return _json({"unavailable": f"this order cannot be: {problem}"}, 400)
        made: ProvidedOrder = mock.make_order(plan)
        answer = _Answer(
            order_id=made.order_id, capture_ids=made.capture_ids, authorization=made.rest
        )
        return _json(answer, 201)

    return make_order


def _fraud(mock: Mock) -> Any:
    async def check(request: HttpRequest) -> HttpResponse:
        try:
            told = msgspec.json.decode(await request.body(), type=_Fraud)
        except msgspec.DecodeError as exc:
            return _json({"error": f'expected {{"fraud_status": "PENDING"}}: {exc}'}, 400)
        known = mock.check_fraud(request.path_params["order_id"], told.fraud_status)
        return HttpResponse(status_code=204) if known else _json({"error": "no such order"}, 404)

    return check


class _TokenOrder(msgspec.Struct):
    purchase_country: str
    purchase_currency: str
    order_amount: int


def _token_orders(mock: Mock, username: str, password: str) -> Any:
    """Makes orders as a customer token does, whatever the token: with nothing captured."""

    async def make_order(request: HttpRequest) -> HttpResponse:
        if credentials_of(_authorization(request), username, password) != "valid":
            return HttpResponse(status_code=401)
        try:
            told = msgspec.json.decode(await request.body(), type=_TokenOrder)
        except msgspec.DecodeError as exc:
            return _json({"error_code": "BAD_VALUE", "error_messages": [str(exc)]}, 400)
        plan = OrderPlan(
            market=told.purchase_country,
            currency=told.purchase_currency,
            order_amount=told.order_amount,
        )
        made = mock.make_order(plan)
        return _json({"order_id": made.order_id, "fraud_status": "ACCEPTED"})

    return make_order


def _clock(mock: Mock) -> Any:
    async def advance(request: HttpRequest) -> HttpResponse:
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Advance)
        except msgspec.DecodeError as exc:
            return _json({"error": f'expected {{"advance_s": <seconds>}}: {exc}'}, 400)
        mock.advance(wanted.advance_s)
        return _json({"now_s": mock.now_s})

    return advance


def _faults(disturb: Disturb | None) -> Any:
    async def add(request: HttpRequest) -> HttpResponse:
        if disturb is None:
            return _json({"error": "this mock has no socket whose connections could fail"}, 501)
        try:
            told = msgspec.json.decode(await request.body(), type=FaultsTold)
            return _json({"waiting": await disturb(told)})
        except (msgspec.DecodeError, ValueError) as exc:
            return _json({"error": f'expected for example {{"faults": ["lost"]}}: {exc}'}, 400)

    return add


def _exchanges(mock: Mock) -> Any:
    async def exchanges(_: HttpRequest) -> HttpResponse:
        return _json(list(mock.exchanges))

    return exchanges


def _reset(mock: Mock, disturb: Disturb | None) -> Any:
    async def reset(_: HttpRequest) -> HttpResponse:
        mock.reset()
        if disturb is not None:
            await disturb(None)
        return HttpResponse(status_code=204)

    return reset
