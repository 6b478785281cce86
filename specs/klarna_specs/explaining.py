"""What the documentation says of one request before it is sent, from the oracle and the rules."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from klarna_specs.allocating import Allocation, allocation, matching_captures
from klarna_specs.bodies import violations
from klarna_specs.calls import Call
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import Ledger
from klarna_specs.oracle import Assessment, assess
from klarna_specs.outcomes import Outcome
from klarna_specs.rules import Unsettled, evaluator
from klarna_specs.situation import sheet_of
from klarna_specs.spec import Level, Requirement, Spec
from klarna_specs.variables import Facts, variables

__all__ = ["ExpectedResponse", "ExplainedLine", "ExplainedRule", "Explanation", "explain"]

_SHOWING = ("status", "error_code", "id_header", "location_header")
"""The checks that say how a response looks."""
_STRONGEST_FIRST: tuple[Level, ...] = ("MUST", "SHOULD")


class _Noun(msgspec.Struct, frozen=True, kw_only=True):
    pass


class ExplainedRule(_Noun, frozen=True):
    """A rule that concerns the request; `open` where the documentation leaves it open.

    `conditional` rules concern some requests only, such as those with a return fee.
    """

    id: str
    level: Level
    statement: str
    section: str
    source: str
    conditional: bool
    result: Literal["kept", "broken", "open"]


class ExplainedLine(_Noun, frozen=True):
    """An order line: its amounts (minor units) as sent, and as its other members make them.

    What cannot be computed from the members that it has is None. `captures` are the ids of the
    captures that have a line with its reference.
    """

    number: int
    name: str = ""
    type: str = ""
    reference: str = ""
    total_amount: int | None = None
    expected_total_amount: int | None = None
    total_agrees: bool | None = None
    total_tax_amount: int | None = None
    expected_tax_amount: int | None = None
    tax_agrees: bool | None = None
    captures: tuple[str, ...] = ()


class ExpectedResponse(_Noun, frozen=True):
    """A documented response: its statuses and error codes, and the requirements on both."""

    kind: Literal["success", "refusal"]
    status: tuple[int, ...]
    error_code: tuple[str, ...]
    because: tuple[str, ...]


class Explanation(_Noun, frozen=True):
    """What would become of a request.

    `level` says how firmly the documentation expects that: INFO means that it leaves open whether
    the request is accepted. `levels` has the level of each requirement in `because` for this
    request: lower than its own where the request has what only a weaker source describes.
    `responses` are those of the expected outcome, `otherwise` those of
    other allowed outcomes. `because` are the requirements that decide, `sums` the amounts that
    the rules compute (minor units), `violations` those of the body's schemas.
    """

    operation: str
    request: str
    accepted: bool
    level: Level
    because: tuple[str, ...]
    levels: dict[str, Level]
    responses: tuple[ExpectedResponse, ...]
    otherwise: tuple[ExpectedResponse, ...]
    rules: tuple[ExplainedRule, ...]
    sums: dict[str, int]
    lines: tuple[ExplainedLine, ...]
    allocation: Allocation | None
    violations: tuple[str, ...]

    def of(self, result: Literal["kept", "broken", "open"]) -> tuple[ExplainedRule, ...]:
        """The rules with a result."""
        return tuple(rule for rule in self.rules if rule.result == result)


def explain(spec: Spec, ledger: Ledger, call: Call) -> Explanation:
    """Explains a call on an order, whose captures have what is known of them as their `body`."""
    assessment = assess(spec, ledger, call)
    operation = call.operation
    terms = sheet_of(spec, operation).terms
    evaluate = evaluator(variables(Facts(spec, ledger, call)), terms)
    first, *others = assessment.outcomes
    sums = {name: value for name in operation.terms if is_integer(value := _value(evaluate, name))}
    lines = tuple(_lines(ledger, call, evaluate))
    because = _because(assessment)
    return Explanation(
        operation=operation.operation,
        request=f"{operation.method} {operation.path}",
        accepted=first.kind == "success",
        level=_level(spec, assessment),
        because=because,
        levels={each: _level_of(spec, assessment, spec.requirement(each)) for each in because},
        responses=_responses(assessment, first),
        otherwise=tuple(r for outcome in others for r in _responses(assessment, outcome)),
        rules=tuple(_rules(spec, assessment)),
        sums=sums,
        lines=lines,
        allocation=allocation(ledger, call, lines, sums) if operation.effect == "refund" else None,
        violations=_violations(spec, call),
    )


def _value(evaluate: Callable[[str], Any], expression: str) -> Any:
    try:
        return evaluate(expression)
    except Unsettled:
        return None


def _level(spec: Spec, assessment: Assessment) -> Level:
    """The level at which the first outcome is expected."""
    outcomes = assessment.outcomes
    alone = len(outcomes) == 1
    deciding = [r.id for r in assessment.demanded_by] if alone else outcomes[-1].against
    levels = {_level_of(spec, assessment, spec.requirement(each)) for each in deciding}
    for level in _STRONGEST_FIRST:
        if level in levels:
            return level
    return "INFO"


def _level_of(spec: Spec, assessment: Assessment, requirement: Requirement) -> Level:
    return spec.level(requirement, assessment.holds)


def _because(assessment: Assessment) -> tuple[str, ...]:
    """The requirements that decide; for a choice, those that leave it open or advise."""
    first, *others = assessment.outcomes
    against = (i for other in others for i in other.against)
    return tuple(dict.fromkeys((*first.because, *first.against, *against)))


def _responses(assessment: Assessment, outcome: Outcome) -> tuple[ExpectedResponse, ...]:
    operation = assessment.call.operation
    return tuple(
        ExpectedResponse(
            kind=response.kind,
            status=response.status,
            error_code=response.error_code
            or ((operation.not_found_code,) if name == "not_found" else ()),
            because=tuple(
                r.id
                for r in operation.requirements
                if r.check in _SHOWING
                and name in r.upon
                and (not r.when or assessment.holds(r.when))
            ),
        )
        for name in outcome.responses
        for response in (operation.responses[name],)
    )


def _rules(spec: Spec, assessment: Assessment) -> Iterator[ExplainedRule]:
    results: dict[Literal["broken", "open", "kept"], tuple[Requirement, ...]] = {
        "broken": assessment.broken,
        "open": assessment.situation.silent,
        "kept": assessment.kept,
    }
    for result, requirements in results.items():
        for requirement in requirements:
            yield ExplainedRule(
                id=requirement.id,
                level=_level_of(spec, assessment, requirement),
                statement=requirement.statement,
                section=requirement.section,
                source=requirement.source,
                conditional=bool(requirement.when),
                result=result,
            )


def _lines(ledger: Ledger, call: Call, evaluate: Callable[[str], Any]) -> Iterator[ExplainedLine]:
    for index, line in enumerate(as_array(call.member("order_lines")) or ()):
        members = as_object(line) or {}

        def of_this(term: str, index: int = index) -> Any:
            each = f"[request.order_lines[{index}]].map(line, {term})"
            return (_value(evaluate, each) or [None])[0]

        yield ExplainedLine(
            number=index + 1,
            **{name: _text(members.get(name)) for name in ("name", "type", "reference")},
            **{
                name: value
                for name in ("total_amount", "total_tax_amount")
                if is_integer(value := members.get(name))
            },
            **_expected(call, of_this),
            captures=matching_captures(ledger, members),
        )


def _expected(call: Call, of_line: Callable[[str], Any]) -> dict[str, Any]:
    """What the terms of an operation say of a line; nothing where it has no such terms."""
    terms = {
        "expected_total_amount": "line_total",
        "total_agrees": "line_total_agrees",
        "expected_tax_amount": "line_tax",
        "tax_agrees": "line_tax_agrees",
    }
    return {name: of_line(t) for name, t in terms.items() if t in call.operation.terms}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _violations(spec: Spec, call: Call) -> tuple[str, ...]:
    body = call.operation.body
    if body is None or call.body_is in ("empty", "not_json"):
        return ()
    found = violations(spec, body.schema, call.body)
    return found or (violations(spec, body.limits, call.body) if body.limits else ())
