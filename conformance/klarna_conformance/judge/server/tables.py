"""What to judge a response by, looked up once for each spec instead of for each exchange. Pure."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from klarna_conformance.judge.server.answered import Answered
from klarna_conformance.judge.server.checks import CHECKS
from klarna_conformance.judge.server.evidence import Check
from klarna_conformance.judge.server.interpretations import OBSERVERS
from klarna_specs.exchange import Response
from klarna_specs.goals import cells
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome
from klarna_specs.spec import Requirement, Spec

__all__ = ["Tables", "tables_of"]


_Checked = tuple[Requirement, Check | None, tuple[str, ...]]
_Met = tuple[Requirement, tuple[str, ...]]
"""A requirement, and the goals of it that an exchange serves."""


class Tables:
    """The checks by kind of response, the goals by situation, and what observes contradictions."""

    def __init__(self, spec: Spec) -> None:
        self.observers: tuple[tuple[str, Callable[[Assessment, Response], str | None]], ...] = (
            *((c.id, OBSERVERS[c.observe]) for c in spec.contradictions if c.observe in OBSERVERS),
        )
        self._spec = spec
        self._goals: dict[tuple[str, str], _Goals] = {}

    def checks(self, seen: Answered) -> tuple[_Checked, ...]:
        """The requirements on such a response; without a check where a later read decides."""
        noted = seen.assessment.situation.noted
        key = seen.names, seen.here
        if key not in noted:
            noted[key] = tuple(self._checks(seen))
        return noted[key]

    def _checks(self, seen: Answered) -> Iterator[_Checked]:
        for requirement in seen.call.operation.requirements:
            if seen.names.isdisjoint(requirement.upon):
                continue
            if not requirement.when or seen.assessment.holds(requirement.when):
                aspects = self.aspects(seen, requirement, "seen")
                yield requirement, CHECKS.get(requirement.check), aspects

    def met(self, seen: Answered, outcome: Outcome) -> tuple[_Met, ...]:
        """The rules that a call meets by an outcome, and what it demands."""
        noted = seen.assessment.situation.noted
        key = seen.assessment.replay, outcome.against, seen.kind, seen.here
        if key not in noted:
            noted[key] = tuple(
                (requirement, self.aspects(seen, requirement, aspect))
                for requirement, aspect in _met(seen, outcome)
            )
        return noted[key]

    def refused(self, seen: Answered, outcome: Outcome) -> tuple[Requirement, ...]:
        """The requirements to accept a call that a refusal does not follow, and need not (INFO)."""
        return _open_acceptance(seen, outcome.against)

    def aspects(self, seen: Answered, requirement: Requirement, aspect: str) -> tuple[str, ...]:
        """The goals that an exchange serves: the aspect itself, its cases, its table cells."""
        goals = self._goals.get((requirement.id, aspect))
        if goals is None:
            goals = self._goals[requirement.id, aspect] = _goals(self._spec, requirement, aspect)
        served, cases = (aspect,), requirement.cases
        if cases and not (goals.no_case and seen.assessment.holds(goals.no_case)):
            holds = seen.assessment.holds
            served = (aspect, *(name for name, case in cases.items() if holds(case)))
        if goals.table and seen.here:
            served = (*served, *(cell for cell in goals.table if cell in seen.here))
        return served


def _open_acceptance(seen: Answered, names: tuple[str, ...]) -> tuple[Requirement, ...]:
    """The requirements among these to accept a call that need not be accepted (INFO)."""
    return tuple(
        r
        for r in seen.call.operation.requirements
        if r.id in names and r.check == "accepted" and r.level == "INFO"
    )


def _met(seen: Answered, outcome: Outcome) -> Iterator[tuple[Requirement, str]]:
    assessment, responses = seen.assessment, seen.call.operation.responses
    for rule in assessment.broken_alone:
        if rule.id not in outcome.against and responses[rule.otherwise].kind == seen.kind:
            yield rule, "broken"
    if seen.kind == "success":
        yield from ((rule, "kept") for rule in assessment.kept)
        yield from ((r, "seen") for r in assessment.demanded_by if r.check == "accepted")
        if not (outcome.against or assessment.demanded_by):
            yield from ((r, "seen") for r in _open_acceptance(seen, outcome.because))


class _Goals(NamedTuple):
    """The table cells of an aspect, and the condition under which none of its cases occurs."""

    table: tuple[str, ...]
    no_case: str


def _goals(spec: Spec, requirement: Requirement, aspect: str) -> _Goals:
    across = requirement.broken_across if aspect == "broken" else requirement.across
    cases = " || ".join(f"({case})" for case in requirement.cases.values())
    table = tuple(f"{dimension}={value}" for dimension, value in cells(spec, across))
    return _Goals(table, f"({cases}) == false" if len(requirement.cases) > 1 else "")


_TABLES: dict[int, tuple[Spec, Tables]] = {}
"""By the identity of the spec, which is kept alive with them."""


def tables_of(spec: Spec) -> Tables:
    """The tables of a spec, made once."""
    if id(spec) not in _TABLES:
        _TABLES[id(spec)] = spec, Tables(spec)
    return _TABLES[id(spec)][1]
