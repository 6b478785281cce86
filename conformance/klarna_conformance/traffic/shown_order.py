"""An order that somebody else made, from the order resource that shows it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from klarna_conformance.judge.server.adoption import noted
from klarna_reports.record.record import ProvidedOrder
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Capture, Ledger, Refund, fee_amount
from klarna_specs.plan import Authorization, OrderPlan, PaymentMethod

__all__ = ["provided_order"]

_METHODS: Mapping[str, PaymentMethod] = {
    "INVOICE": "pay_later",
    "INVOICE_BUSINESS": "pay_later",
    "DIRECT_DEBIT": "pay_now",
    "CARD": "card",
}
"""What is known of an order by the type of its initial payment method; which others are pay-later
methods is not documented, and so their due dates are not judged."""


def provided_order(
    order_id: str, order: Mapping[str, Any], began_s: float | None = None
) -> ProvidedOrder | str:
    """The order that somebody else made, or why its state is not known.

    `began_s` is when it was read (Unix time, seconds); None if its authorization must not end.
    """
    captures, refunds = _listed(order, "captures"), _listed(order, "refunds")
    amounts = _amounts(order, captures, refunds)
    if lacking := [name for name, amount in amounts.items() if not is_integer(amount)]:
        return f"the order was read, but not all of its amounts were shown: {', '.join(lacking)}"
    paid = as_object(order.get("initial_payment_method")) or {}
    captured = tuple(
        Capture(capture_id=_text(each.get("capture_id")), captured_amount=amount)
        for each in captures
        if is_integer(amount := each.get("captured_amount"))
    )
    plan = OrderPlan(
        market=_text(order.get("purchase_country")),
        currency=_text(order.get("purchase_currency")),
        order_amount=amounts["order_amount"],
        payment_method=_method(_text(paid.get("type"))),
        captures=tuple(each.captured_amount for each in captured),
        authorization=_authorization(order, amounts["remaining_authorized_amount"]),
    )
    ledger = Ledger(
        **amounts,
        order_id=order_id,
        market=plan.market,
        currency=plan.currency,
        payment_method=plan.payment_method,
        captures=captured,
        refunds=tuple(_refunds(refunds)),
        released=plan.authorization == "released",
        cancelled=plan.authorization == "cancelled",
        shared=True,
        began_s=began_s,
    )
    return ProvidedOrder(
        plan=plan,
        order_id=order_id,
        capture_ids=tuple(each.capture_id for each in captured),
        authorization=plan.authorization,
        ledger=noted(ledger, order),
    )


def _listed(order: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [as_object(each) or {} for each in as_array(order.get(kind)) or ()]


def _amounts(
    order: Mapping[str, Any],
    captures: Sequence[Mapping[str, Any]],
    refunds: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The amounts of an order by the members of a ledger, as far as it shows them."""
    remaining = order.get("remaining_authorized_amount")
    if remaining is None and order.get("status") in ("CANCELLED", "CAPTURED"):
        remaining = 0
    return {
        "order_amount": order.get("order_amount", order.get("original_order_amount")),
        "captured_amount": _total(order, "captured_amount", "captures", captures),
        "refunded_amount": _total(order, "refunded_amount", "refunds", refunds),
        "remaining_authorized_amount": remaining,
    }


def _refunds(refunds: Sequence[Mapping[str, Any]]) -> Iterator[Refund]:
    for each in refunds:
        if is_integer(amount := each.get("refunded_amount")):
            fee = fee_amount(each.get("order_lines"))
            identifier = _text(each.get("refund_id"))
            yield Refund(refund_id=identifier, refunded_amount=amount, fee_amount=fee)


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
