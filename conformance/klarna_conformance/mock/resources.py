"""The resources that the mock returns: order, capture, refund, extension options. Pure."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from klarna_specs.bodies import violations
from klarna_specs.calls import Call
from klarna_specs.json_value import as_object
from klarna_specs.ledger import AUTHORIZATION_S, Capture, Ledger, Refund
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec

__all__ = [
    "bad_members",
    "capture_resource",
    "days_offered",
    "options_resource",
    "order_details",
    "order_resource",
    "refund_resource",
]

_TIER_AMOUNT = 100_000
"""Captures below this amount (minor units) are offered no more than 30 days."""
_METHODS = {
    "pay_later": ("INVOICE", "Pay in 30 days"),
    "pay_in_4": ("SLICE_IT_BY_CARD", "Pay in 4 installments"),
    "pay_now": ("DIRECT_DEBIT", "Pay now"),
    "card": ("CARD", "Card"),
    "unknown": ("OTHER", "Other"),
}


def order_resource(ledger: Ledger, created_s: float) -> dict[str, Any]:
    """The order as `getOrder` returns it; `created_s` is its creation (Unix time, seconds)."""
    method, description = _METHODS[ledger.payment_method]
    return {
        "order_id": ledger.order_id,
        "status": _status(ledger),
        "fraud_status": ledger.fraud_status or "ACCEPTED",
        "order_amount": ledger.order_amount,
        "captured_amount": ledger.captured_amount,
        "refunded_amount": ledger.refunded_amount,
        "remaining_authorized_amount": 0 if ledger.ended else ledger.remaining_authorized_amount,
        "purchase_country": ledger.market,
        "purchase_currency": ledger.currency,
        "initial_payment_method": {"type": method, "description": description},
        "created_at": _time(created_s),
        "expires_at": _time(ledger.expires_s or created_s + AUTHORIZATION_S),
        "captures": [capture_resource(ledger, capture, created_s) for capture in ledger.captures],
        "refunds": [refund_resource(refund, created_s) for refund in ledger.refunds],
    }


def order_details(spec: Spec, plan: OrderPlan, order_id: str) -> dict[str, Any]:
    """The members of an order besides its amounts, with an invented customer."""
    amount, market = plan.order_amount, spec.markets.get(plan.market)
    line = {"name": "Goods", "quantity": 1, "unit_price": amount, "total_amount": amount}
    address = {
        "given_name": "Testperson",
        "family_name": "Approved",
        "city": "Anytown",
        "street_address": "1 Any Street",
        "postal_code": "12345",
        "country": plan.market,
    }
    return {
        "original_order_amount": amount,
        "klarna_reference": order_id[:8].upper(),
        "locale": market.locale if market else "",
        "order_lines": list(plan.order_lines) or [line],
        "billing_address": address,
        "shipping_address": address,
        "merchant_reference1": "",
        "merchant_reference2": "",
    }


def bad_members(spec: Spec, call: Call) -> list[str]:
    """The invalid members of a body, as error messages."""
    body = call.operation.body
    if body is None or as_object(call.body) is None:
        return []
    found = violations(spec, body.schema, call.body)
    found = found or (violations(spec, body.limits, call.body) if body.limits else ())
    return [f"Bad value: {_member(each)}" for each in found]


def _member(violation: str) -> str:
    """The member of a violation, for example `order_lines[0].name`."""
    path, _, problem = violation.partition(": ")
    missing = re.match("'([^']+)' is a required property", problem)
    parts = (path.removeprefix("$").removeprefix("."), missing[1] if missing else "")
    return ".".join(part for part in parts if part)


def capture_resource(ledger: Ledger, capture: Capture, created_s: float) -> dict[str, Any]:
    """A capture; refunds are allocated to the oldest captures first."""
    before = 0
    for earlier in ledger.captures:
        if earlier is capture:
            break
        before += earlier.captured_amount
    refunded = min(max(ledger.refunded_amount - before, 0), capture.captured_amount)
    return {
        "capture_id": capture.capture_id,
        "klarna_reference": capture.capture_id[:8].upper(),
        "captured_amount": capture.captured_amount,
        "captured_at": _time(created_s),
        "refunded_amount": refunded,
        **_sent_members(capture.body),
    }


def refund_resource(refund: Refund, created_s: float) -> dict[str, Any]:
    """A refund with the texts and the lines of its request."""
    return {
        "refund_id": refund.refund_id,
        "refunded_amount": refund.refunded_amount,
        "refunded_at": _time(created_s),
        **_sent_members(refund.body),
    }


def days_offered(spec: Spec, capture: Capture) -> tuple[int, ...]:
    """The numbers of days that a capture can be extended by."""
    if capture.captured_amount < _TIER_AMOUNT:
        return spec.extension_days[:-1]
    return spec.extension_days


def options_resource(ledger: Ledger, capture: Capture) -> dict[str, Any]:
    """The extension options of a capture, with the fee of each: the shortest is free once."""
    days = sorted(capture.offered_days or ())
    free = not any(other.extended for other in ledger.captures) and ledger.market != "FI"
    fee_each_day = 10 if capture.captured_amount < _TIER_AMOUNT else 25
    return {
        "currency": ledger.currency,
        "options": [
            {"number_of_days": n, "amount": 0 if free and n == days[0] else n * fee_each_day}
            for n in days
        ],
    }


def _sent_members(body: Any) -> dict[str, Any]:
    members = as_object(body) or {}
    return {
        name: members[name]
        for name in ("reference", "description", "order_lines", "shipping_info")
        if name in members
    }


def _status(ledger: Ledger) -> str:
    if ledger.cancelled:
        return "CANCELLED"
    if ledger.ended and ledger.remaining_authorized_amount:
        return "EXPIRED"
    if not ledger.captures:
        return "AUTHORIZED"
    return "PART_CAPTURED" if ledger.remaining_authorized_amount else "CAPTURED"


@lru_cache(maxsize=256)
def _time(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
