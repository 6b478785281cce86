"""The goals of a run, derived from the specs: what must occur before a run can be green."""

from collections.abc import Iterable, Mapping

import msgspec

from klarna_specs.plan import LAYOUTS
from klarna_specs.spec import NEVER, Across, Requirement, Spec

__all__ = ["Goal", "Scope", "cells", "goals"]


class Goal(msgspec.Struct, frozen=True, order=True):
    """An aspect of a requirement that must occur in a run.

    The aspect is `kept` or `broken` (of a rule), `seen` (of a check), the name of a case, or a cell
    of a decision table such as `market=SE`.
    """

    requirement: str
    aspect: str

    def __str__(self) -> str:
        return f"{self.requirement} ({self.aspect})"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The selection of a run; an empty tuple means everything."""

    operations: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.operations or self.requirements or self.markets)

    def admits(self, requirement: Requirement) -> bool:
        """Whether the requirement is judged in this scope."""
        return (not self.operations or requirement.operation in self.operations) and (
            not self.requirements or requirement.id in self.requirements
        )


def cells(spec: Spec, across: Across) -> Iterable[tuple[str, str]]:
    """The (dimension, value) pairs of a decision table, with named groups expanded."""
    groups: Mapping[str, Mapping[str, tuple[str, ...]]] = {
        "market": {"all": tuple(spec.markets), **spec.market_groups},
        "layout": {"all": LAYOUTS, **spec.layout_groups},
    }
    for dimension, values in across.items():
        named = groups[dimension][values] if isinstance(values, str) else values
        for value in named:
            yield dimension, value


def goals(spec: Spec, scope: Scope | None = None) -> tuple[Goal, ...]:
    """All goals of the requirements in the scope, in the order of the specs.

    A scope of markets leaves out the cells of the other markets; what only traffic of others can
    show is no goal.
    """
    scope = scope or Scope()
    return tuple(
        Goal(requirement.id, aspect)
        for requirement in spec.requirements
        if scope.admits(requirement) and "traffic" not in requirement.needs
        for aspect in _aspects(spec, requirement, scope)
    )


def _aspects(spec: Spec, requirement: Requirement, scope: Scope) -> Iterable[str]:
    aspects = [("seen", requirement.across)]
    if requirement.rule:
        aspects = [("kept", requirement.across), ("broken", requirement.broken_across)]
        if requirement.rule == NEVER:
            del aspects[0]
    for aspect, across in aspects:
        table = list(cells(spec, across))
        within = [(d, v) for d, v in table if d != "market" or _in_scope(v, scope)]
        if "market" in across and not any(d == "market" for d, _ in within):
            continue  # it cannot occur in the selected markets
        yield aspect
        yield from (f"{dimension}={value}" for dimension, value in within)
    yield from requirement.cases


def _in_scope(market: str, scope: Scope) -> bool:
    return not scope.markets or market in scope.markets
