"""Race conditions: the check and the booking of concurrent calls are not atomic.

`of` names operations, and `when` is an expression over the variables of `situation`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from klarna_conformance.mock.deviation import Booking, Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.behaviours.situation import situation, value
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger

_What = Literal["everything", "amounts", "keys", "authorization"]
_MEMBERS: Mapping[_What, tuple[str, ...]] = {
    "amounts": ("captured_amount", "refunded_amount", "remaining_authorized_amount"),
    "keys": ("keys",),
    "authorization": ("released", "cancelled", "remaining_authorized_amount"),
}


def checks_on_arrival(
    *, of: Sequence[str], what: _What = "everything", after: int = 1, when: str = "true"
) -> Deviation:
    """Calls are checked against the order at their arrival, and booked later.

    Affects only calls before which at least `after` concurrent ones were booked.
    """

    def assessed_on(call: Call, now: Ledger, arrived: Ledger) -> Ledger:
        if not _concerned(call, now, of, when) or now.turn - arrived.turn < after:
            return now
        if what == "everything":
            return arrived
        stale = {name: getattr(arrived, name) for name in _MEMBERS[what]}
        return msgspec.structs.replace(now, **stale)

    return Deviation(assessed_on=assessed_on)


def loses_updates(*, of: Sequence[str]) -> Deviation:
    """A booking overwrites bookings since the arrival of its call."""
    arrivals: dict[str, Ledger] = {}

    def assessed_on(_call: Call, now: Ledger, arrived: Ledger) -> Ledger:
        arrivals[now.order_id] = arrived
        return now

    def booked(booking: Booking, _mock: Mock) -> Ledger:
        before = booking.ledger
        if booking.effect and booking.call.operation.operation in of:
            arrived = arrivals.get(before.order_id, before)
            before = msgspec.structs.replace(arrived, keys=before.keys, turn=before.turn)
        return booking._replace(ledger=before).after()

    return Deviation(assessed_on=assessed_on, booked=booked)


def fails_when_overtaken(*, of: Sequence[str], status: int) -> Deviation:
    """A call after a concurrent one is booked, but answered with an error."""
    overtaken = _Overtaken(of)

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        return Response(status=status) if overtaken.now else response

    return Deviation(assessed_on=overtaken.assessed_on, sent=sent)


def answers_as_the_one_before(*, of: Sequence[str]) -> Deviation:
    """A call after a concurrent one gets the response of that one."""
    overtaken = _Overtaken(of)
    before: dict[str, Response] = {}

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        call = sending.assessment.call
        if overtaken.now and response.is_success:
            return before.get(call.order_id, response)
        if call.operation.operation in of:
            before[call.order_id] = response
        return response

    return Deviation(assessed_on=overtaken.assessed_on, sent=sent)


class _Overtaken:
    """Whether a concurrent call was booked between the arrival of the current one and its turn."""

    def __init__(self, of: Sequence[str]) -> None:
        self.now = False
        self._of = of

    def assessed_on(self, call: Call, now: Ledger, arrived: Ledger) -> Ledger:
        self.now = call.operation.operation in self._of and now.turn > arrived.turn
        return now


def _concerned(call: Call, ledger: Ledger, of: Sequence[str], when: str) -> bool:
    if call.operation.operation not in of:
        return False
    return when == "true" or value(when, situation(ledger, call)) is True
