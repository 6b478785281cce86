"""Plans, steps, exchanges and verdicts as text for readers who do not program."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, assert_never

import msgspec

from klarna_reports.record.record import Played, Verdict
from klarna_reports.record.results import Overall, Summary
from klarna_reports.words.amounts import major
from klarna_specs.calls import operation_of
from klarna_specs.exchange import Exchange, Failure, Payload
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import (
    OFFERED,
    Action,
    Credentials,
    Empty,
    Json,
    Raw,
    ResourceRef,
    Step,
    Together,
    Wait,
    steps_of,
)
from klarna_specs.spec import Spec

__all__ = [
    "OVERALL_MEANINGS",
    "VERDICT_MEANINGS",
    "action_text",
    "credentials_text",
    "cut",
    "day",
    "foreign_text",
    "moment",
    "offered_text",
    "outcome_text",
    "plan_text",
    "purpose_text",
    "scope_lines",
]

VERDICT_MEANINGS: dict[Verdict, str] = {
    "PASS": "Verified: the target does what is documented.",
    "FAIL": "A binding requirement (MUST) is violated. The run is nonconformant.",
    "WARN": "A recommendation (SHOULD) is not followed. It fails strict runs only.",
    "INFO": "The documentation is silent or contradicts itself; this is what the target does.",
    "KNOWN": "A violation that is listed as an accepted deviation.",
    "NOT_APPLICABLE": "The requirement does not apply to this target or run.",
    "NOT_RUN": "Not verified, or not in every required situation. NOT_RUN never counts as passed.",
    "ERROR": "klarna-conformance itself failed; this says nothing about the target.",
}
OVERALL_MEANINGS: dict[Overall, str] = {
    "CONFORMANT": "Every binding requirement is fully verified and met.",
    "CONFORMANT WITH KNOWN DEVIATIONS": "Binding requirements are met, except accepted deviations.",
    "NONCONFORMANT": "At least one binding requirement is violated.",
    "NOT FULLY VERIFIED": "No violation was found, but not every binding requirement is verified.",
    "INTERNAL ERROR": "klarna-conformance itself failed; draw no conclusion from this run.",
}
_CREDENTIALS: dict[Credentials, str] = {
    "valid": "",
    "none": "without credentials",
    "wrong_password": "with a wrong password",
    "wrong_username": "as an unknown user",
    "longer_password": "with a longer password",
    "other_case_password": "with the password in another case",
    "spaced_password": "with a space after the password",
    "no_password": "with an empty password",
    "username_alone": "with the username and no colon",
    "empty": "with an empty username and an empty password",
    "swapped": "with username and password swapped",
    "not_encoded": "with credentials that are not encoded",
    "not_base64": "with a token that is not Base64",
    "other_scheme": "with the scheme Bearer",
    "other_case_scheme": 'with the scheme written "basic"',
    "second_header": "with a wrong Authorization header before the right one",
}
_ORDERS = {
    "other": "another order",
    "unknown": "an unknown order",
    "malformed": "an order id that is no UUID",
}
_FORMS = {
    "uuid4": "a UUID of version 4",
    "uuid5": "a UUID of version 5",
    "text": "plain text",
    "number": "a number",
    "lower": "a UUID of version 4 under a name in lower case",
}


def credentials_text(credentials: Credentials) -> str:
    """The credentials of a call as text; empty if they are valid."""
    return _CREDENTIALS[credentials]


def cut(text: str, longest: int) -> str:
    """The text, shortened to this length with a note of how much is missing."""
    more = len(text) - longest
    return f"{text[:longest]} … ({more} more characters)" if more > 0 else text


def moment(timestamp: str) -> str:
    """A time as in journals (ISO 8601, UTC) for readers; the text itself if it is no time.

    >>> moment("2026-11-28T20:23:05+00:00")
    '28 Nov 2026, 20:23 UTC'
    """
    try:
        return f"{datetime.fromisoformat(timestamp).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
    except ValueError:
        return timestamp


def day(of: date) -> str:
    """A day for readers.

    >>> day(date(2026, 11, 28))
    '28 Nov 2026'
    """
    return f"{of:%-d %b %Y}"


def plan_text(plan: OrderPlan | None) -> str:
    """The order that a scenario starts from, as sentences."""
    if plan is None:
        return "No order is needed."
    captured = " and ".join(major(amount, plan.currency) for amount in plan.captures)
    rest = "" if plan.layout in ("one-full", "several-complete") else f" The rest is {_rest(plan)}."
    return (
        f"An order of {major(plan.order_amount, plan.currency)} in market {plan.market}, "
        f"paid with {plan.payment_method}; "
        + (f"captured: {captured}." if plan.captures else "nothing captured.")
        + rest
    )


def _rest(plan: OrderPlan) -> str:
    return "still authorized" if plan.authorization == "open" else plan.authorization


def action_text(action: Action) -> str:
    """One step of a scenario as text."""
    match action:
        case Step():
            return ", ".join((action.operation, *_particulars(action)))
        case Wait(seconds=seconds):
            return f"wait {seconds} s on the target's clock"
        case Together(steps=steps):
            return "at the same time: " + "; ".join(action_text(step) for step in steps)
        case _:
            assert_never(action)


def foreign_text(spec: Spec, played: Played, exchange: Exchange) -> str:
    """The other or unknown order, capture or refund that a call is for; empty for one's own.

    Concurrent calls are recorded in the order of their responses: it is known of them if all steps
    with the operation are for the same. Traffic of others has no steps, but the order is read.

    >>> foreign_text(spec, played, exchange)
    'for a refund of another order'
    """
    actions, step = played.scenario.steps, exchange.step
    if not actions:
        return _unlisted(played, exchange)
    if exchange.purpose != "step" or step is None or step >= len(actions):
        return ""
    calls = steps_of(msgspec.structs.replace(played.scenario, steps=(actions[step],)))
    operation = operation_of(spec, exchange.request)
    named = operation.operation if operation else ""
    texts = {" ".join(_foreign(call)) for call in calls if call.operation == named}
    return texts.pop() if len(texts) == 1 else ""


def _unlisted(played: Played, exchange: Exchange) -> str:
    """The capture or refund that a call is for, if the order was read, and nothing shows it."""
    path, _, identifier = exchange.request.path.rstrip("/").rpartition("/")
    order, _, kind = path.rpartition("/")
    responses = [
        (each.request, each.response)
        for each in played.exchanges
        if each is not exchange and each.response is not None and each.response.is_success
    ]
    known = any(request.path.rstrip("/") == order for request, _ in responses)
    shown = any(
        identifier in f"{response.body.text} {response.header('Location')}"
        for _, response in responses
    )
    unlisted = known and not shown and kind in ("captures", "refunds")
    return f"for a {kind.removesuffix('s')} that the order does not show" if unlisted else ""


def offered_text(body: Payload) -> str:
    """The numbers of days that a response with extension options offers; empty without any."""
    options = as_array((body.members or {}).get("options")) or ()
    days = [str((as_object(each) or {}).get("number_of_days", "?")) for each in options]
    return f"{cut(', '.join(days), 80)} day{'' if days == ['1'] else 's'}" if days else ""


def _foreign(step: Step) -> Iterable[str]:
    if step.order != "this":
        yield f"on {_ORDERS[step.order]}"
    for noun, reference in (("capture", step.capture), ("refund", step.refund)):
        if reference in ("unknown", "other"):
            yield _reference(noun, reference)


def _particulars(step: Step) -> Iterable[str]:
    if step.order != "this":
        yield f"on {_ORDERS[step.order]}"
    if step.capture is not None:
        yield _reference("capture", step.capture)
    if step.refund is not None:
        yield _reference("refund", step.refund)
    if step.credentials != "valid":
        yield credentials_text(step.credentials)
    if step.key is not None:
        yield f"under idempotency key “{step.key.name}” ({_FORMS[step.key.form]})"
    if step.path_interpretation:
        yield f"at the path of the {step.path_interpretation}"
    if step.chunked:
        yield "sent in chunks"
    match step.body:
        case Json(value=value):
            yield f"body {cut(_json(value), 300)}"
        case Raw(text=text, content_type=content_type):
            yield f"body ({content_type}) {cut(text, 300)}"
        case Empty():
            pass


def _reference(noun: str, reference: ResourceRef) -> str:
    match reference:
        case "unknown":
            return f"for a {noun} that does not exist"
        case "other":
            return f"for a {noun} of another order"
        case int():
            return f"for {noun} {reference + 1}"


def _json(value: Any) -> str:
    return json.dumps(_named(value), ensure_ascii=False)


def _named(value: Any) -> Any:
    """The value with words in place of an offered number of days, known when it is sent."""
    members, elements = as_object(value), as_array(value)
    if elements is not None:
        return [_named(each) for each in elements]
    if members is None:
        return value
    if is_integer(index := members.get(OFFERED)):
        which = f"offered number {index + 1}" if index >= 0 else "last offered number"
        plus = members.get("plus", 0)
        return f"<{which}{f' {plus:+}' if plus else ''}>"
    return {name: _named(member) for name, member in members.items()}


def purpose_text(exchange: Exchange) -> str:
    """The purpose of an exchange."""
    match exchange.purpose:
        case "scene":
            return "prepares the order"
        case "look":
            return "reads the state"
        case "cut":
            return "belongs to a concurrent group that was not sent completely"
        case "step":
            step = "" if exchange.step is None else f" {exchange.step + 1}"
            together = "" if exchange.group is None else ", concurrent with others"
            return f"step{step}{together}"


def outcome_text(exchange: Exchange) -> str:
    """The outcome of an exchange in a few words."""
    outcome = exchange.outcome
    if isinstance(outcome, Failure):
        return f"no response ({outcome.kind}){_attempts(exchange)}"
    return f"{outcome.status}{_attempts(exchange)}"


def _attempts(exchange: Exchange) -> str:
    if not exchange.earlier:
        return ""
    later = f", {exchange.waited_s:.1f} s after the first" if exchange.waited_s else ""
    return f" at attempt {exchange.requests}{later}"


def scope_lines(summary: Summary) -> list[str]:
    """What the chosen scope of a run leaves out; empty if the scope is everything."""
    scope = summary.scope
    kinds = (
        ("operations", scope.operations),
        ("requirements", scope.requirements),
        ("markets", scope.markets),
    )
    return [f"Other {kind} than {', '.join(names)}." for kind, names in kinds if names]
