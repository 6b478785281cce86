"""Selects scenarios after a dry run: the most goals for the fewest requests, then variety."""

import heapq
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from klarna_conformance.plan.dry_run import DryRun
from klarna_conformance.plan.facets import facets, features, hazards, in_turn, losses
from klarna_conformance.plan.order_matching import OrderPool
from klarna_specs.goals import Goal
from klarna_specs.spec import Spec

__all__ = ["Resources", "cover", "distinctive", "select"]

_OF_RESERVE = 16
"""The part of a budget that is not planned: one of this many."""
_WEIGHTS = {losses: 40, hazards: 10, features: 5, in_turn: 1}
"""What a name of each kind weighs; a loss may need many requests."""
_GOAL = 4


def select(
    spec: Spec,
    candidates: Sequence[DryRun],
    staged: Iterable[Iterable[Goal]],
    resources: "Resources",
) -> list[DryRun]:
    """Scenarios for all goals of each stage that the resources allow, then as many as possible.

    The budget that the goals of the first stage do not need goes to the scenarios with the most
    features per request; many of them serve goals too. After all goals, scenarios are selected for
    variety. The scenarios of the first stage come first, and a part of the budget is reserved for
    what other servers need: another read, or a repeated request.
    """
    stages = [frozenset(stage) for stage in staged]
    first = _affordable(spec, candidates, stages[0], stages[-1], resources.requests_alone)
    chosen = [had for each in first if (had := resources.take(each, stages[-1]))]
    left = _without(candidates, first)
    wanted = frozenset[Goal]()
    for stage in stages:
        missing = wanted = stage
        missing = missing.difference(*(each.goals for each in chosen))
        while selected := cover(left, missing):
            left = _without(left, selected)
            taken = [had for each in selected if (had := resources.take(each, missing))]
            missing = missing.difference(*(each.goals for each in taken))
            chosen += taken
        resources.set_aside()
    chosen += [had for each in _varied(spec, left) if (had := resources.take(each, wanted))]
    return chosen if resources.is_endless else _foremost(chosen, stages[0])


def _foremost(chosen: Sequence[DryRun], goals: frozenset[Goal]) -> list[DryRun]:
    needed = cover(chosen, goals)
    return [*needed, *_without(chosen, needed)]


def distinctive(spec: Spec, candidates: Sequence[DryRun], wanted: Iterable[Goal]) -> list[DryRun]:
    """Scenarios that together have every loss, hazard, feature, sequence of two calls and goal."""
    goals = frozenset(wanted)
    aims: dict[int, frozenset[Any]] = {id(each): each.goals & goals for each in candidates}
    weights: dict[Any, int] = dict.fromkeys(goals, _GOAL)
    for names_of, weight in _WEIGHTS.items():
        for each in candidates:
            names = names_of(spec, each.scenario, each.outcomes)
            aims[id(each)] |= names
            weights |= dict.fromkeys(names, weight)
    return list(
        _greedily(
            candidates, lambda each: aims[id(each)], lambda aims: sum(weights[aim] for aim in aims)
        )
    )


def _affordable(
    spec: Spec,
    candidates: Sequence[DryRun],
    binding: frozenset[Goal],
    wanted: frozenset[Goal],
    budget: int,
) -> list[DryRun]:
    """The scenarios with the most features per request, as long as all binding goals still fit."""
    ranked = distinctive(spec, candidates, wanted)

    def overdrawn(count: int) -> bool:
        first = ranked[:count]
        missing = binding.difference(*(each.goals for each in first))
        beside = cover(_without(candidates, first), missing)
        return sum(each.requests for each in (*first, *beside)) > budget

    return ranked[: max(bisect_left(range(len(ranked) + 1), True, key=overdrawn) - 1, 0)]


def cover(candidates: Sequence[DryRun], wanted: Iterable[Goal]) -> list[DryRun]:
    """Scenarios that together serve every wanted goal that can be served, none redundant."""
    aims = frozenset(wanted)
    chosen = list(_greedily(candidates, lambda each: each.goals & aims))
    times = Counter(goal for each in chosen for goal in each.goals & aims)
    kept: list[DryRun] = []
    for each in sorted(chosen, key=lambda each: -each.requests):
        if all(times[goal] > 1 for goal in each.goals & aims):
            times.subtract(each.goals & aims)
        else:
            kept.append(each)
    return sorted(kept, key=chosen.index)


def _varied(spec: Spec, candidates: Sequence[DryRun]) -> Iterator[DryRun]:
    """All scenarios, ordered by the new facets that they add per request.

    When no scenario adds a new facet, the count starts again.
    """
    facets_of = {id(each): facets(spec, each.scenario, each.outcomes) for each in candidates}
    left: list[DryRun] = list(candidates)
    while left:
        added = list(_greedily(left, lambda each: facets_of[id(each)]))
        yield from added or left
        left = _without(left, added or left)


def _without(candidates: Iterable[DryRun], taken: Iterable[DryRun]) -> list[DryRun]:
    gone = set(map(id, taken))
    return [each for each in candidates if id(each) not in gone]


class Resources:
    """What scenarios consume: requests, and the orders of a pool (None: unlimited)."""

    def __init__(self, requests: int | None, pool: OrderPool | None) -> None:
        self._requests = math.inf if requests is None else requests
        self._reserve = 0 if requests is None else requests // _OF_RESERVE
        self._pool = pool

    @property
    def is_endless(self) -> bool:
        """Whether the number of requests is unlimited."""
        return math.isinf(self._requests)

    @property
    def requests_alone(self) -> int:
        """How many requests can be planned if only requests are limited; else 0."""
        return 0 if self._pool or self.is_endless else int(self._requests) - self._reserve

    def set_aside(self) -> None:
        """Withholds the reserve from later scenarios."""
        self._requests -= self._reserve
        self._reserve = 0

    def take(self, each: DryRun, wanted: frozenset[Goal]) -> DryRun | None:
        """The scenario as the resources allow it for some of these goals; None if they do not."""
        if each.requests > self._requests:
            return None
        matched = self._pool.matched(each, wanted) if self._pool else each
        if matched is not None:
            self._requests -= matched.requests
        return matched


def _greedily(
    candidates: Sequence[DryRun],
    aims_of: Callable[[DryRun], frozenset[Any]],
    weight: Callable[[frozenset[Any]], int] = len,
) -> Iterator[DryRun]:
    """Yields the candidate whose missing aims have the most weight per request, until none has any.

    The value of a candidate only decreases as others are selected, so its old value is an upper
    bound: it is computed again only if that bound is the best.
    """
    served: set[Any] = set()
    bounds = [(-math.inf, number) for number in range(len(candidates))]
    while bounds:
        _, number = heapq.heappop(bounds)
        each = candidates[number]
        value = -weight(aims_of(each) - served) / max(each.requests, 1)
        if bounds and value > bounds[0][0]:
            heapq.heappush(bounds, (value, number))
        elif value < 0:
            served |= aims_of(each)
            yield each
