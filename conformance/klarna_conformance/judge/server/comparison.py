"""Comparison of the resources that a server shows with the ledger. Pure.

Each function returns what was expected and what was observed, or None where they agree.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from klarna_conformance.judge.results import Inconclusive, Mismatch, NotApplicable, Result
from klarna_reports.record.record import Difference, Listed
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Capture, Ledger, Refund

__all__ = [
    "AMOUNTS",
    "capture_state",
    "captures_agree",
    "captures_stay_refunded",
    "currency_kept",
    "excerpt",
    "has_list",
    "listed_resources",
    "never_cancelled",
    "order_agrees",
    "refund_state",
    "same_value",
]

AMOUNTS = ("captured_amount", "refunded_amount", "remaining_authorized_amount")
"""The members of an order that hold amounts which calls change."""


def order_agrees(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """The amounts, captures and refunds of an order beside those of the ledger.

    What the order did not list before may be missing again, or come back.
    """
    pairs = [
        (name, getattr(ledger, name), order[name])
        for name in AMOUNTS
        if is_integer(order.get(name))  # `money_adds_up` reports other values
        and not (name == "remaining_authorized_amount" and _lapsed(ledger, order))
    ]
    for kind, own in (("captures", ledger.captures), ("refunds", ledger.refunds)):
        if has_list(order, kind):
            theirs = listed_resources(kind, order[kind])
            back = [identifier for identifier, _ in theirs]
            expected = [pair for pair, listed in _known(own) if listed or pair[0] in back]
            pairs.append((kind, *_comparable(expected, theirs)))
    if not pairs and not any(ledger.amounts) and not ledger.captures:
        return NotApplicable("the order shows no amounts, and all are zero")
    if not pairs:
        return Inconclusive()
    wrong = [(name, ours, theirs) for name, ours, theirs in pairs if not same_value(ours, theirs)]
    return _mismatch(wrong) if wrong else None


def never_cancelled(ledger: Ledger, before: Any, status: Any) -> Result:
    """An order with captures that was shown with another status, and that nobody cancelled."""
    cancelled = status == "CANCELLED" and before not in (None, status)
    if not cancelled or ledger.cancelled or ledger.ended or not ledger.captures:
        return None
    return Mismatch(f"status {excerpt(before)}", f"status {excerpt(status)}")


def captures_stay_refunded(before: Mapping[str, Any], order: Mapping[str, Any]) -> Result:
    """What was refunded of all captures together, beside what an earlier read showed."""
    earlier, now = (_refunded_of_captures(each) for each in (before, order))
    if earlier is None or now is None or now >= earlier:
        return None
    return Mismatch(
        f"captures with a refunded_amount of {earlier} or more", f"a refunded_amount of {now}"
    )


def _refunded_of_captures(order: Mapping[str, Any]) -> int | None:
    captures = [as_object(each) or {} for each in as_array(order.get("captures")) or ()]
    amounts = [each.get("refunded_amount", 0) for each in captures]
    return sum(amounts) if all(is_integer(amount) for amount in amounts) else None


def currency_kept(before: Mapping[str, Any], order: Mapping[str, Any]) -> Result:
    """The currency of an order beside that of an earlier read."""
    name = "purchase_currency"
    earlier, now = before.get(name), order.get(name)
    if not before:
        return Inconclusive()
    if not isinstance(earlier, str) or now is None:
        return NotApplicable(f"the order shows no {name}")
    if isinstance(now, str) and now.casefold() == earlier.casefold():
        return None
    return Mismatch(f"{name} {earlier}", f"{name} {excerpt(now)}")


def _mismatch(wrong: list[tuple[str, Any, Any]]) -> Mismatch:
    """Members that differ, each with our value and theirs."""
    return Mismatch(
        ", ".join(f"{name} {_shown(ours)}" for name, ours, _ in wrong),
        ", ".join(f"{name} {_shown(theirs)}" for name, _, theirs in wrong),
        differences=tuple(
            Difference(member=name, expected=_value(ours), observed=_value(theirs))
            for name, ours, theirs in wrong
        ),
    )


def _value(value: Any) -> int | str | tuple[Listed, ...]:
    pairs = as_array(value)
    if pairs is not None and all(isinstance(pair, tuple) for pair in pairs):
        return tuple(
            Listed(str(identifier or ""), amount if is_integer(amount) else None)
            for identifier, amount in pairs
        )
    return value if is_integer(value) else excerpt(value)


def _lapsed(ledger: Ledger, order: Mapping[str, Any]) -> bool:
    """Whether what remained authorized may be shown as gone, because its time is over."""
    over = ledger.ended or order.get("status") == "EXPIRED"
    return over and order.get("remaining_authorized_amount") == 0


def same_value(ours: Any, theirs: Any) -> bool:
    return ours == theirs and isinstance(theirs, bool) is isinstance(ours, bool)


def _known(
    resources: tuple[Capture, ...] | tuple[Refund, ...],
) -> list[tuple[tuple[Any, Any], bool]]:
    """Id and amount of each resource, and whether the order listed it when it was last read."""
    return [
        ((r.capture_id, r.captured_amount), r.listed)
        if isinstance(r, Capture)
        else ((r.refund_id, r.refunded_amount), r.listed)
        for r in resources
    ]


def listed_resources(kind: str, resources: list[Any]) -> list[tuple[Any, Any]]:
    """Id and amount of each resource of a list of captures or refunds."""
    word = kind.removesuffix("s")
    identifier, amount = f"{word}_id", "captured_amount" if word == "capture" else "refunded_amount"
    return [
        (members.get(identifier), members.get(amount))
        for members in (as_object(resource) or {} for resource in resources)
    ]


def _comparable(ours: list[tuple[Any, Any]], theirs: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Both lists in one order, by what both show: ids or amounts that are missing do not count."""
    if ours == theirs:
        return ours, theirs
    if any(not identifier for identifier, _ in (*ours, *theirs)):
        ours = [("", amount) for _, amount in ours]
        theirs = [("", amount) for _, amount in theirs]
    if not all(is_integer(amount) for _, amount in theirs):
        ours = [(identifier, None) for identifier, _ in ours]
        theirs = [(identifier, None) for identifier, _ in theirs]
    return sorted(ours, key=repr), sorted(theirs, key=repr)


