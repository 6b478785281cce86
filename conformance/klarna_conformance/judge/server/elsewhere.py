"""What calls that are not recorded did to an order, where a read shows it. Pure.

Only what documented calls can do counts: captures, refunds, a release, a cancellation, another
amount, an expiry, a fraud check. What a recorded call would explain by itself, such as a second
refund of the same amount, is never attributed to somebody else.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from klarna_conformance.judge.results import Mismatch
from klarna_conformance.judge.server.adoption import noted, unix_s
from klarna_conformance.judge.server.answered import Kind
from klarna_conformance.judge.server.comparison import listed_resources, order_agrees
from klarna_specs.calls import MASKED_KEY, Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Capture, Ledger, Refund

__all__ = [
    "RECENT_S",
    "Ahead",
    "Elsewhere",
    "Recent",
    "Stale",
    "explanation",
    "is_long_ago",
    "unseen_changes",
]

RECENT_S = 60
"""So soon after an order was read, nobody else is assumed to have changed it.

A program reads and changes an order within seconds; a person in a portal takes longer, and so does
a warehouse. What came earlier than this could be anybody's, and proves nothing of the server.
"""

_Resource = Capture | Refund
_TEXTS = ("reference", "description")


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded call since the order was last read, with its result.

    `read_s` is when that read was, `sent_s` when the call came: Unix times by the server's clock.
    """

    call: Call
    kind: Kind
    read_s: float
    sent_s: float

    @property
    def success(self) -> bool:
        """Whether it was accepted."""
        return self.kind == "success"

    @property
    def may_be_late(self) -> bool:
        """Whether somebody else may have done before it what it was refused for."""
        return self.kind == "refusal" and self.sent_s - self.read_s >= RECENT_S

    def may_have_made(self, resource: Any, until_s: float) -> bool:
        """Whether its time, in a read at `until_s`, is that of this call, or says nothing.

        A time before the last read, or after this one, is by another clock.
        """
        made_s = unix_s(resource.get("refunded_at") or resource.get("captured_at"))
        if made_s is None or not self.read_s - RECENT_S <= made_s <= until_s + RECENT_S:
            return not self.may_be_late
        return abs(made_s - self.sent_s) < RECENT_S

    @property
    def effect(self) -> str:
        """The name of what the operation does."""
        return self.call.operation.effect


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """What whole traffic of others shows of their orders: ids that it created, indices of reads.

    `paths` are those that were read, by their segments; `offers` the days that were offered, by
    index and capture. `recorded` is false for a run, whose orders
    nobody else changes; nothing else is known ahead of it.
    """

    recorded: bool = False
    created_ids: frozenset[str] = frozenset()
    reads: tuple[int, ...] = ()
    paths: frozenset[tuple[str, ...]] = frozenset()
    offers: tuple[tuple[int, str | None, tuple[int, ...]], ...] = ()

    def may_have_ended(self, ledger: Ledger, index: int, call: Call) -> bool:
        """Whether days may no longer have been offered when a call requested them.

        That is where they were read long before, and are not offered by the next read.
        """
        capture = ledger.capture(call.capture_id)
        if call.operation.effect != "extend_due_date" or capture is None:
            return False
        later = (days for n, of, days in self.offers if n > index and of == call.capture_id)
        days = call.member("number_of_days")
        return is_long_ago(ledger, capture) and days not in next(later, ())


