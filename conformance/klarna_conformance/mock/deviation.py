"""The seams at which a mock can deviate from the documentation."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from klarna_specs.calls import Call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Response
from klarna_specs.ledger import Answer, Ledger
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome

if TYPE_CHECKING:
    from klarna_conformance.mock.server import Mock

__all__ = ["ANY_FORM", "AS_DOCUMENTED", "Booking", "Deviation", "IdKind", "Sending"]

IdKind = Literal["order", "capture", "refund", "correlation"]
"""What an id is for."""


class Booking(NamedTuple):
    """An answered call and the ledger before it; `effect`: it changes the order."""

    ledger: Ledger
    call: Call
    answer: Answer
    effect: bool

    def after(self, *, effect: bool | None = None) -> Ledger:
        """The ledger after the call, with this effect instead of its own."""
        has_effect = self.effect if effect is None else effect
        return moved_on(self.ledger, self.call, self.answer, effect=has_effect)


class Sending(NamedTuple):
    """The context of a response; `base_url` is the address that the client uses."""

    assessment: Assessment
    outcome: Outcome
    base_url: str


def _chosen(assessment: Assessment, mock: "Mock") -> Outcome:
    """The first outcome; a success if only a usual form of the request could be refused."""
    if not all(mock.spec.forms[form].usual for form in assessment.call.forms):
        return assessment.outcomes[0]
    return _read_in_any_form(assessment, mock)


def _read_in_any_form(assessment: Assessment, _mock: "Mock") -> Outcome:
    """The first outcome; a success if only the form of the request could be refused."""
    first = assessment.outcomes[0]
    if not assessment.call.forms:
        return first
    successes = (each for each in assessment.outcomes if each.kind == "success")
    return next((each for each in successes if len(each.against) == 1), first)


class Deviation(NamedTuple):
    """How a mock differs from the documented server; each default is the documented behavior.

    `understood`: the call as the mock interprets it. `assessed_on`: the ledger on which a call is
    assessed, given the current one and the one at its arrival (None: the current one, and calls do
    not wait for concurrent ones). `chosen`: its outcome. `booked`: the ledger after it. `shown`:
    the resource that a read returns. `sent`: the final response. `identified`: the id that takes
    the place of a new UUID.
    """

    understood: Callable[[Call, "Mock"], Call] = lambda call, _mock: call
    assessed_on: Callable[[Call, Ledger, Ledger], Ledger] | None = None
    chosen: Callable[[Assessment, "Mock"], Outcome] = _chosen
    booked: Callable[[Booking, "Mock"], Ledger] = lambda booking, _mock: booking.after()
    shown: Callable[[Call, Any, "Mock"], Any] = lambda _call, resource, _mock: resource
    sent: Callable[[Sending, Response, "Mock"], Response] = lambda _sending, response, _mock: (
        response
    )
    identified: Callable[[IdKind, str], str] = lambda _kind, made: made


AS_DOCUMENTED = Deviation()
ANY_FORM = Deviation(chosen=_read_in_any_form)
"""Every open form of a body is read, so that a client that sends it can be tested further."""
