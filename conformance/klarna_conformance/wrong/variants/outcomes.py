"""Harmless choices between several allowed outcomes."""

import json
from collections.abc import Sequence

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Payload, Response
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome


def may_accept(requirements: Sequence[str], when: str = "true") -> Deviation:
    """Accepts calls that break only these rules."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        responses = assessment.call.operation.responses
        refusing = {r.id for r in assessment.broken if responses[r.otherwise].kind == "refusal"}
        named = any(r.id in requirements for r in assessment.call.operation.requirements)
        if documented.kind != "refusal" or not named or refusing - {*requirements}:
            return documented
        if not assessment.holds(when):
            return documented
        return Outcome(kind="success", responses=(assessment.call.operation.success,))

    return Deviation(chosen=chosen)


def may_refuse(
    when: str,
    response: str,
    of: Sequence[str] = (),
    instead_of: Sequence[str] = ("success",),
) -> Deviation:
    """Refuses calls with a documented response when an expression holds."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        concerned = not of or assessment.call.operation.operation in of
        known = response in assessment.call.operation.responses
        if not (concerned and known and documented.kind in instead_of and assessment.holds(when)):
            return documented
        return Outcome(kind="refusal", responses=(response,))

    return Deviation(chosen=chosen)


def notices_first(responses: Sequence[str]) -> Deviation:
    """Of several reasons to refuse a call, uses the one that is first in a list."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        documented = assessment.outcomes[0]
        reasons = {rule.otherwise for rule in assessment.broken}
        first = next((name for name in responses if name in reasons), None)
        if documented.kind != "refusal" or first is None:
            return documented
        return Outcome(kind="refusal", responses=(first,))

    return Deviation(chosen=chosen)


def one_extension_path(interpretation: str) -> Deviation:
    """Accepts one of the two documented paths of an extension."""

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        call = assessment.call
        extends = call.operation.operation == "extendDueDate"
        if not extends or call.path_interpretation == interpretation or call.credentials != "valid":
            return assessment.outcomes[0]
        return Outcome(kind="refusal", responses=("not_found",))

    return Deviation(chosen=chosen)


def busy(every: int) -> Deviation:
    """Responds to every n-th call with 429, without an effect."""
    count = 0
    busy = False

    def understood(call: Call, _mock: Mock) -> Call:
        nonlocal count, busy
        count += 1
        busy = count % every == 0
        return msgspec.structs.replace(call, key=None) if busy else call

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        if not busy:
            return assessment.outcomes[0]
        return Outcome(kind="refusal", responses=("not_found",))

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        if not busy:
            return response
        error = {**response.body.json(), "error_code": "TOO_MANY_REQUESTS"}
        headers = (*response.headers, ("Retry-After", "1"), ("X-Ratelimit-Remaining", "0"))
        return msgspec.structs.replace(
            response, status=429, headers=headers, body=Payload(json.dumps(error))
        )

    return Deviation(understood=understood, chosen=chosen, sent=sent)
