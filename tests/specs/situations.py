"""Calls on orders, as the tests of the oracle write them."""

from typing import Any, NamedTuple

from klarna_specs.ledger import Answer
from klarna_specs.oracle import Assessment

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
