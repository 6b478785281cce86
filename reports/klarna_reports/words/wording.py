"""Plans, steps, exchanges and verdicts in plain English, for readers who do not program."""

import json
from collections.abc import Iterable
from typing import Any, assert_never

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import Overall, Summary
from klarna_specs.exchange import Exchange, Failure
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import (
    Action,
    Credentials,
    Empty,
    Json,
    Raw,
    ResourceRef,
    Step,
    Together,
    Wait,
)

__all__ = [
    "OVERALL_MEANINGS",
    "VERDICT_MEANINGS",
    "action_text",
    "cut",
    "outcome_text",
    "plan_text",
    "purpose_text",
    "scope_lines",
]

VERDICT_MEANINGS: dict[Verdict, str] = {
    "PASS": "Seen, and as documented.",
    "FAIL": "A binding requirement (MUST) is violated. The run is nonconformant.",
    "WARN": "A recommendation (SHOULD) is not followed. It counts only in a strict run.",
    "INFO": "The documentation is silent or contradicts itself; this is what the target does.",
    "KNOWN": "A violation that was expected and accepted beforehand.",
    "NOT_APPLICABLE": "The documentation excuses it.",
    "NOT_RUN": "It could not be seen, or not in full. This is never counted as passed.",
    "ERROR": "The toolkit itself failed; this says nothing about the target.",
}
OVERALL_MEANINGS: dict[Overall, str] = {
    "CONFORMANT": "Every binding requirement was seen in full and is met.",
    "CONFORMANT WITH KNOWN DEVIATIONS": "The same, but for deviations accepted beforehand.",
    "NONCONFORMANT": "At least one binding requirement is violated.",
    "NOT FULLY VERIFIED": "No violation was seen, but something binding was not seen in full.",
    "INTERNAL ERROR": "The toolkit failed; nothing should be concluded.",
}
_CREDENTIALS: dict[Credentials, str] = {
    "valid": "",
    "none": "without credentials",
    "wrong_password": "with a wrong password",
    "wrong_username": "as an unknown user",
    "longer_password": "with the password and more behind it",
    "other_case_password": "with the password in another case",
    "spaced_password": "with a space behind the password",
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
_FORMS = {
    "uuid4": "a UUID of version 4",
    "uuid5": "a UUID of version 5",
    "text": "plain text",
    "number": "a number",
    "lower": "a UUID of version 4 under a name in lower case",
}


def cut(text: str, longest: int) -> str:
    """The text, or its beginning with a note of how much is left out."""
    more = len(text) - longest
    return f"{text[:longest]} … ({more} more characters)" if more > 0 else text


def plan_text(plan: OrderPlan | None) -> str:
    """What order a scenario starts from."""
    if plan is None:
        return "No order is needed."
    captured = " and ".join(str(amount) for amount in plan.captures)
    rest = "" if plan.layout in ("one-full", "several-complete") else f" The rest is {_rest(plan)}."
    return (
        f"An order of {plan.order_amount} minor units of {plan.currency} in market {plan.market}, "
        f"paid with {plan.payment_method}; "
        + (f"captured: {captured}." if plan.captures else "nothing captured.")
        + rest
    )


def _rest(plan: OrderPlan) -> str:
    return "still authorized" if plan.authorization == "open" else plan.authorization


def action_text(action: Action) -> str:
    """What one step of a scenario does."""
    match action:
        case Step():
            return ", ".join((action.operation, *_particulars(action)))
        case Wait(seconds=seconds):
            return f"wait {seconds} s on the target's clock"
        case Together(steps=steps):
            return "at the same time: " + "; ".join(action_text(step) for step in steps)
        case _:
            assert_never(action)


def _particulars(step: Step) -> Iterable[str]:
    if step.order != "this":
        yield f"on {'another' if step.order == 'other' else 'an unknown'} order"
    if step.capture is not None:
        yield _reference("capture", step.capture)
    if step.refund is not None:
        yield _reference("refund", step.refund)
    if _CREDENTIALS[step.credentials]:
        yield _CREDENTIALS[step.credentials]
    if step.key is not None:
        yield f"under idempotency key “{step.key.name}” ({_FORMS[step.key.form]})"
    if step.path_reading:
        yield f"at the path as the {step.path_reading} has it"
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
    return json.dumps(value, ensure_ascii=False)


def purpose_text(exchange: Exchange) -> str:
    """Why an exchange was sent."""
    match exchange.purpose:
        case "scene":
            return "sets the scene"
        case "look":
            return "looks at the state"
        case "cut":
            return "of a group that was not sent whole"
        case "step":
            step = "" if exchange.step is None else f" {exchange.step + 1}"
            together = "" if exchange.group is None else ", together with others"
            return f"step{step}{together}"


def outcome_text(exchange: Exchange) -> str:
    """What came of an exchange, in a word or two."""
    outcome = exchange.outcome
    if isinstance(outcome, Failure):
        return f"no response ({outcome.kind}){_tries(exchange)}"
    return f"{outcome.status}{_tries(exchange)}"


def _tries(exchange: Exchange) -> str:
    if not exchange.earlier:
        return ""
    waited = f", {exchange.waited_s:.1f} s after the first" if exchange.waited_s else ""
    return f" at try {exchange.requests}{waited}"


def scope_lines(summary: Summary) -> list[str]:
    """What a run was told to leave out; nothing where it was to look at everything."""
    scope = summary.scope
    kinds = (
        ("operations", scope.operations),
        ("requirements", scope.requirements),
        ("markets", scope.markets),
    )
    return [
        f"Only these {kind} were asked for: {', '.join(names)}." for kind, names in kinds if names
    ]
