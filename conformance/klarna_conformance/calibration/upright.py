"""Whether a response of a calibrated mock conforms: it is judged before it is sent. Pure."""

from urllib.parse import urlsplit

from klarna_conformance.http.locations import Leads, segments
from klarna_conformance.judge.results import Mismatch
from klarna_conformance.judge.server.answered import Answered, answered
from klarna_conformance.judge.server.tables import tables_of
from klarna_conformance.mock.deviation import Sending
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.spec import Spec

__all__ = ["is_conformant"]


def is_conformant(spec: Spec, sending: Sending, response: Response) -> bool:
    """Whether a response is the outcome that it stands for, and breaks no MUST by itself."""
    call = sending.assessment.call
    ids = {"order_id": call.order_id, "capture_id": call.capture_id, "refund_id": call.refund_id}
    template = call.operation.paths.get(call.path_interpretation) or next(
        iter(call.operation.paths.values())
    )
    request = Request(
        method=call.operation.method,
        path=template.format(**ids),
        credentials=call.credentials,
    )
    exchange = Exchange(request=request, outcome=response)
    seen = answered((sending.base_url,), 0, exchange, sending.assessment)
    if sending.outcome.kind == "replay":
        return seen.kind != "neither" and seen.outcome is not None
    right = seen.kind == sending.outcome.kind and _leads_to_what_it_created(seen)
    return right and not _breaks_a_must(spec, seen)


def _leads_to_what_it_created(seen: Answered) -> bool:
    """Whether the Location of a created resource ends with its documented path."""
    call = seen.call
    creates = call.operation.responses[call.operation.success].creates
    if seen.kind != "success" or creates is None or seen.answer is None:
        return True
    path = (call.order_id, f"{creates}s", seen.answer.resource_id)
    found = segments(urlsplit(seen.leads.path).path) if isinstance(seen.leads, Leads) else ()
    return found[-3:] == path


def _breaks_a_must(spec: Spec, seen: Answered) -> bool:
    assert isinstance(seen.exchange.outcome, Response)
    evidence = seen.evidence(spec, {}, frozenset(), recorded=False)
    for requirement, check, _ in tables_of(spec).checks(seen):
        result = check(evidence) if check else None
        if isinstance(result, Mismatch):
            level = result.level or spec.level(requirement, seen.assessment.holds)
            if level == "MUST":
                return True
    return False
