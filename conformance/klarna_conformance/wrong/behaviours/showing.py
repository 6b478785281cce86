"""Reads that differ from the bookings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from klarna_conformance.mock.deviation import Booking, Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import value
from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger


def shows(*, of: Sequence[str], to: Mapping[str, str], when: str = "true") -> Deviation:
    """Members of a resource are the values of expressions over its other members."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation not in of:
            return resource
        parts = as_array(resource)
        if parts is not None:
            return [_changed(as_object(part) or {}, to, when) for part in parts]
        return _changed(as_object(resource) or {}, to, when)

    return Deviation(shown=shown)


def _changed(resource: dict[str, Any], to: Mapping[str, str], when: str) -> dict[str, Any]:
    numbers = {name: number for name, number in resource.items() if is_integer(number)}
    refunds, captures = (as_array(resource.get(kind)) or [] for kind in ("refunds", "captures"))
    last = (as_object(refunds[-1]) or {}).get("refunded_amount", 0) if refunds else 0
    known = {
        **numbers,
        "refunds": len(refunds),
        "captures": len(captures),
        "last_refunded_amount": last,
    }
    if value(when, known) is not True:
        return resource
    return {**resource, **{name: value(expression, known) for name, expression in to.items()}}


def shows_lists(*, of: Sequence[str], to: str, member: str = "", above: int = 0) -> Deviation:
    """A list (a member, or the whole resource) longer than `above` is wrong."""
    change = _LISTS[to]

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        whole = as_object(resource) or {}
        parts = as_array(whole.get(member) if member else resource)
        if call.operation.operation not in of or parts is None or len(parts) <= above:
            return resource
        return {**whole, member: change(parts)} if member else change(parts)

    return Deviation(shown=shown)


_LISTS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "without-last": lambda parts: parts[:-1],
    "without-first": lambda parts: parts[1:],
    "last-twice": lambda parts: [*parts, *parts[-1:]],
    "first-for-all": lambda parts: parts[:1] * len(parts),
    "first-two": lambda parts: parts[:2],
    "empty": lambda _: [],
}


def shows_late(*, of: Sequence[str], members: Sequence[str] = (), after: str = "true") -> Deviation:
    """A read shows the order, or some members of it, as before the last change.

    `of` names the operations whose changes appear late; `after` is an expression over the number of
    `refunds` of the order.
    """
    before: dict[str, Any] = {}

    def booked(booking: Booking, mock: Mock) -> Ledger:
        if booking.effect:
            before.pop(booking.call.order_id, None)
        known = {"refunds": len(booking.ledger.refunds)}
        concerned = booking.effect and booking.call.operation.operation in of
        if concerned and value(after, known) is True:
            get_order = mock.spec.operations["getOrder"]
            read = msgspec.structs.replace(booking.call, operation=get_order)
            before[booking.call.order_id] = mock.resource(read)
        return booking.after()

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOrder" or call.order_id not in before:
            return resource
        late = as_object(before[call.order_id]) or {}
        return {**resource, **{name: late[name] for name in members}} if members else late

    return Deviation(booked=booked, shown=shown)


def shows_another_order(*, from_nth: int = 1) -> Deviation:
    """From the n-th read of an order, the previously created order is shown."""
    reads: dict[str, int] = {}

    def understood(call: Call, mock: Mock) -> Call:
        if call.operation.operation != "getOrder" or call.order_id not in mock.orders:
            return call
        reads[call.order_id] = reads.get(call.order_id, 0) + 1
        position = list(mock.orders).index(call.order_id)
        if reads[call.order_id] < from_nth or not position:
            return call
        return msgspec.structs.replace(call, order_id=list(mock.orders)[position - 1])

    return Deviation(understood=understood)


def shows_the_latest_refund() -> Deviation:
    """Each refund has the amount of the latest one of the order."""

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        refunds = mock.orders[call.order_id].refunds
        if call.operation.operation != "getRefund" or not refunds:
            return resource
        return {**resource, "refunded_amount": refunds[-1].refunded_amount}

    return Deviation(shown=shown)


def captures_show_the_latest_refund() -> Deviation:
    """The only capture of an order has the amount of the latest refund as its refunded amount."""

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        refunds = mock.orders[call.order_id].refunds
        captures = as_array(resource.get("captures")) if "captures" in resource else None
        if not refunds or captures is None or len(captures) != 1:
            return resource
        amount = refunds[-1].refunded_amount
        return {**resource, "captures": [{**captures[0], "refunded_amount": amount}]}

    return Deviation(shown=shown)


def options_used_up(*, by: Literal["refusal", "read", "neighbour"]) -> Deviation:
    """The extension options of a capture are gone after something that should leave them."""
    gone: set[tuple[str, str]] = set()

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        for order_id, capture_id in gone:
            if ledger is not None and order_id == call.order_id:
                ledger = mock.orders[order_id] = ledger.with_options(capture_id, ())
        return call

    def booked(booking: Booking, _mock: Mock) -> Ledger:
        call, ledger = booking.call, booking.ledger
        if call.operation.operation == "extendDueDate":
            if by == "refusal" and not booking.answer.success:
                gone.add((ledger.order_id, call.capture_id or ""))
            if by == "neighbour" and booking.effect:
                others = (c for c in ledger.captures if c.capture_id != call.capture_id)
                gone.update((ledger.order_id, other.capture_id) for other in others)
        return booking.after()

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if by == "read" and call.operation.operation == "getOptionsForExtendDueDate":
            gone.add((call.order_id, call.capture_id or ""))
        return resource

    return Deviation(understood=understood, booked=booked, shown=shown)


def read_changes(*, of: Sequence[str], to: Mapping[str, str]) -> Deviation:
    """A read changes members of the order to the values of expressions."""

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        ledger = mock.orders.get(call.order_id)
        if call.operation.operation in of and ledger is not None:
            known = {
                "captured": ledger.captured_amount,
                "refunded": ledger.refunded_amount,
                "remaining": ledger.remaining_authorized_amount,
            }
            changed = {name: value(expression, known) for name, expression in to.items()}
            mock.orders[call.order_id] = msgspec.structs.replace(ledger, **changed)
        return resource

    return Deviation(shown=shown)
