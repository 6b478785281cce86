"""The effects of operations on an order, by the names that `effect` has in the YAML files."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import AUTHORIZATION_S, Answer, Capture, Ledger, Refund, fee_amount

__all__ = ["CHANGED_MEMBERS", "EFFECTS", "Effect", "moved_on"]

Effect = Callable[[Ledger, Call, Answer], Ledger]
_replace = msgspec.structs.replace

CHANGED_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "refund": ("refunded_amount", "refunds"),
    "capture": ("captured_amount", "captures", "remaining_authorized_amount"),
    "release": ("remaining_authorized_amount",),
}
"""The members of a shown order that an effect changes; money that was given back comes first."""


def moved_on(ledger: Ledger, call: Call, answer: Answer, *, effect: bool) -> Ledger:
    """The ledger after a response; `effect` says whether the call had a new effect."""
    noted = ledger.noting(call, answer, effect=effect)
    name = call.operation.effect
    if not effect or not name:
        return noted
    return EFFECTS[name](_forgetting(noted), call, answer).beside_silence(call, noted)


def _forgetting(ledger: Ledger) -> Ledger:
    """The ledger without what only holds while nothing changes the order."""
    captures = tuple(
        _replace(capture, offered_earlier=(), offered_beside=None, refused=False)
        for capture in ledger.captures
    )
    return _replace(ledger, captures=captures)


def _refund(ledger: Ledger, call: Call, answer: Answer) -> Ledger:
    amount = call.member("refunded_amount")
    if not is_integer(amount):
        return _replace(ledger, uncertain=True)
    refund = Refund(
        refund_id=answer.resource_id or "",
        refunded_amount=amount,
        fee_amount=fee_amount(call.member("order_lines")),
        body=call.body,
    )
    return _replace(
        ledger,
        refunds=(*ledger.refunds, refund),
        refunded_amount=ledger.refunded_amount + amount,
    )


def _capture(ledger: Ledger, call: Call, answer: Answer) -> Ledger:
    amount = call.member("captured_amount")
    if not is_integer(amount):
        return _replace(ledger, uncertain=True)
    capture = Capture(capture_id=answer.resource_id or "", captured_amount=amount, body=call.body)
    return _replace(
        ledger,
        captures=(*ledger.captures, capture),
        captured_amount=ledger.captured_amount + amount,
        remaining_authorized_amount=ledger.remaining_authorized_amount - amount,
    )


def _release(ledger: Ledger, _call: Call, _answer: Answer) -> Ledger:
    return _replace(ledger, released=True, remaining_authorized_amount=0)


def _cancel(ledger: Ledger, _call: Call, _answer: Answer) -> Ledger:
    return _replace(ledger, cancelled=True, remaining_authorized_amount=0)


def _extend_due_date(ledger: Ledger, call: Call, _answer: Answer) -> Ledger:
    """How the options change is not documented, so they are unknown until they are read."""
    captures = tuple(
        _replace(
            capture,
            offered_days=None,
            offered_beside=None if capture.capture_id == call.capture_id else capture.offered_days,
        )
        for capture in ledger.captures
    )
    return _replace(ledger, captures=captures).with_capture(call.capture_id, extended=True)


def _extend_authorization(ledger: Ledger, _call: Call, _answer: Answer) -> Ledger:
    if ledger.expires_s is None:
        return ledger
    return _replace(ledger, expires_s=ledger.expires_s + AUTHORIZATION_S)


def _change_amount(ledger: Ledger, call: Call, _answer: Answer) -> Ledger:
    amount = call.member("order_amount")
    if not is_integer(amount):
        return _replace(ledger, uncertain=True)
    remaining_amount = amount - ledger.captured_amount
    return _replace(ledger, order_amount=amount, remaining_authorized_amount=remaining_amount)


def _add_shipping(ledger: Ledger, call: Call, _answer: Answer) -> Ledger:
    capture = ledger.capture(call.capture_id)
    known = (as_object(capture.body) if capture else None) or {}
    shipping = [*_parcels(known), *_parcels(as_object(call.body) or {})]
    return ledger.with_capture(call.capture_id, body={**known, "shipping_info": shipping})


def _parcels(body: dict[str, Any]) -> list[Any]:
    return as_array(body.get("shipping_info")) or []


EFFECTS: Mapping[str, Effect] = {
    "refund": _refund,
    "capture": _capture,
    "release": _release,
    "cancel": _cancel,
    "extend_due_date": _extend_due_date,
    "extend_authorization": _extend_authorization,
    "change_amount": _change_amount,
    "add_shipping": _add_shipping,
}
"""Every effect of a success on an order; an operation without an effect changes nothing."""
