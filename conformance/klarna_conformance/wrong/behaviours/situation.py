"""Expressions of the catalogue, evaluated where the oracle's own variables are not at hand."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger
from klarna_specs.rules import Unsettled, evaluator

__all__ = ["amount_of", "situation", "value"]

_AMOUNT_MEMBERS = ("refunded_amount", "captured_amount")


def situation(ledger: Ledger, call: Call) -> dict[str, Any]:
    """The variables of a booking: the order before it (minor units, counts), and what is asked."""
    lines = [as_object(line) or {} for line in as_array(call.member("order_lines")) or ()]
    fees = [line.get("total_amount") for line in lines if line.get("type") == "return_fee"]
    return {
        "amount": amount_of(call),
        "fee": -sum(fee for fee in fees if is_integer(fee)),
        "request": as_object(call.body) or {},
        "key": call.key or "",
        "order_amount": ledger.order_amount,
        "captured": ledger.captured_amount,
        "refunded": ledger.refunded_amount,
        "remaining": ledger.remaining_authorized_amount,
        "fees": ledger.fee_amount,
        "captures": len(ledger.captures),
        "refunds": len(ledger.refunds),
        "released": ledger.released,
    }


def amount_of(call: Call) -> int:
    """The amount that a refund or a capture asks for, in minor units; 0 where it tells none."""
    told = (call.member(name) for name in _AMOUNT_MEMBERS)
    return next((amount for amount in told if is_integer(amount)), 0)


def value(expression: str, variables: Mapping[str, Any]) -> Any:
    """What a CEL expression says of the variables; None where it has no value."""
    makers = {name: partial(variables.get, name) for name in variables}
    try:
        return evaluator(makers, {})(expression)
    except Unsettled:
        return None
