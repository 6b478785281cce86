"""Adoption of what an order resource shows, so that later calls are judged by what is. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from klarna_conformance.judge.server.comparison import AMOUNTS, has_list, listed_resources
from klarna_specs.json_value import is_countable
from klarna_specs.ledger import Capture, Ledger, Refund

__all__ = ["adopted", "noted", "unix_s"]

_Resource = TypeVar("_Resource", Capture, Refund)


def adopted(ledger: Ledger, order: Mapping[str, Any]) -> Ledger:
    """The ledger with what the order resource shows, so that later calls are judged by what is.

    What an earlier response named is never forgotten. That the order does not list it is reported
    once, by the first read after which it is clear what was done.
    """
    unclear = ledger.uncertain
    shown: dict[str, Any] = {n: order[n] for n in AMOUNTS if is_countable(order.get(n))}
    refunds, captures = _listed("refunds", order), _listed("captures", order)
    if refunds is not None:
        own = _with_shown_ids(ledger.refunds, refunds, "refund")
        ids = {r.refund_id for r in own}
        new = (i for i in refunds if i not in ids)
        made = (Refund(refund_id=i, refunded_amount=refunds[i]) for i in new)
        known = (replace(r, listed=(unclear and r.listed) or r.refund_id in refunds) for r in own)
        shown["refunds"] = (*known, *made)
    if captures is not None:
        own = _with_shown_ids(ledger.captures, captures, "capture")
        ids = {c.capture_id for c in own}
        new = (i for i in captures if i not in ids)
        made = (Capture(capture_id=i, captured_amount=captures[i]) for i in new)
        known = (replace(c, listed=(unclear and c.listed) or c.capture_id in captures) for c in own)
        shown["captures"] = (*known, *made)
    if ledger.shared and is_countable(order.get("order_amount")):
        shown["order_amount"] = order["order_amount"]
    if ledger.uncertain:
        shown |= _rest(replace(ledger, **shown), order)
    known = replace(ledger, uncertain=False, silent=(), **shown)
    return noted(_rest_gone(known) if ledger.shared else known, order)


def _with_shown_ids(
    known: Sequence[_Resource], shown: Mapping[str, int], kind: str
) -> list[_Resource]:
    """The known resources; one without an id is the first new one of its amount."""
    name, amount_name = f"{kind}_id", "captured_amount" if kind == "capture" else "refunded_amount"
    named = {getattr(each, name) for each in known}
    left = {i: amount for i, amount in shown.items() if i not in named}
    found: list[_Resource] = []
    for each in known:
        of_amount = (i for i, amount in left.items() if amount == getattr(each, amount_name))
        identifier = getattr(each, name) or next(of_amount, "")
        left.pop(identifier, None)
        found.append(replace(each, **{name: identifier}))
    return found


def _rest_gone(ledger: Ledger) -> Ledger:
    """An order of which nothing remains authorized, though not all of it was captured."""
    over = ledger.remaining_authorized_amount == 0 and ledger.captured_amount < ledger.order_amount
    released = over and not ledger.cancelled and (ledger.released or not ledger.ended)
    return replace(ledger, released=released)


def noted(ledger: Ledger, order: Mapping[str, Any]) -> Ledger:
    """The ledger with what the order shows that limits what can be done with it.

    CLOSED is not documented, and counts only where others may have closed the order.
    """
    status = order.get("status")
    counts = status in ("EXPIRED", "CLOSED") and (ledger.shared or status == "EXPIRED")
    fraud = order.get("fraud_status")
    return replace(
        ledger,
        status=status if counts else "",
        cancelled=ledger.cancelled or (ledger.shared and status == "CANCELLED"),
        fraud_status=fraud if isinstance(fraud, str) else "",
        expires_s=unix_s(order.get("expires_at")) or ledger.expires_s,
    )


def unix_s(moment: Any) -> float | None:
    """A time in a resource as a Unix time; None without one."""
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


def _listed(kind: str, order: Mapping[str, Any]) -> dict[str, int] | None:
    """The amounts by id; None where there is no list, or an entry does not show both."""
    if not has_list(order, kind):
        return None
    pairs = listed_resources(kind, order[kind])
    usable = {i: amount for i, amount in pairs if isinstance(i, str) and is_countable(amount)}
    return usable if len(usable) == len(pairs) else None
