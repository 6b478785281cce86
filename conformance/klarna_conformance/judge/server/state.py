"""How the resources that a server shows differ from the ledger. Pure.

Each function returns what was expected and what was observed, or None where they agree; `NotTold`
where the resource has no member that could show it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from klarna_specs.json_value import as_array, as_object, is_countable, is_integer
from klarna_specs.ledger import Capture, Ledger, Refund

__all__ = [
    "Excused",
    "Mismatch",
    "NotTold",
    "Result",
    "adopted",
    "capture_state",
    "captures_agree",
    "lifecycle",
    "listed_resources",
    "money_adds_up",
    "noted",
    "order_agrees",
    "refund_state",
    "text_agrees",
    "text_is_own",
    "text_shown",
]

_AMOUNTS = ("captured_amount", "refunded_amount", "remaining_authorized_amount")
_TEXTS = ("reference", "description")


class Mismatch(msgspec.Struct, frozen=True):
    """What was expected, and what was observed."""

    expected: str
    observed: str


class NotTold(msgspec.Struct, frozen=True):
    """The response does not tell what would have to be compared."""


class Excused(msgspec.Struct, frozen=True):
    """The requirement speaks only of what is shown, and nothing of it is."""

    reason: str


Result = Mismatch | NotTold | Excused | None


def order_agrees(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """The amounts, captures and refunds of an order beside those of the ledger."""
    pairs = [
        (name, getattr(ledger, name), order[name])
        for name in _AMOUNTS
        if is_integer(order.get(name))  # other values are for `money_adds_up` to tell
        and not (name == "remaining_authorized_amount" and _lapsed(ledger, order))
    ]
    for kind, own in (("captures", _known(ledger.captures)), ("refunds", _known(ledger.refunds))):
        if _has(order, kind):
            pairs.append((kind, *_comparable(own, _listed(kind, order[kind]))))
    if not pairs:
        return NotTold()
    wrong = [(name, ours, theirs) for name, ours, theirs in pairs if not _same(ours, theirs)]
    if not wrong:
        return None
    return Mismatch(
        ", ".join(f"{name} {_shown(ours)}" for name, ours, _ in wrong),
        ", ".join(f"{name} {_shown(theirs)}" for name, _, theirs in wrong),
    )


def _lapsed(ledger: Ledger, order: Mapping[str, Any]) -> bool:
    """Whether what remained authorized may be shown as gone, because its time is over."""
    over = ledger.ended or order.get("status") == "EXPIRED"
    return over and order.get("remaining_authorized_amount") == 0


def _same(ours: Any, theirs: Any) -> bool:
    return ours == theirs and isinstance(theirs, bool) is isinstance(ours, bool)


def _known(resources: tuple[Capture, ...] | tuple[Refund, ...]) -> list[tuple[Any, Any]]:
    return [
        (r.capture_id, r.captured_amount)
        if isinstance(r, Capture)
        else (r.refund_id, r.refunded_amount)
        for r in resources
    ]


def _listed(kind: str, resources: list[Any]) -> list[tuple[Any, Any]]:
    word, amount = ("capture", "captured") if kind == "captures" else ("refund", "refunded")
    return [
        (members.get(f"{word}_id"), members.get(f"{amount}_amount"))
        for members in (as_object(resource) or {} for resource in resources)
    ]


def listed_resources(kind: str, resources: list[Any]) -> list[tuple[Any, Any]]:
    """Id and amount of each resource of a list of captures or refunds."""
    return _listed(kind, resources)


def _comparable(ours: list[tuple[Any, Any]], theirs: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Both lists in one order, by what both tell: ids or amounts that are missing do not count."""
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


