"""Checks of what a client tells, against what the server did and answered."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from klarna_conformance.judge.client.attempts import error_member, response_ids
from klarna_conformance.judge.client.checks.details import (
    given_ids,
    given_messages,
    refusal_details_true,
)
from klarna_conformance.judge.client.checks.saying import must, should
from klarna_conformance.judge.client.view import Said, View
from klarna_specs.calls import Call
from klarna_specs.client.faults import Slow, Varied
from klarna_specs.client.play import Done, Ended, Mute, RefusedIt, Unknown, Unsupported
from klarna_specs.exchange import NotJson, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.oracle import assess

__all__ = ["TELLING"]


_HIDDEN_IDS = ("page-spelling", "no-refund-id")
"""The kinds of faults that leave a refund's id to the Location, or to a header that none has."""


def _told(view: View) -> str:
    match view.told:
        case Done():
            return "the client told done"
        case RefusedIt():
            return "the client told refused"
        case Unknown():
            return "the client told unknown"
        case Unsupported():
            return "the client told unsupported"
        case _:
            return "the client told nothing"


def _carries_out(view: View) -> Iterator[Said]:
    command = view.command
    if command is None or any(command.faults) or view.misread or not _is_demanded(view):
        return
    if isinstance(view.told, Done | RefusedIt | Unknown):
        alone = "" if view.attempts else ", though it had sent nothing"
        expected = f"{view.operation} is done, as the documentation allows it"
        observed = f"{_told(view)}{alone}"
        yield must(view.at, expected, observed, holds=isinstance(view.told, Done))


def _is_demanded(view: View) -> bool:
    """Whether the documentation has a server do what was told, and nothing else."""
    assert view.command is not None
    assert view.before is not None
    if view.command.unknown or _is_open(view):
        return False
    operation = view.spec.operations[view.operation]
    position = view.command.capture
    body = view.arguments if operation.body else None
    call = Call(
        operation=operation,
        order_id=view.before.order_id,
        capture_id=None if position is None else view.before.captures[position].capture_id,
        body_is="json" if body is not None else "empty",
        body=body,
        content_type="application/json" if body is not None else "",
    )
    outcomes = assess(view.spec, view.before, call).outcomes
    return [outcome.kind for outcome in outcomes] == ["success"]


def _is_open(view: View) -> bool:
    """Whether a request is written so that a server may refuse it or not, as null for nothing."""
    forms = {form for each in view.attempts if each.call for form in each.call.forms}
    return not all(view.spec.forms[form].usual for form in forms)


def _outcome_clear(view: View) -> Iterator[Said]:
    """Whose own reading failed, or whom an answer sends elsewhere, may be in doubt all the same."""
    last = view.last
    if last is None or not isinstance(view.told, Done | RefusedIt | Unknown):
        return
    if isinstance(view.told, Unknown) and (view.misread or "foreign-location" in view.seen):
        return
    if last.fate == "success":
        holds = isinstance(view.told, Done)
        yield must(last.index, "a success is told as done", _told(view), holds=holds)
    elif last.settles and not view.was_unclear:
        holds = isinstance(view.told, RefusedIt)
        yield must(last.index, "a refusal is told as refused", _told(view), holds=holds)


def _done_is_true(view: View) -> Iterator[Said]:
    if isinstance(view.told, RefusedIt | Unknown):
        yield Said("PASS", view.at)
    if not isinstance(view.told, Done):
        return
    if view.changes:
        holds = view.effects > 0
    else:
        holds = any(served.is_success for each in view.attempts for served in each.mark.served)
    observed = "the client told done, and the server did nothing"
    yield must(view.at, "done is told only of what the server did", observed, holds=holds)


def _refused_is_true(view: View) -> Iterator[Said]:
    if isinstance(view.told, Done | Unknown):
        yield Said("PASS", view.at)
    elif view.misled:
        return
    elif isinstance(view.told, RefusedIt) or (isinstance(view.told, Unsupported) and view.attempts):
        expected = "refused is told only of what the server did not do"
        observed = f"{_told(view)}; {_booked(view)}"
        yield must(view.at, expected, observed, holds=view.effects == 0)


def _booked(view: View) -> str:
    return f"{view.effects} {'booked' if view.effect == 'refund' else 'done'}"


def _once(view: View) -> Iterator[Said]:
    """By traffic alone it can be told only of what was unclear, and where the server is known."""
    holds = view.effects - view.doubled <= 1
    watched = view.told is None
    known = all(each.is_known for each in view.attempts)
    if view.declined or (watched and (not view.unclear or (holds and not known))):
        return
    observed = f"the client sent {_again(view)}; {_booked(view)}"
    yield must(view.at, "what was told once happens once", observed, holds=holds)


def _again(view: View) -> str:
    """How the attempts that did something differ from each other: the mistake in words."""
    name = {"refund": "refund", "extend_due_date": "extension"}.get(view.effect, "request")
    effective = [each for each in view.attempts if any(r.is_success for r in each.answers)]
    keys = [each.key for each in effective]
    what = f"a second {name}" if len(effective) == 2 else f"{len(effective)} {name}s"
    if None in keys:
        return f"{what} without a key"
    return f"{what} with a new key" if len(set(keys)) > 1 else what


def _guarded(view: View) -> Iterator[Said]:
    if "duplicate" not in view.seen or not view.attempts:
        return
    keyless = any(each.key is None for each in view.attempts)
    how = "the request carried no key" if keyless else "the server took it for two"
    expected = "a request delivered twice counts once"
    observed = f"{how}; {_booked(view)}"
    yield should(view.at, expected, observed, holds=view.doubled == 0)


