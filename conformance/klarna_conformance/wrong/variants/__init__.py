"""Behaviours of harmless variants that rewritten responses cannot express, by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.named import functions_of
from klarna_conformance.wrong.variants import (
    bodies,
    conflicts,
    headers,
    ids,
    keys,
    options,
    outcomes,
    resources,
)
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome

__all__ = ["BEHAVIOURS"]


def _several(behaviours: Sequence[Mapping[str, Any]]) -> Deviation:
    """Several behaviours in one server; the first one with another outcome decides."""
    made = [BEHAVIOURS[each["name"]](**each.get("arguments", {})) for each in behaviours]

    def understood(call: Call, mock: Mock) -> Call:
        for deviation in made:
            call = deviation.understood(call, mock)
        return call

    def chosen(assessment: Assessment, mock: Mock) -> Outcome:
        outcomes = [deviation.chosen(assessment, mock) for deviation in made]
        documented = assessment.outcomes[0]
        return next((outcome for outcome in outcomes if outcome != documented), documented)

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        for deviation in made:
            resource = deviation.shown(call, resource, mock)
        return resource

    def sent(sending: Sending, response: Response, mock: Mock) -> Response:
        for deviation in made:
            response = deviation.sent(sending, response, mock)
        return response

    return Deviation(understood=understood, chosen=chosen, shown=shown, sent=sent)


BEHAVIOURS: Mapping[str, Callable[..., Deviation]] = {
    "several": _several,
    **functions_of(outcomes, conflicts, keys, ids, headers, bodies, resources, options),
}
"""Functions that make a deviation, by the names that the catalogue uses for them."""
