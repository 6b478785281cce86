"""Calls on orders, as the tests of the oracle write them."""

import json
from typing import Any, NamedTuple

from klarna_specs.calls import KEY_HEADER, Call, read_call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Payload, Request
from klarna_specs.ledger import Answer, Ledger, open_ledger
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess
from klarna_specs.plan import OrderPlan

SPEC = load()

SOCKS = {
    "name": "Socks",
    "type": "physical",
    "quantity": 2,
    "unit_price": 2000,
    "total_amount": 4000,
}
FEE = {
    "name": "Way back",
    "type": "return_fee",
    "quantity": 1,
    "unit_price": -500,
    "total_amount": -500,
}
TAXED = {**SOCKS, "tax_rate": 2500, "total_tax_amount": 800}
EXTRA_FEE = {**FEE, "unit_price": -1, "total_amount": -1}
NO_FEE = {**FEE, "unit_price": 0, "total_amount": 0}
CREATED = Answer(success=True, status=201, resource_id="refund-1", location="/refunds/refund-1")
DONE = Answer(success=True, status=204)
REFUSED = Answer(success=False, status=403, error_code="REFUND_NOT_ALLOWED")


class On(NamedTuple):
    """A call and the order that it is made on; `before` is what was done to the order by then."""

    operation: str
    body: Any = None
    order: dict[str, Any] | None = {}  # noqa: RUF012 - never changed
    before: tuple[tuple[str, Any], ...] = ()
    offered: tuple[int, ...] | None = (10, 30)
    call: dict[str, Any] = {}  # noqa: RUF012 - never changed


def plain(amount: Any, **on: Any) -> On:
    return On("refundOrder", {"refunded_amount": amount}, **on)


def lines(amount: int, *lines: dict[str, Any], **on: Any) -> On:
    return On("refundOrder", {"refunded_amount": amount, "order_lines": list(lines)}, **on)


def refunded(amount: int, *lines: dict[str, Any]) -> dict[str, Any]:
    """The member `before` of a situation: an earlier refund."""
    body = {"refunded_amount": amount, **({"order_lines": list(lines)} if lines else {})}
    return {"before": (("refundOrder", body),)}


def release(**on: Any) -> On:
    return On("releaseRemainingAuthorization", **{"order": PART, **on})


def extend(days: Any = 10, **on: Any) -> On:
    return On("extendDueDate", {"number_of_days": days}, **on)


def options(**on: Any) -> On:
    return On("getOptionsForExtendDueDate", **on)


PART = {"captures": (6000,)}
WHOLE = {"captures": (10000,)}
LARGE = {"order_amount": 150_000_000, "captures": (150_000_000,)}


def allowed(assessment: Assessment) -> list[tuple[Any, ...]]:
    """Kind, responses and the requirements against each outcome."""
    return [(o.kind, o.responses, o.against) for o in assessment.outcomes]


def ids(requirements: tuple[Any, ...]) -> list[str]:
    return [requirement.id for requirement in requirements]


def kinds(assessment: Assessment) -> list[str]:
    return [outcome.kind for outcome in assessment.outcomes]


def make_call(
    operation: str,
    body: Any = None,
    *,
    raw: bytes | None = None,
    order_id: str = "order-1",
    capture_id: str = "capture-1",
    refund_id: str = "refund-1",
    key: str | None = None,
    credentials: Any = "valid",
    content_type: str | None = None,
) -> Call:
    """The call of an operation on an order."""
    documented = SPEC.operations[operation]
    if raw is None:
        raw = b"" if body is None else json.dumps(body).encode()
    headers = {KEY_HEADER: key, "Content-Type": content_type}
    request = Request(
        method=documented.method,
        path=documented.path.format(order_id=order_id, capture_id=capture_id, refund_id=refund_id),
        headers=tuple((name, value) for name, value in headers.items() if value is not None),
        body=Payload.of(raw),
        credentials=credentials,
    )
    call = read_call(SPEC, request)
    assert call is not None
    return call


def open_order(*, order_id: str = "order-1", **plan: Any) -> Ledger:
    """The ledger of an order: Swedish, of 10000, captured in one capture by default."""
    usual = {"market": "SE", "currency": "SEK", "order_amount": 10000, "captures": (10000,)}
    whole = OrderPlan(**{**usual, **plan})
    names = [f"capture-{i}" for i in range(1, len(whole.captures) + 1)]
    if order_id != "order-1":
        names = [f"{name}-of-{order_id}" for name in names]
    return open_ledger(whole, order_id, tuple(names))


def situated(on: On) -> Assessment:
    """What the oracle says of the call of a situation."""
    call = make_call(on.operation, on.body, **on.call)
    if on.order is None:
        return assess(SPEC, None, call)
    ledger = open_order(**on.order)
    for operation, body in on.before:
        ledger = moved_on(ledger, make_call(operation, body), CREATED, effect=True)
    if on.offered is not None:
        for capture in ledger.captures:
            ledger = ledger.with_options(capture.capture_id, on.offered)
    return assess(SPEC, ledger, call)
