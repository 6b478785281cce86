"""Checks of the outcome that a client reports, against what the server did and answered."""

from collections.abc import Iterator, Mapping

from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.calls import Call
from klarna_specs.client.play import (
    Done,
    Ended,
    RefusedIt,
    Reported,
    TimedOut,
    Unknown,
    Unsupported,
)
from klarna_specs.oracle import assess

__all__ = ["OUTCOMES"]

_LONGEST = 200


def _carries_out(view: View) -> Iterator[ExchangeResult]:
    command = view.command
    if command is None or any(command.faults) or view.misread or not _is_demanded(view):
        return
    if _is_open(view) and not isinstance(view.reported, Done):
        return
    if isinstance(view.reported, Done | RefusedIt | Unknown):
        away = any(each.mark.at == "elsewhere" for each in view.others)
        nowhere = "; its request went to another server" if away else "; no request was sent"
        alone = view.cause if view.attempts else nowhere
        expected = f"{view.operation} is done, as the documentation allows it"
        observed = f"{view.said}{_reason(view.reported)}{alone}"
        yield verified(view.at, expected, observed, holds=isinstance(view.reported, Done))


def _reason(reported: Reported) -> str:
    """The code and the first message of a refusal, or why it is unknown."""
    match reported:
        case RefusedIt(error_code=code, error_messages=texts):
            words = [*([code] if code else ()), *texts[:1]]
        case Unknown(reason=reason):
            words = [reason] if reason else []
        case _:
            words = []
    return f" ({': '.join(words)[:_LONGEST]})" if words else ""


def _is_demanded(view: View) -> bool:
    """Whether the documentation allows a server only to do what was commanded."""
    assert view.command is not None
    assert view.met is not None
    if view.command.unknown:
        return False
    operation = view.spec.operations[view.operation]
    position = view.command.capture
    body = view.arguments if operation.body else None
    call = Call(
        operation=operation,
        order_id=view.met.order_id,
        capture_id=None if position is None else view.met.captures[position].capture_id,
        body_is="json" if body is not None else "empty",
        body=body,
        content_type="application/json" if body is not None else "",
    )
    outcomes = assess(view.spec, view.met, call).outcomes
    return [outcome.kind for outcome in outcomes] == ["success"]


def _is_open(view: View) -> bool:
    """Whether a request has a form that a server may refuse or not, such as null for no value."""
    forms = {form for each in view.attempts if each.call for form in each.call.forms}
    return not all(view.spec.forms[form].usual for form in forms)


def _outcome_clear(view: View) -> Iterator[ExchangeResult]:
    """A client whose reads failed, or that a Location leads elsewhere, may still report unknown.

    So may one that retried only after its report.
    """
    last = view.last
    if last is None or not isinstance(view.reported, Done | RefusedIt | Unknown):
        return
    if isinstance(view.reported, Unknown) and view.late:
        return
    if isinstance(view.reported, Unknown) and (view.misread or "foreign-location" in view.seen):
        return
    if last.fate == "success":
        holds = isinstance(view.reported, Done)
        yield verified(last.index, "a success is reported as done", view.said, holds=holds)
    elif last.settles and not view.was_unclear:
        holds = isinstance(view.reported, RefusedIt)
        yield verified(last.index, "a refusal is reported as refused", view.said, holds=holds)


def _done_is_true(view: View) -> Iterator[ExchangeResult]:
    if isinstance(view.reported, RefusedIt | Unknown):
        yield ExchangeResult(view.at)
    if not isinstance(view.reported, Done):
        return
    if view.changes:
        holds = view.effects > 0
    else:
        holds = any(served.is_success for each in view.attempts for served in each.mark.served)
    observed = f"{view.said}, but the server did nothing{view.cause}"
    yield verified(view.at, "done is reported only for what the server did", observed, holds=holds)


def _refused_is_true(view: View) -> Iterator[ExchangeResult]:
    if isinstance(view.reported, Done | Unknown):
        yield ExchangeResult(view.at)
        return
    unsupported = isinstance(view.reported, Unsupported) and view.attempts
    if not view.misled and (isinstance(view.reported, RefusedIt) or unsupported):
        expected = "refused is reported only for what the server did not do"
        observed = f"{view.said}, but {view.booked}"
        yield verified(view.at, expected, observed, holds=view.effects == 0)


def _answers(view: View) -> Iterator[ExchangeResult]:
    match view.reported:
        case Done() | RefusedIt() | Unknown():
            yield ExchangeResult(view.at)
        case TimedOut(after_s=after_s):
            yield verified(
                view.at, "an outcome is reported", f"none within {after_s:g} s", holds=False
            )
        case Ended(reason=reason):
            last = next((line for line in reversed(reason.splitlines()) if line.strip()), "")
            observed = f"the client crashed: {last.strip()}" if last else "the client crashed"
            yield verified(view.at, "an outcome is reported", observed, holds=False)
        case _:
            return


OUTCOMES: Mapping[str, Check] = {
    "carries_out": _carries_out,
    "outcome_clear": _outcome_clear,
    "done_is_true": _done_is_true,
    "refused_is_true": _refused_is_true,
    "answers": _answers,
}
