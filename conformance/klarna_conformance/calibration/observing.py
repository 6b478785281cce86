"""The exchanges of a record, each with its assessment, as far as they show a choice. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from klarna_conformance.judge.server.answered import Answered, answered
from klarna_conformance.judge.server.interpretations import path_followed
from klarna_conformance.judge.server.ledgers import Ledgers
from klarna_reports.record.record import Played, Record, TargetFacts
from klarna_specs.calls import Call, read_call
from klarna_specs.exchange import Response
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec

__all__ = ["Observed", "observed"]

_VIOLATED = ("FAIL", "KNOWN", "ERROR")


class Observed(NamedTuple):
    """An exchange. `first` is the response to the first call with its key, if any.

    `plan` is that of the order, None if the order was not provisioned. `violates` says that it was
    judged a violation.
    """

    seen: Answered
    response: Response
    first: Response | None
    plan: OrderPlan | None
    violates: bool


def observed(spec: Spec, record: Record) -> Iterator[Observed]:
    """What a record of a server shows, in order.

    Not with what was sent concurrently: its order is not known.
    """
    for played in record.played:
        if played.client is None and played.exchanges:
            yield from _observed(spec, record.header.target, played)


def _observed(spec: Spec, facts: TargetFacts, played: Played) -> Iterator[Observed]:
    ledgers = Ledgers(played.orders)
    plans = {order.order_id: order.plan for order in played.orders}
    found = [finding for finding in played.findings if finding.verdict in _VIOLATED]
    violating = {each for finding in found for each in (finding.exchange, finding.witness)}
    firsts: dict[tuple[str, str], Response] = {}
    for index, exchange in enumerate(played.exchanges):
        call = read_call(spec, exchange.request, followed=True)
        if call is None or exchange.purpose == "cut":
            continue
        response = exchange.outcome
        assessment = ledgers.assessed(spec, exchange, call)
        seen = answered(facts.bases, index, exchange, assessment)
        followed = call.path_interpretation == path_followed(facts, call.operation)
        if isinstance(response, Response) and (index in violating or _shows(seen, followed)):
            first, plan = _first(firsts, call), plans.get(call.order_id)
            yield Observed(seen, response, first, plan, index in violating)
        if isinstance(response, Response) and response.status != 429:
            _remember(firsts, call, response)
        ledgers.move(seen)


def _shows(seen: Answered, followed: bool) -> bool:
    exchange, ledger = seen.exchange, seen.assessment.ledger
    whole = isinstance(exchange.outcome, Response) and not exchange.outcome.unrecorded
    whole = whole and not exchange.request.unrecorded
    known = ledger is None or not ledger.uncertain
    allowed = seen.outcome is not None or (not followed and seen.kind == "refusal")
    return whole and known and allowed and exchange.group is None


def _first(firsts: dict[tuple[str, str], Response], call: Call) -> Response | None:
    return firsts.get((call.order_id, call.key or "")) if call.operation.changes else None


def _remember(firsts: dict[tuple[str, str], Response], call: Call, response: Response) -> None:
    """The first response to a key; a success replaces a refusal."""
    if not (call.key and call.operation.changes and call.credentials == "valid"):
        return
    before = firsts.get((call.order_id, call.key))
    if before is None or (response.is_success and not before.is_success):
        firsts[call.order_id, call.key] = response
