"""The undocumented paths of a mock: its control API, and customer tokens."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from klarna_conformance.mock.answering import answer
from klarna_conformance.mock.server import Mock
from klarna_specs.client.faults import InjectedFaults
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.plan import Authorization, OrderPlan

__all__ = ["BESIDE", "Control", "Disturb"]

BESIDE = ("/_control/", "/customer-token/")
"""Prefixes of the undocumented paths."""

Disturb = Callable[[InjectedFaults | None], Awaitable[int]]
"""Queues faults for the next requests (None: clears the queue), and returns the length of the
queue. Raises ValueError."""


class _Answer(msgspec.Struct):
    order_id: str
    capture_ids: tuple[str, ...]
    authorization: Authorization


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance_s: int


class _Fraud(msgspec.Struct, forbid_unknown_fields=True):
    fraud_status: Literal["ACCEPTED", "PENDING", "REJECTED"]


class _TokenOrder(msgspec.Struct):
    purchase_country: str
    purchase_currency: str
    order_amount: int


class Control:
    """Answers every request to a mock; with `opened` also those to `/_control/...`.

    Faults act on sockets: without `disturb` they are refused.
    """

    def __init__(self, mock: Mock, *, opened: bool = True, disturb: Disturb | None = None) -> None:
        self._mock = mock
        self._opened = opened
        self._disturb = disturb

    async def answer(self, request: Request, base_url: str) -> Response:
        """The response; `request.path` has no query."""
        mock = self._mock
        if not request.path.startswith(BESIDE):
            return await answer(mock, request, base_url)
        body = request.body.raw
        match request.method, request.path.split("/")[1:]:
            case "POST", ["customer-token", "v1", "tokens", _, "order"]:
                return _token_order(mock, request)
            case "POST", ["_control", "orders"] if self._opened:
                return _make_order(mock, body)
            case "POST", ["_control", "orders", order_id] if self._opened:
                return _set_fraud_status(mock, order_id, body)
            case "POST", ["_control", "clock"] if self._opened:
                return _advance_clock(mock, body)
            case "POST", ["_control", "faults"] if self._opened:
                return await self._add_faults(body)
            case "GET" | "HEAD", ["_control", "exchanges"] if self._opened:
                return _json(list(mock.exchanges))
            case "GET" | "HEAD", ["_control", "health"] if self._opened:
                health = {"status": "ok", "profile": mock.spec.profile.name}
                return _json({**health, "specs": mock.spec.fingerprint})
            case "POST", ["_control", "reset"] if self._opened:
                return await self._reset()
            case _:
                return await answer(mock, request, base_url)

    async def _add_faults(self, body: bytes) -> Response:
        if self._disturb is None:
            return _json({"error": "this mock has no socket whose connections could fail"}, 501)
        try:
            faults = msgspec.json.decode(body, type=InjectedFaults)
            return _json({"waiting": await self._disturb(faults)})
        except (msgspec.DecodeError, ValueError) as exc:
            return _json({"error": f'expected for example {{"faults": ["lost"]}}: {exc}'}, 400)

    async def _reset(self) -> Response:
        self._mock.reset()
        if self._disturb is not None:
            await self._disturb(None)
        return Response(status=204)


def _make_order(mock: Mock, body: bytes) -> Response:
    try:
        plan = msgspec.json.decode(body, type=OrderPlan)
    except msgspec.DecodeError as exc:
        return _json({"unavailable": f"this is no order plan: {exc}"}, 400)
    problem = plan.problem
    if plan.market not in mock.spec.markets:
        problem = f"there is no market {plan.market!r}"
    if problem:
        return _json({"unavailable": f"this order cannot be: {problem}"}, 400)
    made = mock.make_order(plan)
    return _json(
        _Answer(order_id=made.order_id, capture_ids=made.capture_ids, authorization=made.rest), 201
    )


def _set_fraud_status(mock: Mock, order_id: str, body: bytes) -> Response:
    try:
        fraud = msgspec.json.decode(body, type=_Fraud)
    except msgspec.DecodeError as exc:
        return _json({"error": f'expected {{"fraud_status": "PENDING"}}: {exc}'}, 400)
    known = mock.check_fraud(order_id, fraud.fraud_status)
    return Response(status=204) if known else _json({"error": "no such order"}, 404)


def _advance_clock(mock: Mock, body: bytes) -> Response:
    try:
        wanted = msgspec.json.decode(body, type=_Advance)
    except msgspec.DecodeError as exc:
        return _json({"error": f'expected {{"advance_s": <seconds>}}: {exc}'}, 400)
    mock.advance(wanted.advance_s)
    return _json({"now_s": mock.now_s})


def _token_order(mock: Mock, request: Request) -> Response:
    """Creates an order without captures, for any customer token."""
    if request.credentials != "valid":
        return Response(status=401)
    try:
        order = msgspec.json.decode(request.body.raw, type=_TokenOrder)
    except msgspec.DecodeError as exc:
        return _json({"error_code": "BAD_VALUE", "error_messages": [str(exc)]}, 400)
    plan = OrderPlan(
        market=order.purchase_country,
        currency=order.purchase_currency,
        order_amount=order.order_amount,
    )
    made = mock.make_order(plan)
    return _json({"order_id": made.order_id, "fraud_status": "ACCEPTED"})


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        status=status,
        headers=(("Content-Type", "application/json"),),
        body=Payload(msgspec.json.encode(value).decode()),
    )
