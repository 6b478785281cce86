"""Traffic alone: which requests are attempts at one operation, and what they show. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from klarna_conformance.judge.client.attempts import TEXTS, Attempt, attempts_of, member
from klarna_conformance.judge.client.judging import Judged, findings_of
from klarna_conformance.judge.client.keys import KeyBook, Use
from klarna_conformance.judge.client.view import View
from klarna_reports.record.record import Finding
from klarna_specs.calls import Call
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, Request
from klarna_specs.json_value import as_object
from klarna_specs.ledger import DAY_S
from klarna_specs.spec import Spec

__all__ = ["judge_traffic"]

_NO_KEYS = KeyBook()
_AGAIN_WITHIN_S = 600.0
"""The same call so soon after one of unclear fate is taken for another attempt at it."""
_ORDERS = "/ordermanagement/v1/orders/"
_OF_CREDENTIALS = "client.credentials-sent"
_AMOUNTS = ("captured_amount", "refunded_amount", "remaining_authorized_amount")
_Shown = tuple[float, tuple[Any, ...]]
"""When the order was read, in seconds from the start, and the amounts that it showed."""
_OF_KEYS = frozenset(
    {
        *("client.once", "client.key-sent", "client.key-of-its-own", "client.key-uuid"),
        *("client.key-kept", "client.guarded-against-duplicates"),
    }
)
"""Requirements that a recording without idempotency keys does not show."""


@dataclass(slots=True)
class _Operation:
    """Attempts that are taken for the same operation, and what else was sent beside them."""

    attempts: list[Attempt] = field(default_factory=list[Attempt])
    others: list[Attempt] = field(default_factory=list[Attempt])


def judge_traffic(
    spec: Spec, exchanges: Sequence[Exchange], marks: Sequence[Mark] = (), known: KeyBook = _NO_KEYS
) -> Judged:
    """Judges a client by its exchanges, where nothing else is known of it.

    A mark holds what only the network knows of an exchange. Where there are none, as in recordings,
    a call without a response may have taken effect or not, and credentials were left out. `known`
    are the keys of other traffic. What is not about orders is ignored.
    """
    found: list[Finding] = []
    keys = KeyBook()
    occasions: set[str] = set()
    seen = bool(marks) and not any(mark.recorded for mark in marks)
    for operation in _operations(spec, exchanges, marks):
        view = _view(spec, operation, known, credentials_known=seen)
        unknown: set[str] = set() if seen else {_OF_CREDENTIALS}
        if any(attempt.call and attempt.call.key_is_masked for attempt in view.attempts):
            unknown |= _OF_KEYS
        findings = findings_of(view, traffic=True)
        found.extend(f for f in findings if f.requirement not in unknown)
        occasions.update(_occasions(view))
        own = _keys(view)
        known, keys = known | own, own | keys
    return Judged(findings=tuple(found), keys=keys, occasions=frozenset(occasions))


def _occasions(view: View) -> Iterator[str]:
    """The conditional requirements that this operation could have shown.

    Without findings, the client is excused from them.
    """
    if view.attempts and view.changes:
        yield from ("client.key-of-its-own", "client.key-uuid")
        if view.unclear:
            yield "client.key-kept"
    if any(each.fate == "wait" and not each.mark.untimed for each in view.attempts):
        yield "client.waits-as-asked"


def _keys(view: View) -> KeyBook:
    if not view.attempts or not view.changes:
        return KeyBook()
    use = Use(view.operation, view.attempts[0].call.order_id if view.attempts[0].call else "")
    return KeyBook({attempt.key: use for attempt in view.attempts if attempt.key})


def _view(spec: Spec, operation: _Operation, keys: KeyBook, *, credentials_known: bool) -> View:
    sent = (*operation.attempts, *operation.others)
    first = operation.attempts[0].call if operation.attempts else None
    return View(
        spec=spec,
        attempts=tuple(operation.attempts),
        others=tuple(operation.others),
        operation=first.operation.operation if first else "",
        first=sent[0].index,
        keys=keys,
        credentials_known=credentials_known,
    )


def _operations(
    spec: Spec, exchanges: Sequence[Exchange], marks: Sequence[Mark]
) -> list[_Operation]:
    found: list[_Operation] = []
    strays = _Operation()
    shown: list[_Shown] = []
    for attempt in attempts_of(spec, exchanges, marks, first=0, count=len(exchanges)):
        call = attempt.call
        request = attempt.exchange.request
        if attempt.mark.at == "elsewhere":
            (found[-1] if found else strays).others.append(attempt)
            continue
        if not request.path.startswith(_ORDERS) or _is_preflight(request):
            continue
        if call is not None and call.operation.body and request.unrecorded:
            continue
        if call is None:
            strays.others.append(attempt)
            continue
        if call.operation.shows == "order" and attempt.response and attempt.fate == "success":
            amounts = tuple(member(attempt.response, name) for name in _AMOUNTS)
            shown.append((attempt.exchange.started_s, amounts))
        earlier = (o for o in reversed(found) if _continues(o.attempts, attempt, call, shown))
        operation = next(earlier, None)
        if operation is None:
            operation = _Operation()
            found.append(operation)
        operation.attempts.append(attempt)
    return [*found, strays] if strays.others else found


def _is_preflight(request: Request) -> bool:
    """Whether a browser sent it before the actual request (CORS preflight)."""
    return request.method == "OPTIONS" and bool(request.header("Access-Control-Request-Method"))


def _continues(
    attempts: Sequence[Attempt], attempt: Attempt, call: Call, shown: Sequence[_Shown]
) -> bool:
    """Whether a request is another attempt at what these are attempts at.

    One with the same key is, whatever its texts. One with the same content is, where no response
    settles what became of them, or after a 429, or a 401 for missing credentials; two refunds of
    one amount with different texts may be of two returns. A reference names what a call is about,
    so that the same one within a day is a retry. After a read that shows that it had no effect, a
    retry looks like a new operation.
    """
    last = attempts[-1]
    before = last.call
    if before is None or _substance(before) != _substance(call):
        return False
    if call.key and call.key in {each.key for each in attempts}:
        return True
    if any(before.member(name) != call.member(name) for name in TEXTS):
        return False
    named = bool(call.member("reference")) and before.fingerprint == call.fingerprint
    within_s = DAY_S if named else _AGAIN_WITHIN_S
    soon = attempt.exchange.started_s - last.ended_s <= within_s
    if _had_no_effect(last, shown):
        return False
    challenged = last.exchange.request.credentials == "none" and last.exchange.status == 401
    return soon and (_is_in_doubt(attempts) or last.fate == "wait" or challenged)


def _is_in_doubt(attempts: Sequence[Attempt]) -> bool:
    """Whether an attempt got no clear response, and no later response settles what became of it."""
    in_doubt = False
    for each in attempts:
        in_doubt = each.fate == "unclear" or (in_doubt and not each.settles)
    return in_doubt


def _had_no_effect(attempt: Attempt, shown: Sequence[_Shown]) -> bool:
    """Whether reads before and after an attempt show the same amounts.

    What the server is known to have done, however late, is an effect.
    """
    before = [amounts for at_s, amounts in shown if at_s < attempt.exchange.started_s]
    after = [amounts for at_s, amounts in shown if at_s >= attempt.ended_s]
    alike = bool(before and after) and before[-1] == after[-1]
    return alike and not attempt.was_booked


def _substance(call: Call) -> tuple[Any, ...]:
    """The content of a call, as far as money or time depends on it."""
    members = as_object(call.body)
    body = call.body if members is None else {k: members[k] for k in members if k not in TEXTS}
    target = call.operation.operation, call.order_id, call.capture_id, call.refund_id
    return *target, json.dumps(body, sort_keys=True)
