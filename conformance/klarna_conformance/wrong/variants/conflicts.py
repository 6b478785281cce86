"""Harmless responses to concurrent calls, whose outcome is not documented."""

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome


def conflicts() -> Deviation:
    """A change after a concurrent one is refused without an effect.

    Invalid calls are refused as usual.
    """
    overtaken = False
    conflict = Outcome(kind="refusal", responses=("not_found",))

    def assessed_on(call: Call, now: Ledger, arrived: Ledger) -> Ledger:
        nonlocal overtaken
        overtaken = call.operation.changes and now.turn > arrived.turn
        return now

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        return conflict if overtaken and documented.kind != "refusal" else documented

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        conflicts = sending.outcome is conflict
        return msgspec.structs.replace(response, status=409) if conflicts else response

    return Deviation(assessed_on=assessed_on, chosen=chosen, sent=sent)