class Stale(msgspec.Struct, frozen=True):
    """A read that shows an order as it was before the recorded calls."""


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to an order by calls that are not recorded; amounts in minor units."""

    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    amount_change: int = 0
    rest: Literal["", "released", "cancelled"] = ""
    shown: Mapping[str, Any] = {}

    def applied(self, ledger: Ledger) -> Ledger:
        """The ledger after it."""
        captured = sum(capture.captured_amount for capture in self.captures)
        left = ledger.remaining_authorized_amount - captured + self.amount_change
        return noted(
            msgspec.structs.replace(
                ledger,
                captures=(*ledger.captures, *self.captures),
                refunds=(*ledger.refunds, *self.refunds),
                captured_amount=ledger.captured_amount + captured,
                refunded_amount=ledger.refunded_amount
                + sum(refund.refunded_amount for refund in self.refunds),
                order_amount=ledger.order_amount + self.amount_change,
                remaining_authorized_amount=0 if self.rest else left,
                released=ledger.released or self.rest == "released",
                cancelled=ledger.cancelled or self.rest == "cancelled",
            ),
            self.shown,
        )

    @property
    def said(self) -> str:
        """It in words."""
        parts = [f"capture of {c.captured_amount}" for c in self.captures]
        parts += [f"refund of {r.refunded_amount}" for r in self.refunds]
        if self.amount_change:
            parts.append(f"order_amount changed by {self.amount_change}")
        if self.rest:
            parts.append(f"the rest {self.rest}")
        return ", ".join(parts) or f"status {self.shown.get('status')!r}"


def is_long_ago(ledger: Ledger, capture: Capture) -> bool:
    """Whether the options of a capture were read so long ago that somebody else may have extended.

    They may also have expired.
    """
    return ledger.shared and ledger.now_s - capture.offered_at_s >= RECENT_S


def unseen_changes(ledger: Ledger) -> Iterator[Ledger]:
    """What an order may have become by one call of somebody else's since it was last read."""
    rest, captured = ledger.remaining_authorized_amount, ledger.captured_amount
    if rest:
        capture = Capture(capture_id="", captured_amount=rest)
        yield Elsewhere(captures=(capture,)).applied(ledger)
        yield Elsewhere(rest="released").applied(ledger)
        yield Elsewhere(rest="cancelled").applied(ledger)
    if captured > ledger.refunded_amount:
        refund = Refund(refund_id="", refunded_amount=captured - ledger.refunded_amount)
        yield Elsewhere(refunds=(refund,)).applied(ledger)


def explanation(
    ledger: Ledger,
    order: Mapping[str, Any],
    *,
    before: Ledger,
    recent: Sequence[Recent],
    created_ids: Collection[str],
) -> Elsewhere | Stale | None:
    """What explains an order that differs from the ledger; None where nothing does.

    `before` is the ledger when the order was last read, `recent` are the recorded calls since then,
    `created_ids` what their responses, and those of later calls, named as created.
    """
    if change := _done_elsewhere(ledger, order, recent, created_ids):
        return change
    stale = recent and not isinstance(order_agrees(before, order), Mismatch)
    return Stale() if stale else None


def _done_elsewhere(
    ledger: Ledger, order: Mapping[str, Any], recent: Sequence[Recent], created_ids: Collection[str]
) -> Elsewhere | None:
    captures = _new(ledger, order, recent, created_ids, refunds=False)
    refunds = _new(ledger, order, recent, created_ids, refunds=True)
    if captures is None or refunds is None:
        return None
    amount = order.get("order_amount")
    change = amount - ledger.order_amount if is_integer(amount) else 0
    if change and any(_may_change(each, amount) for each in recent):
        return None
    found = Elsewhere(
        captures=tuple(each for each in captures if isinstance(each, Capture)),
        refunds=tuple(each for each in refunds if isinstance(each, Refund)),
        amount_change=change,
        shown=order,
    )
    left = found.applied(ledger).remaining_authorized_amount
    if order.get("remaining_authorized_amount") == 0 and left and order.get("status") != "EXPIRED":
        rest = "cancelled" if order.get("status") == "CANCELLED" else "released"
        if _explains_rest(recent, rest):
            return None
        found = msgspec.structs.replace(found, rest=rest)
    return None if isinstance(order_agrees(found.applied(ledger), order), Mismatch) else found


