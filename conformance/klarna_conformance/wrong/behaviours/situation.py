"""Expressions of the catalogue over variables other than those of the oracle."""

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
    """The variables of a booking: the order before it (minor units, counts), and the request."""
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
    """The amount of a refund or a capture in a request, in minor units; 0 without one."""
    amounts = (call.member(name) for name in _AMOUNT_MEMBERS)
    return next((amount for amount in amounts if is_integer(amount)), 0)


def value(expression: str, variables: Mapping[str, Any]) -> Any:
    """The value of a CEL expression; None if it has none."""
    makers = {name: partial(variables.get, name) for name in variables}
    try:
        return evaluator(makers, {})(expression)
    except Unsettled:
        return None
