"""Invariants of an order: amounts that add up, a status that fits its history. Pure."""

from collections.abc import Mapping
from typing import Any

from klarna_conformance.judge.results import Inconclusive, Mismatch, Result
from klarna_conformance.judge.server.comparison import AMOUNTS, excerpt, has_list, listed_resources
from klarna_reports.record.record import Difference
from klarna_specs.json_value import is_integer
from klarna_specs.ledger import Ledger

__all__ = ["lifecycle", "money_adds_up"]


def money_adds_up(order: Mapping[str, Any]) -> Result:
    """The invariants of an order's amounts, on the resource alone."""
    amounts = {
        name: order[name]
        for name in ("order_amount", "original_order_amount", *AMOUNTS)
        if order.get(name) is not None
    }
    if not amounts:
        return Inconclusive()
    for name, amount in amounts.items():
        if not is_integer(amount):
            return Mismatch(f"{name} as a whole number of minor units", f"{name} {amount!r}")
        if amount < 0:
            return Mismatch(f"{name} of 0 or more", f"{name} {amount}")
    total = amounts.get("order_amount", amounts.get("original_order_amount"))
    captured, refunded = amounts.get("captured_amount"), amounts.get("refunded_amount")
    left = amounts.get("remaining_authorized_amount")
    if captured is not None and refunded is not None and refunded > captured:
        return Mismatch(
            f"refunded_amount at most {captured}",
            f"refunded_amount {refunded}",
            differences=_difference("refunded_amount", captured, refunded),
        )
    if total is not None and captured is not None and captured + (left or 0) > total:
        return Mismatch(
            f"captured_amount and remaining_authorized_amount at most {total} together",
            f"{captured} and {left}",
            differences=_difference("remaining_authorized_amount", total - captured, left)
            if left and captured <= total
            else _difference("captured_amount", total, captured),
        )
    for kind, shown in (("captures", captured), ("refunds", refunded)):
        listed = listed_resources(kind, order[kind]) if has_list(order, kind) else [(None, shown)]
        parts = [amount for _, amount in listed if is_integer(amount)]
        if shown is not None and len(parts) == len(listed) and sum(parts) != shown:
            member = "captured_amount" if kind == "captures" else "refunded_amount"
            return Mismatch(
                f"{kind} that sum to {shown}",
                f"a sum of {sum(parts)}",
                differences=_difference(member, sum(parts), shown),
            )
    return None


def _difference(member: str, expected: int, observed: int) -> tuple[Difference, ...]:
    return (Difference(member=member, expected=expected, observed=observed),)


def lifecycle(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """The status of an order beside what its captures and its cancellation make of it."""
    if "status" not in order:
        return Inconclusive()
    if ledger.ended:
        return Inconclusive()
    if ledger.cancelled:
        expected = "CANCELLED"
    elif not ledger.captured_amount:
        expected = "AUTHORIZED"
    else:
        whole = ledger.captured_amount >= ledger.order_amount
        expected = "CAPTURED" if whole else "PART_CAPTURED"
    refunded = ledger.refunded_amount >= ledger.captured_amount
    closed = refunded and (ledger.captures or not ledger.remaining_authorized_amount)
    also = {"CLOSED"} if closed else set[str]()
    if ledger.captures and not ledger.captured_amount:
        also |= {"PART_CAPTURED"}  # whether nothing at all can be captured is open
    if order["status"] in {expected, *also}:
        return None
    return Mismatch(f"status {expected}", f"status {excerpt(order['status'])}")