def _new(
    ledger: Ledger,
    order: Mapping[str, Any],
    recent: Sequence[Recent],
    created_ids: Collection[str],
    *,
    refunds: bool,
) -> list[_Resource] | None:
    """The resources that the order shows beside the known ones; None where some cannot be new."""
    kind, total = ("refunds", "refunded_amount") if refunds else ("captures", "captured_amount")
    known: Sequence[_Resource] = ledger.refunds if refunds else ledger.captures
    known_amount = ledger.refunded_amount if refunds else ledger.captured_amount
    until_s = (ledger.began_s or 0.0) + ledger.now_s
    effect = "refund" if refunds else "capture"
    sent = [each for each in recent if each.effect == effect]
    listed = as_array(order.get(kind))
    if listed is None:
        extra = order.get(total, known_amount)
        if extra == known_amount:
            return []
        alone = is_integer(extra) and extra > known_amount and all(e.may_be_late for e in sent)
        return [_resource("", extra - known_amount, None, refunds=refunds)] if alone else None
    left = [_amount(each) for each in known]
    ids = {_id(each) for each in known if _id(each)}
    found: list[_Resource] = []
    pairs = zip(listed_resources(kind, listed), listed, strict=True)
    for (identifier, amount), resource in sorted(pairs, key=lambda pair: pair[0][0] not in ids):
        if not is_integer(amount):
            return None
        if amount in left and (identifier in ids or not identifier or "" in map(_id, known)):
            left.remove(amount)
            continue
        made = _resource(identifier or "", amount, resource, refunds=refunds)
        if (
            identifier in ids
            or identifier in created_ids
            or _is_twin(resource, amount, total, sent, listed, until_s)
        ):
            return None
        found.append(made)
    return None if left else found


def _resource(identifier: str, amount: int, body: Any, *, refunds: bool) -> _Resource:
    if refunds:
        return Refund(refund_id=identifier, refunded_amount=amount, body=body)
    return Capture(capture_id=identifier, captured_amount=amount, body=body)


def _id(resource: _Resource) -> str:
    return resource.refund_id if isinstance(resource, Refund) else resource.capture_id


def _amount(resource: _Resource) -> int:
    return resource.refunded_amount if isinstance(resource, Refund) else resource.captured_amount


def _is_twin(
    resource: Any,
    amount: int,
    member: str,
    sent: Sequence[Recent],
    listed: Sequence[Any],
    until_s: float,
) -> bool:
    """Whether a recorded call could have made it: the same amount, no time or text that differs.

    A text that it lacks differs where the order shows that of the call elsewhere.
    """
    shown = [as_object(each) or {} for each in listed]
    return any(
        each.call.member(member) == amount
        and each.may_have_made(resource, until_s)
        and not any(
            _differs(resource.get(name), each.call.member(name), shown, name) for name in _TEXTS
        )
        for each in sent
    )


def _differs(text: Any, sent: Any, shown: Sequence[Mapping[str, Any]], name: str) -> bool:
    if MASKED_KEY in (text, sent):
        return True  # It is not known to be that of the call.
    if text:
        return text != sent
    return bool(sent) and any(each.get(name) == sent for each in shown)


def _may_change(each: Recent, amount: Any) -> bool:
    """Whether a recorded call may be why an order has this amount."""
    sent = each.call.member("order_amount")
    return each.effect == "change_amount" and (each.kind != "refusal" or sent == amount)


def _explains_rest(recent: Sequence[Recent], rest: str) -> bool:
    """Whether a recorded call may be why nothing remains authorized.

    A refused release may, unless a capture was refused too, or it came long after the last read:
    then it was released before. Only a cancellation makes an order show that it is cancelled.
    """
    if rest == "cancelled":
        return any(each.effect == "cancel" and not each.may_be_late for each in recent)
    refused = [each for each in recent if each.effect == "capture" and not each.success]
    of_the_rest = {"release", "cancel"} if not refused else set[str]()
    return any(
        (each.effect in of_the_rest and not each.may_be_late)
        or (each.success and each.effect in ("capture", "change_amount"))
        for each in recent
    )