def adopted(ledger: Ledger, order: Mapping[str, Any]) -> Ledger:
    """The ledger with what the order resource tells, so that later calls are judged by what is.

    What an answer told before is never forgotten.
    """
    told: dict[str, Any] = {n: order[n] for n in _AMOUNTS if is_countable(order.get(n))}
    refunds = _usable(_listed("refunds", order["refunds"])) if _has(order, "refunds") else None
    if refunds is not None:
        new = [i for i in refunds if ledger.refund(i) is None]
        made = tuple(Refund(refund_id=i, refunded_amount=refunds[i]) for i in new)
        told["refunds"] = (*ledger.refunds, *made)
    captures = _usable(_listed("captures", order["captures"])) if _has(order, "captures") else None
    if captures is not None:
        new = [i for i in captures if ledger.capture(i) is None]
        made = tuple(Capture(capture_id=i, captured_amount=captures[i]) for i in new)
        told["captures"] = (*ledger.captures, *made)
    if ledger.shared and is_countable(order.get("order_amount")):
        told["order_amount"] = order["order_amount"]
    if ledger.uncertain:
        told |= _rest(msgspec.structs.replace(ledger, **told), order)
    known = msgspec.structs.replace(ledger, uncertain=False, silent=(), **told)
    return noted(_given_up(known) if ledger.shared else known, order)


def _given_up(ledger: Ledger) -> Ledger:
    """An order of which nothing remains authorized, though not all of it was captured."""
    over = ledger.remaining_authorized_amount == 0 and ledger.captured_amount < ledger.order_amount
    released = over and not ledger.cancelled and (ledger.released or not ledger.ended)
    return msgspec.structs.replace(ledger, released=released)


def noted(ledger: Ledger, order: Mapping[str, Any]) -> Ledger:
    """The ledger with what the order shows that limits what can be done with it.

    CLOSED is not documented, and counts only where others may have closed the order.
    """
    status = order.get("status")
    counts = status in ("EXPIRED", "CLOSED") and (ledger.shared or status == "EXPIRED")
    fraud = order.get("fraud_status")
    return msgspec.structs.replace(
        ledger,
        status=status if counts else "",
        cancelled=ledger.cancelled or (ledger.shared and status == "CANCELLED"),
        fraud_status=fraud if isinstance(fraud, str) else "",
        expires_s=_unix_s(order.get("expires_at")) or ledger.expires_s,
    )


def _unix_s(moment: Any) -> float | None:
    try:
        read = datetime.fromisoformat(moment) if isinstance(moment, str) else None
    except ValueError:
        return None
    return read.timestamp() if read and read.tzinfo else None


def _rest(ledger: Ledger, order: Mapping[str, Any]) -> dict[str, bool]:
    """What became of the rest of an order, where it is not known whether a call gave it up."""
    if ledger.remaining_authorized_amount:
        return {"cancelled": False, "released": False}
    status = order.get("status")
    if not isinstance(status, str) or ledger.captured_amount >= ledger.order_amount:
        return {}
    cancelled = status == "CANCELLED"
    return {"cancelled": cancelled, "released": not cancelled}


def _has(order: Mapping[str, Any], kind: str) -> bool:
    return isinstance(order.get(kind), list)


def _usable(pairs: list[tuple[Any, Any]]) -> dict[str, int] | None:
    """The amounts by id; None where an entry does not tell both."""
    usable = {i: amount for i, amount in pairs if isinstance(i, str) and is_countable(amount)}
    return usable if len(usable) == len(pairs) else None


def captures_agree(ledger: Ledger, captures: Any) -> Result:
    """A list of captures beside the ledger's."""
    listed = as_array(captures)
    if listed is None:
        return Mismatch("a list of captures", f"a JSON {type(captures).__name__}")
    ours, theirs = _comparable(_known(ledger.captures), _listed("captures", listed))
    if _same(ours, theirs):
        return None
    return Mismatch(_shown(ours), _shown(theirs))


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
    told = [name for name in members if resource.get(name) is not None]
    if not told:
        return Mismatch(f"a resource with {' and '.join(members)}", "neither of them")
    wrong = [name for name in told if not _same(members[name], resource[name])]
    if not wrong:
        return None
    return Mismatch(
        ", ".join(f"{name} {members[name]!r}" for name in wrong),
        ", ".join(f"{name} {resource[name]!r}" for name in wrong),
    )