def _shown(value: Any) -> str:
    pairs = as_array(value)
    if pairs is not None and all(isinstance(pair, tuple) for pair in pairs):
        return "[" + ", ".join(f"{amount} ({identifier})" for identifier, amount in pairs) + "]"
    return repr(value)


def has_list(order: Mapping[str, Any], kind: str) -> bool:
    return isinstance(order.get(kind), list)


def captures_agree(ledger: Ledger, captures: Any) -> Result:
    """A list of captures beside the ledger's."""
    listed = as_array(captures)
    if listed is None:
        return Mismatch("a list of captures", f"a JSON {type(captures).__name__}")
    known = [pair for pair, _ in _known(ledger.captures)]
    ours, theirs = _comparable(known, listed_resources("captures", listed))
    if same_value(ours, theirs):
        return None
    found = _mismatch([("captures", ours, theirs)])
    return msgspec.structs.replace(found, expected=_shown(ours), observed=_shown(theirs))


def capture_state(capture: Capture, resource: Mapping[str, Any]) -> Result:
    """A capture's id, amount, and the bound of what was refunded of it."""
    members = {"capture_id": capture.capture_id, "captured_amount": capture.captured_amount}
    if (result := _members(members, resource)) is not None:
        return result
    refunded = resource.get("refunded_amount")
    if refunded is None:
        return None
    if is_integer(refunded) and 0 <= refunded <= capture.captured_amount:
        return None
    return Mismatch(
        f"refunded_amount from 0 to {capture.captured_amount}", f"refunded_amount {refunded!r}"
    )


def refund_state(refund: Refund, resource: Mapping[str, Any]) -> Result:
    """A refund's id and amount."""
    members = {"refund_id": refund.refund_id, "refunded_amount": refund.refunded_amount}
    return _members(members, resource)


def _members(members: Mapping[str, Any], resource: Mapping[str, Any]) -> Result:
    shown = [name for name in members if resource.get(name) is not None]
    if not shown:
        return Mismatch(f"a resource with {' and '.join(members)}", "neither of them")
    wrong = [name for name in shown if not same_value(members[name], resource[name])]
    return _mismatch([(name, members[name], resource[name]) for name in wrong]) if wrong else None


def excerpt(value: Any) -> str:
    text = repr(value)
    if len(text) <= 200:
        return text
    entries, members = as_array(value), as_object(value)
    if entries is not None:
        return f"{len(entries)} entries"
    return f"{len(members)} members" if members is not None else f"{text[:120]} ... {text[-60:]}"
