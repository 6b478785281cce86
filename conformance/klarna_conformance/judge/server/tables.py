"""What to judge a response by, looked up once for each spec instead of for each exchange. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from klarna_conformance.judge.server.answered import Answered
from klarna_conformance.judge.server.checks import CHECKS
from klarna_conformance.judge.server.evidence import Check
from klarna_conformance.judge.server.interpretations import OBSERVERS
from klarna_specs.exchange import Response
from klarna_specs.goals import cells
from klarna_specs.oracle import Assessment
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["Tables", "tables_of"]


class Tables:
    """The checks by kind of response, the goals by situation, and what observes contradictions."""

    def __init__(self, spec: Spec) -> None:
        self.observers: tuple[tuple[str, Callable[[Assessment, Response], str | None]], ...] = (
            *((c.id, OBSERVERS[c.observe]) for c in spec.contradictions if c.observe in OBSERVERS),
        )
        self._spec = spec
        self._checks: dict[
            tuple[str, frozenset[str]], tuple[tuple[Requirement, Check | None], ...]
        ] = {}
        self._goals: dict[tuple[str, str], _Goals] = {}

    def checks(
        self, operation: Operation, names: frozenset[str]
    ) -> tuple[tuple[Requirement, Check | None], ...]:
        """The requirements on responses with these names; without a check where a read decides."""
        key = operation.operation, names
        if key not in self._checks:
            self._checks[key] = tuple(
                (requirement, CHECKS.get(requirement.check))
                for requirement in operation.requirements
                if not names.isdisjoint(requirement.upon)
            )
        return self._checks[key]

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
