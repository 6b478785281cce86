"""Judges recorded traffic: each order from the first response that shows it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.judge.server import judge
from klarna_conformance.judge.server.adoption import noted
from klarna_conformance.judge.server.named_ids import ids_named_by
from klarna_conformance.record.recording import Recorder
from klarna_conformance.run.events import NotJudged, ScenarioFinished
from klarna_conformance.traffic.har_file import Recorded
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable, Unjudged
from klarna_specs.calls import read_call
from klarna_specs.exchange import NotJson, Response
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Capture, Ledger, Refund, fee_amount
from klarna_specs.plan import Authorization, OrderPlan, PaymentMethod
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["judged_orders", "traffic_facts"]

_METHODS: Mapping[str, PaymentMethod] = {
    "INVOICE": "pay_later",
    "INVOICE_BUSINESS": "pay_later",
    "DIRECT_DEBIT": "pay_now",
    "CARD": "card",
}
"""What is known of an order by the type of its initial payment method; which others are pay-later
methods is not documented, and so their due dates are not judged."""
_NO_SUCH_PATH = (404, 405)
_NEVER_READ = "the order was never read, so its state is not known"


def traffic_facts(spec: Spec, traffic: Sequence[Recorded], *, name: str) -> TargetFacts:
    """Where the traffic went (the origin of most documented calls), and which paths exist there.

    Those are paths that succeeded; of an operation that never did, those that were refused.
    """
    origins: defaultdict[str, int] = defaultdict(int)
    readings: dict[str, str] = {}
    refused: dict[str, str] = {}
    for each in traffic:
        call = read_call(spec, each.exchange.request)
        if call is None:
            continue
        origins[each.origin] += 1
        outcome = each.exchange.outcome
        if isinstance(outcome, Response) and len(call.operation.paths) > 1:
            known = refused if outcome.status not in _NO_SUCH_PATH else {}
            (readings if outcome.is_success else known).setdefault(
                call.operation.operation, call.path_reading
            )
    readings = {**refused, **readings}
    origin = max(origins, key=lambda origin: origins[origin], default="")
    return TargetFacts(name=name, base_url=origin, kind="http", readings=readings)


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
    for each in traffic:
        if _is_unauthorized(each):
            beside.add(each, "it was refused for its credentials, which are not recorded")
        elif _is_redirected(each):
            beside.add(each, "it was redirected, or answered from a copy that is not recorded")
        else:
            answered.append(each)
    shown = [_shown(spec, each) for each in answered]
    first = next((n for n, order in enumerate(shown) if isinstance(order, ProvidedOrder)), None)
    if first is None:
        why = next((why for why in shown if isinstance(why, str)), _NEVER_READ)
        for each in answered:
            beside.add(each, why)
        failed = tuple(each.exchange for each in answered if _failed(each))
        return Played(
            id=identifier,
            scenario=Scenario(plan=None, steps=()),
            unavailable=Unavailable(plan=None, reason=why),
            exchanges=failed,
            findings=judge(spec, facts, (), failed),
            unjudged=beside.listed,
        )
    for each in answered[:first]:
        if not _failed(each):
            beside.add(each, "it came before the order was first read, so its state is not known")
    order = shown[first]
    assert isinstance(order, ProvidedOrder)
    for each, why in _obscure(spec, facts, answered[first:]):
        beside.add(each, why)
    failed = [each for each in answered[:first] if _failed(each)]
    exchanges = tuple(_grouped([*failed, *answered[first:]]))
    return Played(
        id=identifier,
        scenario=Scenario(plan=order.plan, steps=()),
        orders=(order,),
        exchanges=exchanges,
        findings=judge(spec, facts, (order,), exchanges),
        unjudged=beside.listed,
    )


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
        elif call.key_is_masked and not masked.isdisjoint(
            {call.fingerprint, *ids_named_by(call, each.exchange.outcome)}
        ):
            yield each, "its idempotency key is not recorded, so it may repeat another call"
        elif call.path_reading != facts.readings.get(call.operation.operation, call.path_reading):
            yield each, "the server follows another spelling of this path"
        if call.key_is_masked and call.operation.changes:
            masked |= {call.fingerprint, *ids_named_by(call, each.exchange.outcome)}


def _failed(each: Recorded) -> bool:
    """Whether a server failed, which it may not whatever the order is."""
    return isinstance(each.exchange.outcome, Response) and each.exchange.outcome.status >= 500


def _is_redirected(each: Recorded) -> bool:
    """3xx: whatever stands in front of a server, and a reader's own copy, have such answers."""
    outcome = each.exchange.outcome
    return isinstance(outcome, Response) and 300 <= outcome.status < 400


