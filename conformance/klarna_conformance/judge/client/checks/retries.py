"""Checks of retries: whether they are allowed, how soon and how often."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from klarna_conformance.judge.client.attempts import Attempt
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.client.faults import Slow
from klarna_specs.client.play import Unknown

__all__ = ["MOST_ATTEMPTS", "RETRIES"]

MOST_ATTEMPTS = 30
"""More attempts at one operation than this count as unbounded."""
_SEVERAL = 3
"""With fewer attempts, traffic alone does not show a bound."""
_PUNCTUAL_S = 0.05
"""A client may come this much earlier than Retry-After, for clocks differ."""


def _bounded(view: View) -> Iterator[ExchangeResult]:
    """By traffic alone it shows only for calls with several attempts."""
    count = len(view.attempts)
    watched = view.reported is None
    if view.declined or (watched and count < _SEVERAL):
        return
    expected = f"no more than {MOST_ATTEMPTS} attempts"
    observed = f"the call was sent {count} times"
    yield verified(view.at, expected, observed, holds=count <= MOST_ATTEMPTS)


def _no_retry_after_refusal(view: View) -> Iterator[ExchangeResult]:
    again = [
        (before, after)
        for before, after in pairwise(view.attempts)
        if before.fate == "refusal"
        and before.exchange.request.credentials == "valid"
        and (view.credentials_known or before.exchange.status != 401)
        and not view.abandoned(before)
        and not _still_in_doubt(view, before, after)
    ]
    for before, after in again:
        observed = f"after {before.exchange.status or 0} the call is retried"
        yield verified(after.index, "nothing more after a refusal", observed, holds=False)
    if not again and view.last and view.last.fate == "refusal":
        yield ExchangeResult(view.last.index)


def _still_in_doubt(view: View, before: Attempt, after: Attempt) -> bool:
    """Whether a conflict with an attempt in flight, or of unclear fate, may be over: same key."""
    sent_s = before.exchange.started_s
    earlier = [each for each in view.attempts if each.index < before.index]
    in_doubt = {e.key for e in earlier if e.fate == "unclear" or e.ended_s > sent_s}
    return (
        before.exchange.status == 409
        and after.key is not None
        and in_doubt >= {before.key, after.key}
    )


def _stops_after_success(view: View) -> Iterator[ExchangeResult]:
    """What was sent before the answer had come was not sent after it."""
    succeeded = [each for each in view.attempts if each.fate == "success"]
    if succeeded and view.last:
        holds = view.last.exchange.started_s < succeeded[0].ended_s or view.last is succeeded[0]
        observed = "the call is retried after it succeeded"
        yield verified(view.last.index, "nothing more after a success", observed, holds=holds)


def _waits(view: View) -> Iterator[ExchangeResult]:
    """Where times are recorded."""
    timed = (each for each in view.attempts if not each.mark.untimed)
    for before, again in pairwise(timed):
        seconds = before.response.header("retry-after") if before.response else None
        if before.fate == "wait" and seconds and seconds.isdigit():
            waited_s = again.exchange.started_s - before.ended_s
            expected = f"a wait of {seconds} s, as in Retry-After"
            holds = waited_s >= int(seconds) - _PUNCTUAL_S
            yield verified(again.index, expected, f"it came after {waited_s:.1f} s", holds=holds)


def _retries(view: View) -> Iterator[ExchangeResult]:
    again = [after for before, after in pairwise(view.attempts) if before.fate == "unclear"]
    if again:
        observed = "the client retries what got no clear response"
        yield verified(again[0].index, "", observed, holds=False)
    elif view.unclear:
        observed = "the client does not retry"
        yield verified(view.unclear[0].index, "", observed, holds=False)


def _retries_later(view: View) -> Iterator[ExchangeResult]:
    """An outcome that is unknown may still take effect, and a key lets it do so once."""
    late = [each for each in view.others if view.keys.is_late(each.call)]
    for each in late[:1]:
        observed = f"the client retries an earlier command: {view.keys.repeated(each.call)}"
        yield verified(each.index, "", observed, holds=False)
    if view.late and isinstance(view.reported, Unknown):
        observed = f"the client retries after it reported unknown; {view.booked}"
        yield verified(view.late[0].index, "", observed, holds=False)


def _awaits_slow_responses(view: View) -> Iterator[ExchangeResult]:
    for attempt in view.attempts:
        if isinstance(attempt.mark.fault, Slow):
            timed_out = f"the client timed out after {attempt.exchange.outcome.elapsed_s:.1f} s"
            holds = attempt.response is not None and not view.abandoned(attempt)
            yield verified(
                attempt.index, "the client waits for a slow response", timed_out, holds=holds
            )


RETRIES: Mapping[str, Check] = {
    "bounded": _bounded,
    "no_retry_after_refusal": _no_retry_after_refusal,
    "stops_after_success": _stops_after_success,
    "waits_after_429": _waits,
    "retries": _retries,
    "retries_later": _retries_later,
    "awaits_slow_responses": _awaits_slow_responses,
}
