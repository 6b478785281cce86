"""Checks of the state that a read shows, against the ledger."""

from collections.abc import Callable, Mapping
from typing import Any

from klarna_conformance.judge.results import Inconclusive, Mismatch, Result
from klarna_conformance.judge.server.comparison import capture_state, captures_agree, refund_state
from klarna_conformance.judge.server.elsewhere import is_long_ago
from klarna_conformance.judge.server.evidence import Check, Evidence
from klarna_conformance.judge.server.invariants import lifecycle, money_adds_up
from klarna_conformance.judge.server.response_members import offered_days
from klarna_specs.ledger import Ledger

__all__ = ["RESOURCES"]


def _own_state(seen: Evidence) -> Result:
    body = seen.members()
    if body is None:
        return Mismatch("a JSON object", seen.excerpt)
    call, ledger = seen.assessment.call, seen.ledger
    refund = ledger.refund(call.refund_id) if ledger else None
    if refund:
        return refund_state(refund, body)
    return capture_state(seen.capture, body) if seen.capture else Inconclusive()


def _on_order(
    compare: Callable[[Ledger, Mapping[str, Any]], Result],
) -> Callable[[Evidence], Result]:
    def check(seen: Evidence) -> Result:
        body = seen.members()
        if body is None:
            return Mismatch("a JSON object", seen.excerpt)
        return compare(seen.ledger, body) if seen.ledger else Inconclusive()

    return check


def _money_adds_up(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    """Inconclusive after a call was wrongly accepted: consequences are no findings of their own."""
    spent = ledger.captured_amount + ledger.remaining_authorized_amount
    exceeded = ledger.refunded_amount > ledger.captured_amount or spent > ledger.order_amount
    consequence = exceeded and ledger.turn > 0
    return Inconclusive() if ledger.uncertain or consequence else money_adds_up(order)


def _lifecycle(ledger: Ledger, order: Mapping[str, Any]) -> Result:
    return Inconclusive() if ledger.uncertain else lifecycle(ledger, order)


def _captures_agree(seen: Evidence) -> Result:
    return captures_agree(seen.ledger, seen.json()) if seen.ledger else Inconclusive()


def _options_currency(seen: Evidence) -> Result:
    shown = (seen.members() or {}).get("currency")
    if not isinstance(shown, str) or seen.ledger is None:
        return Inconclusive()
    if shown.upper() == seen.ledger.currency:
        return None
    return Mismatch(f"currency {seen.ledger.currency}", f"currency {shown}")


def _same_options(seen: Evidence) -> Result:
    capture, days = seen.capture, offered_days(seen.exchange)
    if capture is None or capture.offered_days is None or days is None:
        return Inconclusive()
    shown, before = sorted(days), sorted(capture.offered_days)
    if shown == before:
        return None
    level = "INFO" if seen.ledger and is_long_ago(seen.ledger, capture) else None
    return Mismatch(f"the days {before} again", f"the days {shown}", level)


def _options_left(seen: Evidence) -> Result:
    """Inconclusive for shared orders, and where the options may have expired in the meantime."""
    ledger, capture, options = seen.ledger, seen.capture, seen.options
    if ledger is None or ledger.shared or capture is None or options is None:
        return Inconclusive()
    reads = (capture.offered_beside, *capture.offered_earlier, capture.offered_days)
    before = next((days for days in reads if days), None)
    if before is None or ledger.now_s != capture.offered_at_s:
        return Inconclusive()
    return None if options else Mismatch(f"options, as the days {sorted(before)} before", "none")


def _options_left_by_reads(seen: Evidence) -> Result:
    """Two reads without options after one with some: one alone may have failed to find them."""
    offered = seen.capture is not None and seen.capture.offered_days
    return None if offered else _options_left(seen)


RESOURCES: Mapping[str, Check] = {
    "own_state": _own_state,
    "money_adds_up": _on_order(_money_adds_up),
    "lifecycle_status": _on_order(_lifecycle),
    "captures_agree": _captures_agree,
    "options_currency": _options_currency,
    "options_left": _options_left,
    "options_left_by_reads": _options_left_by_reads,
    "same_options": _same_options,
}
