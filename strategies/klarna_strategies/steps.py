"""Steps by name, so that a scenario can be written by hand in one line."""

from typing import Any

import msgspec

from klarna_specs.scenario import OFFERED, Body, Empty, Json, Key, OrderRef, ResourceRef, Step
from klarna_specs.spec import Operation

__all__ = [
    "cancel",
    "capture",
    "extend",
    "get_capture",
    "get_captures",
    "get_options",
    "get_order",
    "get_refund",
    "offered",
    "plainest",
    "refund",
    "release",
]


def plainest(operation: Operation) -> Step:
    """The simplest call of any operation: its example body, on the first capture or refund."""
    step = Step(
        operation=operation.operation,
        capture=0 if "{capture_id}" in operation.path else None,
        refund=0 if "{refund_id}" in operation.path else None,
    )
    if operation.example is None:
        return step
    return msgspec.structs.replace(step, body=Json(operation.example))


def refund(
    refunded_amount: Any, *, order: OrderRef = "this", key: Key | None = None, **members: Any
) -> Step:
    """A refund (refundOrder) in minor units; `members` are the optional ones of the body."""
    body = Json({"refunded_amount": refunded_amount, **members})
    return Step(operation="refundOrder", order=order, body=body, key=key)


def capture(
    captured_amount: Any, *, order: OrderRef = "this", key: Key | None = None, **members: Any
) -> Step:
    """A capture (captureOrder) in minor units; `members` are the optional ones of the body."""
    body = Json({"captured_amount": captured_amount, **members})
    return Step(operation="captureOrder", order=order, body=body, key=key)


def release(*, order: OrderRef = "this", key: Key | None = None, body: Body | None = None) -> Step:
    """A release of the remaining authorization, without a body unless one is given."""
    return Step(
        operation="releaseRemainingAuthorization", order=order, key=key, body=body or Empty()
    )


def cancel(*, order: OrderRef = "this", key: Key | None = None) -> Step:
    """A cancellation of the order (cancelOrder)."""
    return Step(operation="cancelOrder", order=order, key=key)


def offered(index: int, *, plus: int = 0) -> dict[str, int]:
    """The days of the n-th extension option (from 0), plus some; filled in when it is sent."""
    return {OFFERED: index, "plus": plus} if plus else {OFFERED: index}


def extend(
    number_of_days: Any,
    *,
    capture: ResourceRef = 0,
    order: OrderRef = "this",
    key: Key | None = None,
) -> Step:
    """An extension of the due date of a capture (extendDueDate), the first one by default."""
    body = Json({"number_of_days": number_of_days})
    return Step(operation="extendDueDate", order=order, capture=capture, body=body, key=key)


def get_order(*, order: OrderRef = "this") -> Step:
    """A read of the order (getOrder)."""
    return Step(operation="getOrder", order=order)


def get_captures(*, order: OrderRef = "this") -> Step:
    """A read of all captures of the order (getCaptures)."""
    return Step(operation="getCaptures", order=order)


def get_capture(capture: ResourceRef = 0, *, order: OrderRef = "this") -> Step:
    """A read of a capture (getCapture), the first one by default."""
    return Step(operation="getCapture", order=order, capture=capture)


def get_refund(refund: ResourceRef = 0, *, order: OrderRef = "this") -> Step:
    """A read of a refund (getRefund), the first one by default."""
    return Step(operation="getRefund", order=order, refund=refund)


def get_options(capture: ResourceRef = 0, *, order: OrderRef = "this") -> Step:
    """A request for the extension options of a capture, the first one by default."""
    return Step(operation="getOptionsForExtendDueDate", order=order, capture=capture)
