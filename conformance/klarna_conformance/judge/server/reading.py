"""What an exchange says in the words of the oracle: kind, answer, matching outcome. Pure."""

from collections.abc import Sequence
from typing import Any, Literal

from klarna_conformance.http.locations import Leads, created_id, follow
from klarna_reports.record.record import TargetFacts
from klarna_specs.calls import Call
from klarna_specs.exchange import Exchange, Failure, NotJson, Response
from klarna_specs.json_value import as_array, as_object, is_countable
from klarna_specs.ledger import Answer
from klarna_specs.oracle import Assessment, Outcome
from klarna_specs.rules import Unsettled, evaluator
from klarna_specs.spec import Operation, ResponseSpec

__all__ = [
    "Kind",
    "answer_of",
    "expected_response",
    "json_object",
    "kind_of",
    "matching",
    "may_answer_again",
    "offered_days",
    "reading_followed",
    "told",
    "told_ids",
    "wanted",
]

Kind = Literal["success", "refusal", "neither"]


def kind_of(exchange: Exchange, assessment: Assessment) -> Kind:
    """Whether a response says yes or no, or neither of them (5xx, 3xx, no response)."""
    response = exchange.outcome
    if not isinstance(response, Response) or response.truncated:
        return "neither"
    if response.is_refusal:
        return "refusal"
    if not response.is_success:
        return "neither"
    return "refusal" if _refuses_by_success(exchange, assessment) else "success"


def _refuses_by_success(exchange: Exchange, assessment: Assessment) -> bool:
    """Whether a success says no after all, such as an empty list of options."""
    wanted = [o for o in assessment.outcomes if o.kind == "refusal"]
    responses = assessment.call.operation.responses
    conditions = [c for o in wanted for name in o.responses if (c := responses[name].or_success)]
    body = json_object(exchange)
    if not conditions or body is None:
        return False
    try:
        return bool(evaluator({"response": lambda: body}, {})(conditions[0]))
    except Unsettled:
        return False


def answer_of(bases: Sequence[str], exchange: Exchange, call: Call) -> Answer | None:
    """What a repeated call would have to be answered with again; None where no response came."""
    response = exchange.outcome
    if not isinstance(response, Response):
        return None
    leads = follow(bases, exchange.request, response)
    body = json_object(exchange) if response.is_refusal else None
    return Answer(
        success=response.is_success,
        status=response.status,
        resource_id=created_id(response, call.operation.responses[call.operation.success]),
        location=leads.path if isinstance(leads, Leads) else response.header("Location"),
        error_code=str(body["error_code"]) if body and "error_code" in body else None,
    )


def told_ids(call: Call | None, outcome: Response | Failure) -> frozenset[str]:
    """The ids by which an answer names what it says was created, in its headers."""
    if call is None or not isinstance(outcome, Response) or not outcome.is_success:
        return frozenset()
    identifier = created_id(outcome, call.operation.responses[call.operation.success])
    location = (outcome.header("Location") or "").rsplit("/", 1)[-1]
    return frozenset({identifier or "", location} - {""})


def matching(assessment: Assessment, kind: Kind, answer: Answer | None) -> Outcome | None:
    """The allowed outcome that a response is, the documented one first; None where it is none.

    A success that tells no id may be the first answer again, where it can be nothing else.
    """
    again = next((o for o in assessment.outcomes if o.kind == "replay"), None)
    if again and (assessment.replay == "replay" or _answers_again(assessment, answer)):
        return again
    of_its_kind = next((o for o in assessment.outcomes if o.kind == kind), None)
    if of_its_kind is None and again and answer and may_answer_again(assessment, answer):
        return again
    return of_its_kind


def _answers_again(assessment: Assessment, answer: Answer | None) -> bool:
    first = assessment.first
    if first is None or answer is None:
        return False
    before = [each for each in (first.answer, *first.later) if each]
    operation = assessment.call.operation
    if any(_same(each, answer) for each in before):
        return True
    documented = operation.responses[operation.success].status
    return answer.success and answer.status not in documented and answer in before


def may_answer_again(assessment: Assessment, answer: Answer) -> bool:
    """Whether a success without an id could be the first answer, that of a call with the same key.

    Where no answer to that came, it could.
    """
    first = assessment.first
    if first is None or not answer.success or answer.resource_id or answer.location:
        return False
    return first.answer is None or answer in (first.answer, *first.later)


def _same(before: Answer, answer: Answer) -> bool:
    """Whether both answers tell of the same thing, or refuse alike."""
    if not (before.success and answer.success):
        return before == answer
    if before.resource_id is not None and answer.resource_id is not None:
        return before.resource_id == answer.resource_id
    return before.location is not None and before.location == answer.location


def expected_response(call: Call, names: set[str]) -> ResponseSpec | None:
    """The documented response among the names under which a response is spoken of."""
    return next((r for name, r in call.operation.responses.items() if name in names), None)


def wanted(assessment: Assessment) -> str:
    """The documented outcome, for a person to read."""
    outcome = assessment.outcomes[0]
    responses = assessment.call.operation.responses
    match outcome.kind:
        case "replay":
            return "the answer of the first call again"
        case "success":
            status = " or ".join(str(s) for s in responses[outcome.responses[0]].status)
            return f"success ({status})"
        case "refusal":
            codes = sorted({str(s) for name in outcome.responses for s in responses[name].status})
            return f"a refusal ({' or '.join(codes)})"


def told(exchange: Exchange) -> str:
    """What came, for a person to read."""
    response = exchange.outcome
    if not isinstance(response, Response):
        return f"{response.kind}: {response.message}"
    body = json_object(exchange) or {}
    code = body.get("error_code")
    return f"status {response.status}" + (f" {code}" if isinstance(code, str) else "")


def json_object(exchange: Exchange) -> dict[str, Any] | None:
    """The JSON object in the body of a response; None where there is none."""
    response = exchange.outcome
    if not isinstance(response, Response) or not response.body.text:
        return None
    try:
        value = response.body.json()
    except NotJson:
        return None
    return as_object(value)


def offered_days(exchange: Exchange) -> tuple[int, ...] | None:
    """The numbers of days that an answer with options offers; None where it is no such answer."""
    response = exchange.outcome
    body = json_object(exchange)
    if body is None or not isinstance(response, Response) or not response.is_success:
        return None
    options = as_array(body.get("options"))
    if options is None:
        return None
    days = [(as_object(option) or {}).get("number_of_days") for option in options]
    return tuple(n for n in days if is_countable(n))


def reading_followed(facts: TargetFacts, operation: Operation) -> str:
    """Which reading of an operation's path a target follows: the page's unless told."""
    return facts.readings.get(operation.operation, next(iter(operation.paths)))
