"""What to judge a response by, looked up once for each spec instead of for each exchange. Pure."""

from collections.abc import Callable

from klarna_conformance.judge.server.checks import CHECKS
from klarna_conformance.judge.server.evidence import Check
from klarna_conformance.judge.server.interpretations import OBSERVERS
from klarna_specs.exchange import Response
from klarna_specs.goals import cells
from klarna_specs.oracle import Assessment
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["Tables", "tables_of"]

Here = tuple[str, str] | None
"""The market and the layout of an order, if there is one."""


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
        self._cells: dict[tuple[str, str, Here], tuple[str, ...]] = {}

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

    def aspects(
        self, requirement: Requirement, aspect: str, here: Here, holds: Callable[[str], bool]
    ) -> tuple[str, ...]:
        """The goals that an exchange serves: the aspect itself, its cases, its table cells."""
        key = requirement.id, aspect, here
        served = self._cells.get(key)
        if served is None:
            across = requirement.broken_across if aspect == "broken" else requirement.across
            table = cells(self._spec, across) if here else ()
            pairs = () if here is None else (("market", here[0]), ("layout", here[1]))
            served = tuple(f"{d}={v}" for d, v in table if (d, v) in pairs)
            self._cells[key] = served = (aspect, *served)
        if not requirement.cases:
            return served
        cases = [name for name, case in requirement.cases.items() if holds(case)]
        return (aspect, *cases, *served[1:])


_TABLES: dict[int, tuple[Spec, Tables]] = {}
"""By the identity of the spec, which is kept alive with them."""


def tables_of(spec: Spec) -> Tables:
    """The tables of a spec, made once."""
    if id(spec) not in _TABLES:
        _TABLES[id(spec)] = spec, Tables(spec)
    return _TABLES[id(spec)][1]
