"""Validates the spec files together: names, levels, expressions, ids."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from klarna_specs.bodies import violations
from klarna_specs.checks import SERVER_CHECKS
from klarna_specs.effects import EFFECTS
from klarna_specs.errors import RuleError, SpecFileError
from klarna_specs.forms import RECOGNISED
from klarna_specs.names import suggestion, unknown_names, unknown_response_names
from klarna_specs.plan import LAYOUTS, OrderPlan
from klarna_specs.rules import check_expression
from klarna_specs.scenario import steps_of
from klarna_specs.spec import STRENGTH, Across, Operation, Requirement, Spec
from klarna_specs.yaml_text import Place, YamlText

__all__ = ["Origins", "check_spec"]

_SPECIAL_RESPONSES = (
    "any",
    "error",
    "refusal",
    "replay",
    "replay_other_body",
    "replay_of_refusal",
    "replay_aged",
    "replay_elsewhere",
    "replay_expired",
)
"""The values of `upon` besides the responses of the operation."""


@dataclass
class Origins:
    """The files of a spec, and the place of each operation in them."""

    common: YamlText
    markets: YamlText
    operations: dict[str, tuple[YamlText, Place]] = field(
        default_factory=dict[str, tuple[YamlText, Place]]
    )
    lists: dict[str, YamlText] = field(default_factory=dict[str, YamlText])


def check_spec(spec: Spec, origins: Origins) -> None:
    """Raises SpecFileError, with file and line, for the first inconsistency."""
    for name, group in spec.market_groups.items():
        for market in group:
            if market not in spec.markets:
                _refuse(origins.markets, ("groups", name), f"there is no market {market!r}")
    for code, error in spec.errors.items():
        if error.source not in spec.sources:
            place = ("errors", code)
            _refuse(origins.lists["errors"], place, f"there is no source {error.source!r}")
    for place, problem in _form_problems(spec):
        _refuse(origins.lists["forms"], place, problem)
    for place, problem in _scenario_problems(spec):
        _refuse(origins.lists["scenarios"], place, problem)
    for operation in _all_operations(spec):
        _check_operation(spec, operation, origins)
    _check_ids(spec, origins)


def _form_problems(spec: Spec) -> Iterator[tuple[Place, str]]:
    for name, form in spec.forms.items():
        if form.source not in spec.sources:
            yield ("forms", name), f"there is no source {form.source!r}"
        if form.standing == "open" and name not in RECOGNISED:
            known = ", ".join(RECOGNISED)
            yield (
                ("forms", name),
                f"no function recognises the open form {name!r}; there are {known}",
            )
    for name in set(RECOGNISED) - {n for n, f in spec.forms.items() if f.standing == "open"}:
        yield ("forms",), f"the open form {name!r} is missing"


def _scenario_problems(spec: Spec) -> Iterator[tuple[Place, str]]:
    for index, scenario in enumerate(spec.scenarios):
        place = ("scenarios", index)
        for name in ("plan", "other"):
            plan: OrderPlan | None = getattr(scenario, name)
            if plan is not None and plan.problem:
                yield (*place, name), plan.problem
            if plan is not None and plan.market not in spec.markets:
                known = suggestion(plan.market, spec.markets)
                yield (*place, name, "market"), f"there is no market {plan.market!r}{known}"
        for step in steps_of(scenario):
            if step.operation not in spec.operations:
                known = suggestion(step.operation, spec.operations)
                yield (*place, "steps"), f"there is no operation {step.operation!r}{known}"


def _refuse(text: YamlText, place: Place, problem: str) -> NoReturn:
    raise text.error(place, problem)


def _all_operations(spec: Spec) -> Iterator[Operation]:
    yield from spec.operations.values()
    yield from spec.followed.values()


def _check_operation(spec: Spec, operation: Operation, origins: Origins) -> None:
    text, top = origins.operations[operation.operation]
    for place, problem in _operation_problems(spec, operation):
        _refuse(text, (*top, *place), problem)
    for name, expression in operation.terms.items():
        _check_expression(spec, operation, text, (*top, "terms", name), expression, is_term=True)
    for name, response in operation.responses.items():
        if response.or_success:
            place = (*top, "responses", name, "or_success")
            _compile(text, place, response.or_success)
            for problem in unknown_response_names(spec, operation, response.or_success):
                _refuse(text, place, problem)
    for index, requirement in enumerate(operation.requirements):
        origin, place = _origin(operation, index, requirement, origins)
        for problem in _problems(spec, operation, requirement):
            _refuse(origin, place, f"{requirement.id}: {problem}")
        if requirement.check and requirement.check not in SERVER_CHECKS:
            problem = f"{requirement.id}: there is no check {requirement.check!r}"
            hint = suggestion(requirement.check, SERVER_CHECKS)
            _refuse(origin, (*place, "check"), f"{problem}{hint}")
        for member, expression in _expressions(requirement):
            _check_expression(spec, operation, origin, (*place, *member), expression)


def _origin(
    operation: Operation, index: int, requirement: Requirement, origins: Origins
) -> tuple[YamlText, Place]:
    """The place of a requirement: in the file of its operation, or among the common ones."""
    text, top = origins.operations[operation.operation]
    place = (*top, "requirements", index)
    if place in text.lines:
        return text, place
    name = requirement.id.removeprefix(f"{operation.prefix}.")
    ids = [template["id"] for template in origins.common.root["requirements"]]
    return origins.common, ("requirements", ids.index(name))


def _operation_problems(spec: Spec, operation: Operation) -> Iterator[tuple[Place, str]]:
    if operation.success not in operation.responses:
        yield ("success",), f"there is no response {operation.success!r}"
    if operation.source not in spec.sources:
        yield ("source",), f"there is no source {operation.source!r}"
    schemas = [operation.body.schema, operation.body.limits] if operation.body else []
    for schema in filter(None, schemas):
        if schema not in spec.schemas:
            yield ("body",), f"there is no schema {schema!r}"
    if operation.effect and operation.effect not in EFFECTS:
        problem = f"there is no effect {operation.effect!r}"
        yield ("effect",), f"{problem}{suggestion(operation.effect, EFFECTS)}"
    if operation.layout not in LAYOUTS:
        problem = f"there is no layout {operation.layout!r}"
        yield ("layout",), f"{problem}{suggestion(operation.layout, LAYOUTS)}"
    yield from _example_problems(spec, operation)
    for name, response in operation.responses.items():
        if response.body not in ("any", "none", *spec.schemas):
            yield ("responses", name), f"there is no schema {response.body!r}"


def _example_problems(spec: Spec, operation: Operation) -> Iterator[tuple[Place, str]]:
    body, example = operation.body, operation.example
    if body is None and example is not None:
        yield ("example",), "there is an example, but no body"
    elif body is not None and example is None and operation.operation in spec.operations:
        yield ("body",), "there is no example of the body; write the plainest one"
    elif body is not None and example is not None:
        for schema in filter(None, (body.schema, body.limits)):
            for problem in violations(spec, schema, example):
                yield ("example",), f"the example breaks the schema {schema}: {problem}"


def _problems(spec: Spec, operation: Operation, requirement: Requirement) -> Iterator[str]:
    if bool(requirement.rule) == bool(requirement.check):
        yield "give it either a rule or a check"
    if requirement.rule and requirement.otherwise not in operation.responses:
        yield f"otherwise names no response; there are {', '.join(operation.responses)}"
    for name in requirement.upon:
        if name not in operation.responses and name not in _SPECIAL_RESPONSES:
            known = ", ".join((*operation.responses, *_SPECIAL_RESPONSES))
            yield f"upon names no response: {name!r}; there are {known}"
    for across in (requirement.across, requirement.broken_across):
        yield from _across_problems(spec, across)
    for name in requirement.weaker.keys() - spec.sources.keys():
        yield f"weaker names the source {name!r}, which is not in sources.yaml"
    source = spec.sources.get(requirement.source)
    if source is None:
        yield f"its source {requirement.source!r} is not in sources.yaml"
    elif STRENGTH[requirement.level] > STRENGTH[source.carries]:
        carried = f"{requirement.source}, which carries {source.carries}"
        yield f"{requirement.level} cannot rest on {carried}"


def _across_problems(spec: Spec, across: Across) -> Iterator[str]:
    groups = {"market": spec.market_groups, "layout": spec.layout_groups}
    values = {"market": tuple(spec.markets), "layout": LAYOUTS}
    for dimension, named in across.items():
        if isinstance(named, str):
            if named not in ("all", *groups[dimension]):
                known = ", ".join(("all", *groups[dimension]))
                yield f"there is no group {named!r} of {dimension}s; there are {known}"
        else:
            for value in named:
                if value not in values[dimension]:
                    yield f"there is no {dimension} {value!r}"


def _expressions(requirement: Requirement) -> Iterator[tuple[Place, str]]:
    whole = {name: getattr(requirement, name) for name in ("rule", "when", "silent")}
    yield from (((name,), expression) for name, expression in whole.items() if expression)
    yield from ((("weaker", name), each) for name, each in requirement.weaker.items())
    yield from ((("cases", name), each) for name, each in requirement.cases.items())


def _check_expression(
    spec: Spec,
    operation: Operation,
    text: YamlText,
    place: Place,
    expression: str,
    *,
    is_term: bool = False,
) -> None:
    _compile(text, place, expression)
    for problem in unknown_names(spec, operation, expression, is_term=is_term):
        _refuse(text, place, f"{problem} (in {expression!r})")


def _compile(text: YamlText, place: Place, expression: str) -> None:
    try:
        check_expression(expression)
    except RuleError as exc:
        raise text.error(place, str(exc)) from exc


def _check_ids(spec: Spec, origins: Origins) -> None:
    seen: set[str] = set()
    for identifier, text, place in _ids(spec, origins):
        if identifier in seen:
            problem = f"the id {identifier!r} stands for two things; ids are for ever"
            raise SpecFileError(text.file, text.line(place), problem)
        seen.add(identifier)


def _ids(spec: Spec, origins: Origins) -> Iterator[tuple[str, YamlText, Place]]:
    for operation in _all_operations(spec):
        for index, requirement in enumerate(operation.requirements):
            yield requirement.id, *_origin(operation, index, requirement, origins)
    for name, entries in (("contradictions", spec.contradictions), ("untested", spec.untested)):
        for index, entry in enumerate(entries):
            yield entry.id, origins.lists[name], (name, index)
