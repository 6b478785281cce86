"""Checks of idempotency: the keys, and that each operation happens once."""

from collections.abc import Iterator, Mapping

from klarna_conformance.judge.client.attempts import TEXTS, Attempt
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.calls import Call, key_form
from klarna_specs.ledger import DAY_S, HOUR_S

__all__ = ["IDEMPOTENCY"]


def _key_sent(view: View) -> Iterator[ExchangeResult]:
    for each in view.attempts:
        yield verified(
            each.index, "an idempotency key", "it carries no idempotency key", holds=bool(each.key)
        )


def _key_of_its_own(view: View) -> Iterator[ExchangeResult]:
    """Where no command is known, other texts under a key may be of another refund: it got lost."""
    expected = "a key that nothing else has"
    first: dict[str, Call] = {}
    for each in view.attempts:
        if not each.key or not each.call:
            continue
        other = view.keys.uses.get(each.key)
        before = first.setdefault(each.key, each.call)
        texts = [name for name in TEXTS if before.member(name) != each.call.member(name)]
        if view.command is None and texts and other is None:
            observed = (
                f"its idempotency key was used before, with another {' and another '.join(texts)}"
            )
            yield verified(each.index, expected, observed, holds=False, level="SHOULD")
        else:
            observed = f"its idempotency key was used before, for {other}"
            yield verified(each.index, expected, observed, holds=other is None)


def _key_uuid(view: View) -> Iterator[ExchangeResult]:
    for each in view.attempts:
        if each.key:
            holds = key_form(each.key) in ("uuid4", "uuid")
            yield verified(
                each.index,
                "a UUID as key",
                f"its idempotency key is {each.key[:60]!r}",
                holds=holds,
            )


def _key_kept(view: View) -> Iterator[ExchangeResult]:
    """A refund is never safe to repeat without a key; a repetition must keep the key.

    A 429 or a 401 in between does not settle the operation.
    """
    unclear: Attempt | None = None
    for each in view.attempts:
        if unclear is not None:
            yield _kept(view, unclear, each)
        if each.fate == "unclear":
            unclear = unclear or each
        elif each.settles:
            unclear = None


def _kept(view: View, first: Attempt, again: Attempt) -> ExchangeResult:
    """Whether a retry has the key of the first attempt, which is valid for a day from then."""
    keyless = again.key is None
    if again.key != first.key or (keyless and view.effect == "refund"):
        observed = f"it is retried {'without a key' if keyless else 'with a new key'}"
        observed += " after an attempt of unknown effect, so that both may take effect"
        return verified(again.index, _repeated(first), observed, holds=False)
    hours = (again.exchange.started_s - first.exchange.started_s) / HOUR_S
    observed = f"it is retried after {hours:.0f} hours, when its key is no longer valid"
    holds = keyless or hours * HOUR_S < DAY_S or again.mark.untimed
    return verified(again.index, _repeated(first), observed, holds=holds, level="SHOULD")


def _repeated(first: Attempt) -> str:
    """What a client may do after an unclear result."""
    key = "with the key of the first attempt" if first.key else "with no other key"
    return f"retried {key}, or reported as unknown"


def _once(view: View) -> Iterator[ExchangeResult]:
    """By traffic alone it shows only after unclear responses, and where the server's are known."""
    holds = view.effects - view.doubled <= 1
    watched = view.reported is None
    known = all(each.is_known for each in view.attempts)
    if view.declined or (watched and (not view.unclear or (holds and not known))):
        return
    observed = f"the client sent {_again(view)}; {view.booked}{view.cause}"
    yield verified(view.at, _once_at_most(view), observed, holds=holds)


def _once_at_most(view: View) -> str:
    if not view.unclear:
        return "one command takes effect once"
    return f"one command takes effect once: {_repeated(view.unclear[0])}"


def _again(view: View) -> str:
    """How the attempts that took effect differ from each other, in words."""
    name = {"refund": "refund", "extend_due_date": "extension"}.get(view.effect, "request")
    effective = [each for each in view.attempts if any(r.is_success for r in each.answers)]
    keys = [each.key for each in effective]
    many = {1: f"one {name}", 2: f"a second {name}"}
    what = many.get(len(effective), f"{len(effective)} {name}s")
    if None in keys:
        return f"{what} without a key"
    return f"{what} with a new key" if len(set(keys)) > 1 else what


def _guarded(view: View) -> Iterator[ExchangeResult]:
    if "duplicate" not in view.seen or not view.attempts:
        return
    keyless = any(each.key is None for each in view.attempts)
    how = "the request carried no key" if keyless else "the server took it as two requests"
    expected = "a request delivered twice counts once"
    observed = f"{how}; {view.booked}"
    yield verified(view.at, expected, observed, holds=view.doubled == 0)


IDEMPOTENCY: Mapping[str, Check] = {
    "key_sent": _key_sent,
    "key_of_its_own": _key_of_its_own,
    "key_uuid": _key_uuid,
    "key_kept": _key_kept,
    "once": _once,
    "guarded_against_duplicates": _guarded,
}
