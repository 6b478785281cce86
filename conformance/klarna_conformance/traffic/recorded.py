"""Judges recorded traffic: each order from the first response that shows it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from klarna_conformance.judge.server import judge
from klarna_conformance.judge.server.named_ids import ids_named_by
from klarna_conformance.judge.server.repeats import repeats
from klarna_conformance.record.recording import Recorder
from klarna_conformance.run.events import NotJudged, ScenarioFinished
from klarna_conformance.traffic.har_file import Recorded
from klarna_conformance.traffic.shown_order import provided_order
from klarna_reports.record.record import (
    Finding,
    Played,
    ProvidedOrder,
    TargetFacts,
    Unavailable,
    Unjudged,
)
from klarna_specs.calls import ORDERS_PATH, read_call
from klarna_specs.exchange import Exchange, NotJson, Response
from klarna_specs.json_value import as_object
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["judged_orders", "origin_of", "traffic_facts"]

_NO_SUCH_PATH = (404, 405)
_AFTER_ALL_S = 253_402_300_799.0
"""The end of the year 9999: read at an unknown time, an authorization may have ended."""
_NEVER_READ = "the order was never read, so its state is not known"


def origin_of(traffic: Iterable[Recorded]) -> str:
    """The origin of most requests about orders; `mock` without any."""
    about = (e.origin for e in traffic if e.exchange.request.path.startswith(ORDERS_PATH))
    return next((origin for origin, _ in Counter(about).most_common(1)), "mock")


def traffic_facts(spec: Spec, traffic: Sequence[Recorded], *, name: str) -> TargetFacts:
    """Where the traffic went (the origin of most documented calls), and which paths exist there.

    Those are paths that succeeded; of an operation that never did, those that were refused.
    """
    origins: defaultdict[str, int] = defaultdict(int)
    interpretations: dict[str, str] = {}
    refused: dict[str, str] = {}
    for each in traffic:
        call = read_call(spec, each.exchange.request)
        if call is None:
            continue
        origins[each.origin] += 1
        outcome = each.exchange.outcome
        if isinstance(outcome, Response) and len(call.operation.paths) > 1:
            known = refused if outcome.status not in _NO_SUCH_PATH else {}
            (interpretations if outcome.is_success else known).setdefault(
                call.operation.operation, call.path_interpretation
            )
    interpretations = {**refused, **interpretations}
    origin = max(origins, key=lambda origin: origins[origin], default="")
    return TargetFacts(name=name, base_url=origin, kind="http", interpretations=interpretations)


def judged_orders(
    spec: Spec, facts: TargetFacts, traffic: Iterable[Recorded], recorder: Recorder
) -> Iterator[ScenarioFinished | NotJudged]:
    """Each order of the traffic, judged from the first response that shows its amounts.

    What is not judged is listed with its reason: requests before that response, requests that were
    refused for their credentials (which are not known), orders that no response shows, and whatever
    is no documented call on an order. Several servers, such as those of two regions, are judged
    apart.
    """
    by_order: defaultdict[tuple[str, str], list[Recorded]] = defaultdict(list)
    beside = _Beside()
    for each in traffic:
        call = read_call(spec, each.exchange.request, followed=True)
        if each.unjudged:
            beside.add(each, each.unjudged)
        elif call is None:
            beside.add(each, "it is not a documented call on an order")
        else:
            by_order[each.origin, call.order_id].append(each)
    for number, exchanges in enumerate(by_order.values(), 1):
        played = _judged(spec, facts, f"h{number:04}", exchanges)
        yield ScenarioFinished(recorder.played(played))
    if beside.listed:
        yield NotJudged(recorder.unjudged(beside.listed))


class _Beside:
    """Traffic that is not judged, by reason."""

    def __init__(self) -> None:
        self._by_reason: dict[str, list[Recorded]] = {}

    def add(self, each: Recorded, reason: str) -> None:
        self._by_reason.setdefault(reason, []).append(each)

    @property
    def listed(self) -> tuple[Unjudged, ...]:
        return tuple(
            Unjudged(
                request=f"{of[0].exchange.request.method} {of[0].exchange.request.path}",
                reason=reason,
                count=len(of),
            )
            for reason, of in self._by_reason.items()
        )


def _judged(spec: Spec, facts: TargetFacts, identifier: str, traffic: Sequence[Recorded]) -> Played:
    beside = _Beside()
    answered: list[Recorded] = []
    admitted = {each.sender for each in traffic if _is_success(each)} | {""}
    for each in traffic:
        if _is_unauthorized(each):
            beside.add(each, "it was refused for its credentials, which are not recorded")
        elif _is_denied(each) and each.sender not in admitted and len(admitted) > 1:
            beside.add(each, "it was refused to credentials that never had access to the order")
        elif _is_redirected(each):
            beside.add(each, "it was redirected, or answered from a copy that is not recorded")
        else:
            answered.append(each)
    shown = [_shown(spec, each) for each in answered]
    first = next((n for n, order in enumerate(shown) if isinstance(order, ProvidedOrder)), None)
    unseen, seen = answered[:first], [] if first is None else answered[first:]
    why = "it came before the order was first read, so its state is not known"
    if first is None:
        why = next((why for why in shown if isinstance(why, str)), _NEVER_READ)
    repeated, of_repeats = _repeated(spec, unseen)
    for index, each in enumerate(unseen):
        if index not in repeated and not (seen and _failed(each)):
            beside.add(each, why)
    for each, unclear in _obscure(spec, facts, seen):
        beside.add(each, unclear)
    order = None if first is None else shown[first]
    orders = (order,) if isinstance(order, ProvidedOrder) else ()
    judged = tuple(_grouped([*filter(_failed, unseen), *seen]))
    return Played(
        id=identifier,
        scenario=Scenario(plan=orders[0].plan if orders else None, steps=()),
        orders=orders,
        unavailable=None if orders else Unavailable(plan=None, reason=why),
        exchanges=(*repeated.values(), *judged),
        findings=(*of_repeats, *_after(len(repeated), judge(spec, facts, orders, judged))),
        unjudged=beside.listed,
    )


def _repeated(
    spec: Spec, traffic: Sequence[Recorded]
) -> tuple[Mapping[int, Exchange], Sequence[Finding]]:
    """The calls that repeat another one, and these, by index; with the findings on them alone."""
    exchanges = tuple(_grouped(traffic))
    pairs = tuple(repeats(spec, exchanges))
    indices = sorted({index for witness, found in pairs for index in (witness, found.exchange)})
    places = {index: place for place, index in enumerate(indices)}
    findings = [
        replace(found, exchange=places[found.exchange], witness=places[witness])
        for witness, found in pairs
    ]
    return {index: replace(exchanges[index], group=None) for index in indices}, findings


def _after(count: int, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, where so many exchanges stand before theirs."""
    for found in findings:
        witness = None if found.witness is None else found.witness + count
        yield replace(found, exchange=found.exchange + count, witness=witness)