def _is_unauthorized(each: Recorded) -> bool:
    return isinstance(each.exchange.outcome, Response) and each.exchange.outcome.status == 401


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
    return _provided(call.order_id, order or {}, each.began_s)


def _provided(order_id: str, order: Mapping[str, Any], began_s: float) -> ProvidedOrder | str:
    captures = [as_object(each) or {} for each in as_array(order.get("captures")) or ()]
    refunds = [as_object(each) or {} for each in as_array(order.get("refunds")) or ()]
    order_amount = order.get("order_amount", order.get("original_order_amount"))
    captured = _total(order, "captured_amount", "captures", captures)
    refunded = _total(order, "refunded_amount", "refunds", refunds)
    remaining = order.get("remaining_authorized_amount")
    if remaining is None and order.get("status") in ("CANCELLED", "CAPTURED"):
        remaining = 0
    needed = (order_amount, captured, refunded, remaining)
    amounts = [amount for amount in needed if is_integer(amount)]
    if len(amounts) < len(needed):
        return "the order was read, but not all of its amounts were shown"
    order_amount, captured, refunded, remaining = amounts
    paid = as_object(order.get("initial_payment_method")) or {}
    plan = OrderPlan(
        market=_text(order.get("purchase_country")),
        currency=_text(order.get("purchase_currency")),
        order_amount=order_amount,
        payment_method=_method(_text(paid.get("type"))),
        captures=tuple(a for c in captures if is_integer(a := c.get("captured_amount"))),
        authorization=_authorization(order, remaining),
    )
    ledger = Ledger(
        order_id=order_id,
        market=plan.market,
        currency=plan.currency,
        payment_method=plan.payment_method,
        order_amount=order_amount,
        captured_amount=captured,
        refunded_amount=refunded,
        remaining_authorized_amount=remaining,
        captures=tuple(
            Capture(capture_id=_text(each.get("capture_id")), captured_amount=amount)
            for each in captures
            if is_integer(amount := each.get("captured_amount"))
        ),
        refunds=tuple(
            Refund(
                refund_id=_text(each.get("refund_id")),
                refunded_amount=amount,
                fee_amount=fee_amount(each.get("order_lines")),
            )
            for each in refunds
            if is_integer(amount := each.get("refunded_amount"))
        ),
        released=plan.authorization == "released",
        cancelled=plan.authorization == "cancelled",
        shared=True,
        began_s=began_s,
    )
    return ProvidedOrder(
        plan=plan,
        order_id=order_id,
        capture_ids=tuple(capture.capture_id for capture in ledger.captures),
        authorization=plan.authorization,
        ledger=noted(ledger, order),
    )


def _total(
    order: Mapping[str, Any], member: str, kind: str, resources: Sequence[Mapping[str, Any]]
) -> Any:
    """An amount of an order, or else the sum of the resources that it lists."""
    if order.get(member) is not None:
        return order[member]
    parts = [each.get(member) for each in resources]
    whole = isinstance(order.get(kind), list) and all(map(is_integer, parts))
    return sum(part for part in parts if is_integer(part)) if whole else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _method(name: str) -> PaymentMethod:
    return "pay_later" if name.startswith("PAY_LATER_") else _METHODS.get(name, "unknown")


def _authorization(order: Mapping[str, Any], remaining: int) -> Authorization:
    if order.get("status") == "CANCELLED":
        return "cancelled"
    whole = order.get("captured_amount") == order.get("order_amount")
    over = order.get("status") in ("EXPIRED", "CLOSED")
    return "open" if remaining or whole or over else "released"


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
