"""Wrong decisions: valid calls are refused, invalid calls are accepted or cause an error.

`of` names operations, `when` is an expression over the oracle's variables, and only each n-th such
call (`every`) meets the defect. `instead_of` is the kind of outcome that it replaces.
"""

from collections.abc import Callable, Sequence

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Response
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome

_FAILED = ("mutant.fails",)


def refuses(
    *,
    of: Sequence[str],
    response: str,
    when: str = "true",
    every: int = 1,
    instead_of: str = "success",
) -> Deviation:
    """A valid call gets a documented refusal."""
    refusal = Outcome(kind="refusal", responses=(response,))
    return Deviation(chosen=_instead(instead_of, of, when, every, lambda _: refusal))


def accepts(
    *, of: Sequence[str], when: str = "true", every: int = 1, instead_of: str = "refusal"
) -> Deviation:
    """An invalid call is accepted."""

    def success(assessment: Assessment) -> Outcome:
        return Outcome(kind="success", responses=(assessment.call.operation.success,))

    return Deviation(chosen=_instead(instead_of, of, when, every, success))


def fails(*, of: Sequence[str], when: str = "true", every: int = 1, status: int = 500) -> Deviation:
    """A call causes a server error and changes nothing."""
    refusal = Outcome(kind="refusal", responses=("malformed",), because=_FAILED)
    page = Payload("<html><body><h1>Something went wrong</h1></body></html>")

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        if sending.outcome.because != _FAILED:
            return response
        headers = (("Content-Type", "text/html"),)
        return msgspec.structs.replace(response, status=status, headers=headers, body=page)

    return Deviation(chosen=_instead("any", of, when, every, lambda _: refusal), sent=sent)


def _instead(
    kind: str, of: Sequence[str], when: str, every: int, other: Callable[[Assessment], Outcome]
) -> Callable[[Assessment, Mock], Outcome]:
    """Replaces documented outcomes of a kind."""
    count = 0

    def chosen(assessment: Assessment, _mock: Mock) -> Outcome:
        nonlocal count
        usual = assessment.outcomes[0]
        if kind not in ("any", usual.kind) or assessment.call.operation.operation not in of:
            return usual
        if not assessment.holds(when):
            return usual
        count += 1
        return usual if count % every else other(assessment)

    return chosen
