"""Checks of what a client sends again: whether it may, how soon, how often, under which key."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from klarna_conformance.judge.client.attempts import Attempt
from klarna_conformance.judge.client.checks.saying import must, should
from klarna_conformance.judge.client.view import Said, View

__all__ = ["MOST_ATTEMPTS", "RESENDING"]

MOST_ATTEMPTS = 30
"""More attempts at one operation than this are taken for a client that knows no bound."""
_SEVERAL = 3
"""So many attempts at least are seen before anything is said of their bound."""
_PUNCTUAL_S = 0.05
"""So much earlier than it was asked to a client may come, for clocks differ."""


def _bounded(view: View) -> Iterator[Said]:
    """By traffic alone it can be told only of what was sent again and again."""
    count = len(view.attempts)
    watched = view.told is None
    if view.declined or (watched and count < _SEVERAL):
        return
    expected = f"no more than {MOST_ATTEMPTS} attempts"
    observed = f"the call was sent {count} times"
    yield must(view.at, expected, observed, holds=count <= MOST_ATTEMPTS)


def _key_kept(view: View) -> Iterator[Said]:
    """A refund is never safe to repeat without a key; what a key guards has to keep it.

    Being asked to wait, or to come with other credentials, makes nothing clear that was not.
    """
    if not view.changes:
        return
    unclear: Attempt | None = None
    for each in view.attempts:
        if unclear is not None:
            keyless = each.key is None
            holds = each.key == unclear.key and not (keyless and view.effect == "refund")
            observed = f"it is sent again {'without one' if keyless else 'with a new key'}"
            yield must(each.index, "the key of the first time", observed, holds=holds)
        if each.fate == "unclear":
            unclear = unclear or each
        elif each.settles:
            unclear = None


def _no_retry_after_refusal(view: View) -> Iterator[Said]:
    again = [
        (before, after)
        for before, after in pairwise(view.attempts)
        if before.fate == "refusal"
        and before.exchange.request.credentials == "valid"
        and not view.abandoned(before)
        and not _still_in_doubt(view, before, after)
    ]
    for before, after in again:
        status = before.response.status if before.response else 0
        observed = f"after {status} the call is sent again"
        yield Said("WARN", after.index, "nothing more after a refusal", observed)
    if not again and view.last and view.last.fate == "refusal":
        yield Said("PASS", view.last.index)


def _still_in_doubt(view: View, before: Attempt, after: Attempt) -> bool:
    """Whether a conflict with an attempt in flight, or of unclear fate, may be over: same key."""
    sent_s = before.exchange.started_s
    earlier = [each for each in view.attempts if each.index < before.index]
    in_doubt = {e.key for e in earlier if e.fate == "unclear" or e.ended_s > sent_s}
    return before.status == 409 and after.key is not None and in_doubt >= {before.key, after.key}


def _stops_after_success(view: View) -> Iterator[Said]:
    """What was sent before the answer had come was not sent after it."""
    succeeded = [each for each in view.attempts if each.fate == "success"]
    if view.changes and succeeded and view.last:
        holds = view.last.exchange.started_s < succeeded[0].ended_s or view.last is succeeded[0]
        observed = "the call is sent again after it succeeded"
        yield should(view.last.index, "nothing more after a success", observed, holds=holds)


def _waits(view: View) -> Iterator[Said]:
    for before, again in pairwise(view.attempts):
        asked = before.response.header("retry-after") if before.response else None
        if before.fate == "wait" and asked and asked.isdigit():
            waited_s = again.exchange.started_s - before.ended_s
            expected = f"{asked} s of waiting, as Retry-After asks for"
            holds = waited_s >= int(asked) - _PUNCTUAL_S
            yield should(again.index, expected, f"it came after {waited_s:.1f} s", holds=holds)


def _retries(view: View) -> Iterator[Said]:
    if not view.changes or view.told is None:
        return
    again = [after for before, after in pairwise(view.attempts) if before.fate == "unclear"]
    if again:
        yield Said("INFO", again[0].index, "", "the client sends again what got no clear answer")
    elif view.unclear:
        yield Said("INFO", view.unclear[0].index, "", "the client does not send again")


RESENDING: Mapping[str, Callable[[View], Iterable[Said]]] = {
    "client.sends-no-more-than-enough": _bounded,
    "client.key-kept": _key_kept,
    "client.no-retry-after-refusal": _no_retry_after_refusal,
    "client.stops-after-success": _stops_after_success,
    "client.waits-as-asked": _waits,
    "client.retries": _retries,
}
"""By the id of the requirement."""