def _obscure(
    spec: Spec, facts: TargetFacts, traffic: Iterable[Recorded]
) -> Iterator[tuple[Recorded, str]]:
    """What of an order's traffic is not judged for what is not recorded of it, and why."""
    masked: set[str] = set()
    for each in traffic:
        call = read_call(spec, each.exchange.request, followed=True)
        if call is None:
            continue
        if call.operation.body and each.exchange.request.unrecorded:
            yield each, "its body is not recorded"
        elif call.operation.shows and _lacks_body(each):
            yield each, "the body of its response is not recorded"
        elif call.key_is_masked and not masked.isdisjoint(
            {call.fingerprint, *ids_named_by(call, each.exchange.outcome)}
        ):
            yield each, "its idempotency key is not recorded, so it may repeat another call"
        elif call.path_interpretation != facts.interpretations.get(
            call.operation.operation, call.path_interpretation
        ):
            yield each, "the server follows another spelling of this path"
        if call.key_is_masked and call.operation.changes:
            masked |= {call.fingerprint, *ids_named_by(call, each.exchange.outcome)}


def _lacks_body(each: Recorded) -> bool:
    return each.exchange.response is not None and each.exchange.response.unrecorded


def _failed(each: Recorded) -> bool:
    """Whether a server failed, which it may not whatever the order is."""
    return (each.exchange.status or 0) >= 500


def _is_success(each: Recorded) -> bool:
    return each.exchange.outcome.is_success


def _is_denied(each: Recorded) -> bool:
    """403 or 404, as another merchant gets it."""
    return each.exchange.status in (403, 404)


def _is_redirected(each: Recorded) -> bool:
    """3xx: whatever stands in front of a server, and a reader's own copy, have such answers."""
    return 300 <= (each.exchange.status or 0) < 400


def _is_unauthorized(each: Recorded) -> bool:
    return each.exchange.status == 401


def _shown(spec: Spec, each: Recorded) -> ProvidedOrder | str | None:
    """The order that an answer shows; why it cannot be judged, or None where it shows none."""
    call, outcome = read_call(spec, each.exchange.request), each.exchange.outcome
    if call is None or call.operation.shows != "order":
        return None
    if not isinstance(outcome, Response) or not outcome.is_success:
        return None
    try:
        order = as_object(outcome.body.json())
    except NotJson:
        return "the order was read, but no JSON of it is recorded"
    return provided_order(call.order_id, order or {}, each.server_s if each.timed else _AFTER_ALL_S)


def _grouped(traffic: Sequence[Recorded]) -> Iterator[Exchange]:
    """The exchanges, with those that overlapped in time as concurrent groups."""
    if not traffic:
        return
    began_s = traffic[0].began_s
    group, until_s = -1, -1.0
    numbers: list[int] = []
    for each in traffic:
        if each.began_s >= until_s:
            group += 1
        until_s = max(until_s, each.ended_s)
        numbers.append(group)
    for each, number in zip(traffic, numbers, strict=True):
        alone = numbers.count(number) == 1
        since_s = each.began_s - began_s
        yield replace(
            each.exchange,
            group=None if alone else number,
            started_s=round(since_s, 6),
            clock_s=int(since_s),
        )
