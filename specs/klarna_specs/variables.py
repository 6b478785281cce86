"""The variables of the rules: the request, the order, the capture, the call and the markets."""

from collections.abc import Callable
from typing import Any

from klarna_specs.bodies import defect, is_valid
from klarna_specs.calls import Call, key_form
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger
from klarna_specs.spec import Operation, Spec

__all__ = ["markets", "request_members", "variables"]


def variables(
    spec: Spec, ledger: Ledger | None, call: Call, others: tuple[Ledger, ...]
) -> dict[str, Callable[[], dict[str, Any]]]:
    """The function that makes each variable, called when an expression reads it."""
    return {
        "request": lambda: _request(spec, call),
        "order": lambda: _order(ledger) if ledger else {},
        "capture": lambda: _capture(ledger, call),
        "call": lambda: _call(spec, ledger, call, others),
        "markets": lambda: markets(spec),
    }


def markets(spec: Spec) -> dict[str, tuple[str, ...]]:
    """The named lists of markets, and the pay-later methods."""
    return {**spec.market_groups, "pay_later_methods": spec.pay_later_methods}


def _request(spec: Spec, call: Call) -> dict[str, Any]:
    """The described members of the body, with defaults for `order_lines` and their types."""
    members = dict(as_object(call.body) or {})
    lines = as_array(members.get("order_lines", []))
    if lines is not None:
        members["order_lines"] = [{"type": "", **(as_object(line) or {})} for line in lines]
    known = {"order_lines", *request_members(spec, call.operation)}
    return {name: _bounded(value) for name, value in members.items() if name in known}


def request_members(spec: Spec, operation: Operation) -> tuple[str, ...]:
    """The described members of an operation's request body."""
    return tuple(spec.schemas[operation.body.schema]["properties"]) if operation.body else ()


def _bounded(value: Any) -> Any:
    """The value within the limits of expressions: 64-bit integers, text without lone surrogates."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {name: _bounded(member) for name, member in members.items()}
    if parts is not None:
        return [_bounded(part) for part in parts]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return max(-(2**63), min(value, 2**63 - 1)) if is_integer(value) else value


def _order(ledger: Ledger) -> dict[str, Any]:
    amounts = [capture.captured_amount for capture in ledger.captures] or [0]
    return {
        "market": ledger.market,
        "currency": ledger.currency,
        "payment_method": ledger.payment_method,
        "order_amount": ledger.order_amount,
        "captured_amount": ledger.captured_amount,
        "refunded_amount": ledger.refunded_amount,
        "remaining_authorized_amount": ledger.remaining_authorized_amount,
        "capture_count": len(ledger.captures),
        "refund_count": len(ledger.refunds),
        "last_captured_amount": amounts[-1],
        "largest_captured_amount": max(amounts),
        "fee_amount": ledger.fee_amount,
        "extension_count": sum(capture.extended for capture in ledger.captures),
        "released": ledger.released,
        "cancelled": ledger.cancelled,
        "expired": ledger.status == "EXPIRED",
        "closed": ledger.status == "CLOSED",
        "ended": ledger.ended,
        "fraud_check_open": ledger.fraud_status not in ("", "ACCEPTED"),
        "layout": ledger.layout,
    }


def _capture(ledger: Ledger | None, call: Call) -> dict[str, Any]:
    capture = ledger.capture(call.capture_id) if ledger else None
    if ledger is None or capture is None:
        return {}
    return {
        "position": ledger.captures.index(capture),
        "captured_amount": capture.captured_amount,
        "offers_known": capture.offered_days is not None,
        "offered_days": sorted(capture.offered_days or ()),
        "extended": capture.extended,
    }


def _call(
    spec: Spec, ledger: Ledger | None, call: Call, others: tuple[Ledger, ...]
) -> dict[str, Any]:
    first = ledger.key_use(call.key) if ledger else None
    capture = ledger.capture(call.capture_id) if ledger else None
    refund = ledger.refund(call.refund_id) if ledger else None
    foreign_captures = [capture.capture_id for other in others for capture in other.captures]
    foreign_refunds = [refund.refund_id for other in others for refund in other.refunds]
    made = ledger.fingerprints if ledger else ()
    body = call.operation.body
    shape = _defect(spec, call)
    limits = body.limits if body and not shape else ""
    return {
        "credentials": call.credentials,
        "order_known": ledger is not None,
        "capture_known": capture is not None,
        "capture_is": "own" if capture else _whose(call.capture_id, foreign_captures),
        "refund_known": refund is not None,
        "refund_is": "own" if refund else _whose(call.refund_id, foreign_refunds),
        "refund_position": ledger.refunds.index(refund) if ledger and refund else -1,
        "key_form": key_form(call.key),
        "key_age_s": ledger.now_s - first.at_s if ledger and first else 0,
        "key_times": first.times if first else 0,
        "key_uses_since": ledger.turn - first.turn - first.times if ledger and first else 0,
        "repeats_body": bool(made) and call.fingerprint in made,
        "body_is": call.body_is,
        "lines_are_empty": call.member("order_lines") == [],
        "defect": shape,
        "within_limits": not limits or is_valid(spec, limits, call.body),
        "forms": list(call.forms),
    }


def _whose(identifier: str | None, elsewhere: list[str]) -> str:
    return "foreign" if identifier in elsewhere else "unknown"


def _defect(spec: Spec, call: Call) -> str:
    body = call.operation.body
    if body is None:
        return ""
    if call.body_is in ("empty", "not_json"):
        return call.body_is if body.required or call.body_is == "not_json" else ""
    return defect(spec, body.schema, call.body)
