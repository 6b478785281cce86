"""Judges recorded traffic: each order from when it was first read, as far as that tells."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.har_file import Recorded
from klarna_conformance.judge import judge
from klarna_conformance.recording import Recorder
from klarna_reports.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.calls import read_call
from klarna_specs.exchange import NotJson, Response
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import Authorization, OrderPlan, PaymentMethod
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["judged_orders", "traffic_facts"]

_METHODS: Mapping[str, PaymentMethod] = {
    "INVOICE": "pay_later",
    "SLICE_IT_BY_CARD": "pay_in_4",
    "DIRECT_DEBIT": "pay_now",
    "CARD": "card",
}
"""What is known of an order by the type of its initial payment method."""


def traffic_facts(spec: Spec, traffic: Sequence[Recorded], *, name: str) -> TargetFacts:
    """Where the traffic went (the origin of most documented calls), and which paths succeeded."""
    origins: defaultdict[str, int] = defaultdict(int)
    readings: dict[str, str] = {}
    for each in traffic:
        call = read_call(spec, each.exchange.request)
        if call is None:
            continue
        origins[each.origin] += 1
        outcome = each.exchange.outcome
        if isinstance(outcome, Response) and outcome.is_success and len(call.operation.paths) > 1:
            readings.setdefault(call.operation.operation, call.path_reading)
    origin = max(origins, key=lambda origin: origins[origin], default="")
    return TargetFacts(name=name, base_url=origin, kind="http", readings=readings)


def judged_orders(
    spec: Spec, facts: TargetFacts, traffic: Iterable[Recorded], recorder: Recorder
) -> Iterator[Played]:
    """Each order of the traffic with what the requirements say of it.

    An order is judged from the first answer that shows it whole; what was sent before, and what
    was refused for its credentials (which are not known), is left out. Of an order that was never
    shown, or had refunds when it was, nothing can be said but why.
    """
    by_order: defaultdict[str, list[Recorded]] = defaultdict(list)
    for each in traffic:
        call = read_call(spec, each.exchange.request)
        if each.origin == facts.base_url and call is not None:
            by_order[call.order_id].append(each)
    for number, exchanges in enumerate(by_order.values(), 1):
        yield recorder.played(_judged(spec, facts, f"h{number:04}", exchanges))


def _judged(spec: Spec, facts: TargetFacts, identifier: str, traffic: Sequence[Recorded]) -> Played:
    answered = [each for each in traffic if not _is_unauthorized(each)]
    for index, each in enumerate(answered):
        order = _shown(spec, each)
        if order is None:
            continue
        if isinstance(order, str):
            return _unjudged(identifier, order)
        exchanges = tuple(_grouped(answered[index:]))
        played = Played(
            id=identifier,
            scenario=Scenario(plan=order.plan, steps=()),
            orders=(order,),
            exchanges=exchanges,
        )
        findings = judge(spec, facts, played.orders, exchanges)
        return msgspec.structs.replace(played, findings=findings)
    return _unjudged(identifier, "the order was never read, so what it was is not known")


def _unjudged(identifier: str, why: str) -> Played:
    return Played(
        id=identifier,
        scenario=Scenario(plan=None, steps=()),
        unavailable=Unavailable(plan=None, reason=why),
    )


def _is_unauthorized(each: Recorded) -> bool:
    return isinstance(each.exchange.outcome, Response) and each.exchange.outcome.status == 401


def _shown(spec: Spec, each: Recorded) -> ProvidedOrder | str | None:
    """The order that an answer shows; why it cannot be judged, or None where it shows none."""
    call, outcome = read_call(spec, each.exchange.request), each.exchange.outcome
    if call is None or call.operation.operation != "getOrder":
        return None
    if not isinstance(outcome, Response) or not outcome.is_success:
        return None
    try:
        order = as_object(outcome.body.json())
    except NotJson:
        return None
    return _provided(spec, call.order_id, order or {})


def _provided(spec: Spec, order_id: str, order: Mapping[str, Any]) -> ProvidedOrder | str | None:
    amounts = [order.get(name) for name in ("order_amount", "remaining_authorized_amount")]
    market, currency = order.get("purchase_country"), order.get("purchase_currency")
    captures = [as_object(each) or {} for each in as_array(order.get("captures")) or ()]
    made = {
        name: amount
        for each in captures
        if isinstance(name := each.get("capture_id"), str)
        and is_integer(amount := each.get("captured_amount"))
    }
    if not (
        len(made) == len(captures) and all(map(is_integer, amounts)) and isinstance(currency, str)
    ):
        return None
    if market not in spec.markets:
        return f"the documentation says nothing of the market {market!r}"
    paid = as_object(order.get("initial_payment_method")) or {}
    method = _METHODS.get(str(paid.get("type")))
    if method is None:
        return f"of the payment method {paid.get('type')!r} it is not known what it allows"
    if order.get("refunds") or order.get("refunded_amount"):
        return "it had refunds when it was first read, of which not all is known"
    order_amount, remaining = amounts
    plan = OrderPlan(
        market=market,
        currency=currency,
        order_amount=order_amount or 0,
        payment_method=method,
        captures=tuple(made.values()),
        authorization=_authorization(order, remaining or 0),
    )
    if plan.problem:
        return plan.problem
    return ProvidedOrder(
        plan=plan, order_id=order_id, capture_ids=tuple(made), authorization=plan.authorization
    )


def _authorization(order: Mapping[str, Any], remaining: int) -> Authorization:
    if order.get("status") == "CANCELLED":
        return "cancelled"
    captured = order.get("captured_amount")
    return "open" if remaining or captured == order.get("order_amount") else "released"


def _grouped(traffic: Sequence[Recorded]) -> Iterator[Any]:
    """The exchanges, with those that overlapped in time as concurrent groups."""
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
        yield msgspec.structs.replace(
            each.exchange,
            group=None if alone else number,
            started_s=round(since_s, 6),
            clock_s=int(since_s),
        )
