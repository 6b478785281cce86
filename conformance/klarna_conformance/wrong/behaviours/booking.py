"""Wrong bookings: the response is right, the change of the order is wrong.

`of` names operations, `on` is the kind of outcome that is booked wrongly (`success`, `refusal` or
`replay`), and expressions use the variables of `situation`.
"""

from collections.abc import Mapping, Sequence

import msgspec

from klarna_conformance.mock.deviation import Booking, Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import situation, value
from klarna_specs.ledger import Ledger


def books(
    *, of: Sequence[str], to: Mapping[str, str], when: str = "true", on: str = "success"
) -> Deviation:
    """Members of the order are set to the values of expressions."""

    def booked(booking: Booking, _mock: Mock) -> Ledger:
        after = booking.after()
        if not _concerned(booking, of, when, on):
            return after
        variables = situation(booking.ledger, booking.call)
        new = {member: value(expression, variables) for member, expression in to.items()}
        known = {member: number for member, number in new.items() if number is not None}
        return msgspec.structs.replace(after, **known)

    return Deviation(booked=booked)


def does_anyway(*, of: Sequence[str], on: str, when: str = "true") -> Deviation:
    """A refused or replayed call is booked anyway."""

    def booked(booking: Booking, mock: Mock) -> Ledger:
        if not _concerned(booking, of, when, on):
            return booking.after()
        if booking.answer.resource_id is None:
            answer = msgspec.structs.replace(booking.answer, resource_id=mock.new_id("refund"))
            booking = booking._replace(answer=answer)
        return booking.after(effect=True)

    return Deviation(booked=booked)


def does_nothing(*, of: Sequence[str], when: str = "true") -> Deviation:
    """A successful call is not booked."""

    def booked(booking: Booking, _mock: Mock) -> Ledger:
        skipped = _concerned(booking, of, when, "success")
        return booking.after(effect=booking.effect and not skipped)

    return Deviation(booked=booked)


def does_elsewhere(
    *, of: Sequence[str], when: str = "true", here: bool = True, every: int = 1
) -> Deviation:
    """A call is booked on the neighbouring order, and `here` too or not."""
    count = 0

    def booked(booking: Booking, mock: Mock) -> Ledger:
        nonlocal count
        if not _concerned(booking, of, when, "success"):
            return booking.after()
        count += 1
        beside = _beside(booking.ledger.order_id, mock)
        if beside is None or count % every:
            return booking.after(effect=True)
        without_key = msgspec.structs.replace(booking.call, key=None)
        there = booking._replace(ledger=mock.orders[beside], call=without_key)
        mock.orders[beside] = there.after(effect=True)
        return booking.after(effect=here)

    return Deviation(booked=booked)


def _beside(order_id: str, mock: Mock) -> str | None:
    """The order that was created next, or else the previous one."""
    ids = list(mock.orders)
    position = ids.index(order_id)
    neighbours = (*ids[position + 1 : position + 2], *ids[max(position - 1, 0) : position])
    return next(iter(neighbours), None)


def _concerned(booking: Booking, of: Sequence[str], when: str, on: str) -> bool:
    kind = "success" if booking.effect else "replay" if booking.answer.success else "refusal"
    if kind != on or booking.call.operation.operation not in of:
        return False
    return value(when, situation(booking.ledger, booking.call)) is True