def text_agrees(sent: Any, resource: Mapping[str, Any]) -> Result:
    """The texts and order lines that a resource shows beside those that were sent."""
    told = (*_TEXTS, "order_lines")
    names = [n for n in told if n in sent and (resource.get(n) or resource.get(n) == sent[n])]
    if not names:
        return Excused("the resource shows none of the texts and lines")
    for name in names:
        if not _kept(sent[name], resource[name]):
            return Mismatch(f"{name} {_cut(sent[name])}", f"{name} {_cut(resource[name])}")
    return None


def _kept(sent: Any, shown: Any) -> bool:
    """Whether what was sent is in what is shown.

    Neither members that a server adds matter, nor white space around a text or the way in which
    its lines end.
    """
    ours, theirs = as_object(sent), as_object(shown)
    if ours is not None and theirs is not None:
        return all(_kept(value, theirs[name]) for name, value in ours.items() if name in theirs)
    lines, listed = as_array(sent), as_array(shown)
    if lines is not None and listed is not None:
        left = list(listed)
        for line in lines:
            found = next((n for n, each in enumerate(left) if _kept(line, each)), None)
            if found is None:
                return False
            del left[found]
        return not left
    if isinstance(sent, str) and isinstance(shown, str):
        return sent.strip().splitlines() == shown.strip().splitlines()
    return _same(sent, shown)


def text_shown(sent: Any, resource: Mapping[str, Any]) -> Result:
    """Whether the texts that were sent are shown at all."""
    missing = [name for name in _TEXTS if sent.get(name) and not resource.get(name)]
    if not missing:
        return None
    return Mismatch(f"{' and '.join(missing)} as sent", "nothing of that")


def text_is_own(
    sent: Mapping[str, Any],
    resource: Mapping[str, Any],
    refunds: Iterable[Mapping[str, Any]],
    captures: Iterable[Mapping[str, Any]],
) -> Result:
    """Whether a refund that was sent without a text shows one that came with another refund.

    A server may fill in a text of its own, or that of a capture.
    """
    of_others = [(name, each.get(name)) for each in refunds for name in _TEXTS]
    of_others = [text for text in of_others if text[1] and not sent.get(text[0])]
    if not of_others:
        return NotTold()
    of_captures = [(name, each.get(name)) for each in captures for name in _TEXTS]
    for name, text in of_others:
        if resource.get(name) == text and (name, text) not in of_captures:
            return Mismatch(f"no {name}", f"{name} {_cut(text)}, sent with another refund")
    return None


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:120]} ... {text[-60:]}"


def money_adds_up(order: Mapping[str, Any]) -> Result:
    """The invariants of an order's amounts, on the resource alone."""
    amounts = {
        name: order[name]
        for name in ("order_amount", "original_order_amount", *_AMOUNTS)
        if order.get(name) is not None
    }
    if not amounts:
        return NotTold()
    for name, amount in amounts.items():
        if not is_integer(amount) or amount < 0:
            return Mismatch(f"{name} as a whole number of minor units", f"{name} {amount!r}")
    total = amounts.get("order_amount", amounts.get("original_order_amount"))
    captured, refunded = amounts.get("captured_amount"), amounts.get("refunded_amount")
    left = amounts.get("remaining_authorized_amount")
    if captured is not None and refunded is not None and refunded > captured:
        return Mismatch(f"refunded_amount at most {captured}", f"refunded_amount {refunded}")
    if total is not None and captured is not None and captured + (left or 0) > total:
        return Mismatch(
            f"captured_amount and remaining_authorized_amount at most {total} together",
            f"{captured} and {left}",
        )
    for kind, told in (("captures", captured), ("refunds", refunded)):
        listed = _listed(kind, order[kind]) if _has(order, kind) else [(None, told)]
        parts = [amount for _, amount in listed if is_integer(amount)]
        if told is not None and len(parts) == len(listed) and sum(parts) != told:
            return Mismatch(f"{kind} that sum to {told}", f"a sum of {sum(parts)}")
    return None


def lifecycle(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """The status of an order beside what its captures and its cancellation make of it."""
    if "status" not in order:
        return NotTold()
    if ledger.ended:
        return NotTold()
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
    return Mismatch(f"status {expected}", f"status {_cut(order['status'])}")