def _answers(view: View) -> Iterator[Said]:
    match view.told:
        case Done() | RefusedIt() | Unknown():
            yield Said("PASS", view.at)
        case Mute(after_s=after_s):
            yield Said("FAIL", view.at, "an outcome is told", f"none within {after_s:g} s")
        case Ended(reason=reason):
            observed = f"the client broke down: {reason}" if reason else "the client broke down"
            yield Said("FAIL", view.at, "an outcome is told", observed)
        case _:
            return


def _refund_id(view: View) -> Iterator[Said]:
    """Where the id is not where a server has it by now, not to find it is nothing to object to."""
    if not isinstance(view.told, Done) or not view.effects:
        return
    given = {id_ for each in view.attempts if each.response for id_ in response_ids(each.response)}
    right = (given & view.served_ids) or view.served_ids
    expected = f"the refund's id {' or '.join(sorted(right))}"
    if view.told.refund_id in right:
        yield Said("PASS", view.at)
    elif view.told.refund_id is not None:
        yield Said("FAIL", view.at, expected, f"the client told {view.told.refund_id!r}")
    else:
        clear = view.last is not None and view.last.fate == "success"
        hidden = not view.seen.isdisjoint(_HIDDEN_IDS)
        verdict = "INFO" if hidden else "FAIL" if clear else "WARN"
        yield Said(verdict, view.at, expected, "the client told no refund_id")


def _variations(view: View) -> Iterator[Said]:
    """Of a client that tells no id nothing can be said but that: see `_refund_id`."""
    varied = {each.mark.fault.how for each in view.attempts if isinstance(each.mark.fault, Varied)}
    if not varied - {"foreign-location"}:
        return
    told = view.told
    without_id = isinstance(told, Done) and told.refund_id is None
    if view.effects and view.last and view.last.fate == "success" and not without_id:
        holds = isinstance(told, Done) and told.refund_id in view.served_ids
        expected = "the answer is understood: done, with the refund's id"
        named = f" with the id {told.refund_id!r}" if isinstance(told, Done) else ""
        yield must(view.at, expected, f"{_told(view)}{named}", holds=holds)


def _refusal(view: View) -> tuple[Response, RefusedIt] | None:
    """The refusal that the told outcome is about, where there is no doubt about it."""
    last = view.last
    if last is None or last.fate != "refusal" or not isinstance(view.told, RefusedIt):
        return None
    return (last.response, view.told) if last.response else None


def _error_code(view: View) -> Iterator[Said]:
    if refusal := _refusal(view):
        response, told = refusal
        code = error_member(response, "error_code")
        if isinstance(code, str):
            observed = f"the client told {_or_none(told.error_code)}"
            yield should(view.at, f"the code {code}", observed, holds=told.error_code == code)


def _correlation_id(view: View) -> Iterator[Said]:
    if refusal := _refusal(view):
        response, told = refusal
        if known := given_ids(response):
            observed = f"the client told {_or_none(told.correlation_id)}"
            holds = told.correlation_id in known
            yield should(view.at, "the server's correlation id", observed, holds=holds)


def _messages(view: View) -> Iterator[Said]:
    if refusal := _refusal(view):
        response, told = refusal
        if wanted := given_messages(response):
            text = "\n".join(told.error_messages)
            holds = all(message in text for message in wanted)
            observed = f"the client told {_or_none(text)}"
            yield should(view.at, "the server's messages", observed, holds=holds)


def _or_none(told: str | None) -> str:
    return repr(told) if told else "none"


def _options(view: View) -> Iterator[Said]:
    """Also where the response broke off: part of the options is not what the server offers."""
    last = view.last
    if not isinstance(view.told, Done) or view.shows != "extension_options":
        return
    served = [each for each in last.mark.served if each.is_success] if last else []
    if not served:
        return
    wanted = _offers(_json(served[-1]))
    given = _offers({"options": list(view.told.options or ())})
    observed = f"the client told {_listed(given)}"
    yield must(view.at, f"the options {_listed(wanted)}", observed, holds=given == wanted)


def _offers(value: Any) -> list[tuple[Any, Any]]:
    members = as_object(value) or {}
    options = [as_object(each) or {} for each in as_array(members.get("options")) or ()]
    return sorted(((each.get("number_of_days"), each.get("amount")) for each in options), key=repr)


def _listed(offers: list[tuple[Any, Any]]) -> str:
    return ", ".join(f"{days} days for {amount}" for days, amount in offers) or "none"


def _json(response: Response) -> Any:
    try:
        return response.body.json()
    except NotJson:
        return None


def _patience(view: View) -> Iterator[Said]:
    for attempt in view.attempts:
        if isinstance(attempt.mark.fault, Slow):
            gave_up = f"the client gave up after {attempt.exchange.outcome.elapsed_s:.1f} s"
            holds = attempt.response is not None and not view.abandoned(attempt)
            yield should(attempt.index, "the answer is waited for", gave_up, holds=holds)


TELLING: Mapping[str, Callable[[View], Iterable[Said]]] = {
    "client.carries-out": _carries_out,
    "client.outcome-clear": _outcome_clear,
    "client.done-is-true": _done_is_true,
    "client.refused-is-true": _refused_is_true,
    "client.once": _once,
    "client.answers": _answers,
    "client.guarded-against-duplicates": _guarded,
    "client.refund-id": _refund_id,
    "client.variations": _variations,
    "client.refusal-details-true": refusal_details_true,
    "client.error-code-told": _error_code,
    "client.correlation-id-told": _correlation_id,
    "client.messages-told": _messages,
    "client.options-told": _options,
    "client.patience": _patience,
}
"""By the id of the requirement."""
