"""Chooses among rehearsed scenarios: the most goals for the fewest requests, then variety."""

import heapq
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from klarna_conformance.plan.facets import facets, features, hazards, in_turn
from klarna_conformance.plan.fitting import Stock
from klarna_conformance.plan.rehearsal import Rehearsed
from klarna_specs.goals import Goal
from klarna_specs.spec import Spec

__all__ = ["Supply", "choose", "covered", "particular"]

_OF_RESERVE = 16
"""The part of a budget that is not planned: one of so many."""
_FEATURE, _HAZARD = 5, 10
"""How many calls in turn, or goals, a feature of a single call is worth, and a hazard."""


def choose(
    spec: Spec,
    candidates: Sequence[Rehearsed],
    staged: Iterable[Iterable[Goal]],
    supply: "Supply",
) -> list[Rehearsed]:
    """Scenarios for all goals of each stage as far as they can be had, then as many as there are.

    What a budget leaves beside the goals of the first stage goes to what has the most features for
    its requests; much of that serves goals too. What follows all goals is as varied as can be.
    Whatever serves a goal of the first stage comes first, and a part of the budget is left for what
    other servers need: another read, or a repeated request.
    """
    stages = [frozenset(stage) for stage in staged]
    first = _affordable(spec, candidates, stages[0], stages[-1], supply.requests_alone)
    chosen = [had for each in first if (had := supply.take(each, stages[-1]))]
    left = _without(candidates, first)
    wanted = frozenset[Goal]()
    for stage in stages:
        missing = wanted = stage
        missing = missing.difference(*(each.goals for each in chosen))
        while tried := covered(left, missing):
            left = _without(left, tried)
            had = [had for each in tried if (had := supply.take(each, missing))]
            missing = missing.difference(*(each.goals for each in had))
            chosen += had
        supply.set_aside()
    chosen += [had for each in _varied(spec, left) if (had := supply.take(each, wanted))]
    return chosen if supply.is_endless else _foremost(chosen, stages[0])


def _foremost(chosen: Sequence[Rehearsed], goals: frozenset[Goal]) -> list[Rehearsed]:
    needed = covered(chosen, goals)
    return [*needed, *_without(chosen, needed)]


def particular(
    spec: Spec, candidates: Sequence[Rehearsed], wanted: Iterable[Goal]
) -> list[Rehearsed]:
    """Scenarios with every hazard, feature, two calls in turn and goal that there is."""
    goals = frozenset(wanted)
    named = {
        id(each): tuple(
            names(spec, each.scenario, each.outcomes) for names in (hazards, features, in_turn)
        )
        for each in candidates
    }
    aims = {id(e): frozenset[Any]().union(*named[id(e)], e.goals & goals) for e in candidates}
    worth: dict[Any, int] = dict.fromkeys(
        chain.from_iterable(f for _, f, _ in named.values()), _FEATURE
    )
    worth |= dict.fromkeys(chain.from_iterable(h for h, _, _ in named.values()), _HAZARD)
    return list(
        _greedily(
            candidates,
            lambda each: aims[id(each)],
            lambda aims: sum(worth.get(aim, 1) for aim in aims),
        )
    )


def _affordable(
    spec: Spec,
    candidates: Sequence[Rehearsed],
    binding: frozenset[Goal],
    wanted: frozenset[Goal],
    budget: int,
) -> list[Rehearsed]:
    """What has most that is particular for its requests, as far as all binding goals still fit."""
    ranked = particular(spec, candidates, wanted)

    def overdrawn(count: int) -> bool:
        first = ranked[:count]
        missing = binding.difference(*(each.goals for each in first))
        beside = covered(_without(candidates, first), missing)
        return sum(each.requests for each in (*first, *beside)) > budget

    return ranked[: max(bisect_left(range(len(ranked) + 1), True, key=overdrawn) - 1, 0)]


def covered(candidates: Sequence[Rehearsed], wanted: Iterable[Goal]) -> list[Rehearsed]:
    """Scenarios that together serve every wanted goal that can be served, none of them idle."""
    aims = frozenset(wanted)
    chosen = list(_greedily(candidates, lambda each: each.goals & aims))
    times = Counter(goal for each in chosen for goal in each.goals & aims)
    kept: list[Rehearsed] = []
    for each in sorted(chosen, key=lambda each: -each.requests):
        if all(times[goal] > 1 for goal in each.goals & aims):
            times.subtract(each.goals & aims)
        else:
            kept.append(each)
    return sorted(kept, key=chosen.index)


def _varied(spec: Spec, candidates: Sequence[Rehearsed]) -> Iterator[Rehearsed]:
    """All scenarios, those first that add most for their requests to what the others do.

    When nothing new is left, what was there once is wanted once more.
    """
    particular = {id(each): facets(spec, each.scenario, each.outcomes) for each in candidates}
    left: list[Rehearsed] = list(candidates)
    while left:
        added = list(_greedily(left, lambda each: particular[id(each)]))
        yield from added or left
        left = _without(left, added or left)


def _without(candidates: Iterable[Rehearsed], taken: Iterable[Rehearsed]) -> list[Rehearsed]:
    gone = set(map(id, taken))
    return [each for each in candidates if id(each) not in gone]


class Supply:
    """What scenarios use up: requests, and the orders of a stock (None: as many as are wanted)."""

    def __init__(self, requests: int | None, stock: Stock | None) -> None:
        self._requests = math.inf if requests is None else requests
        self._reserve = 0 if requests is None else requests // _OF_RESERVE
        self._stock = stock

    @property
    def is_endless(self) -> bool:
        """Whether there are as many requests as are wanted."""
        return math.isinf(self._requests)

    @property
    def requests_alone(self) -> int:
        """How many requests there are to be planned, where they alone are scarce; else 0."""
        return 0 if self._stock or self.is_endless else int(self._requests) - self._reserve

    def set_aside(self) -> None:
        """Keeps the reserve from whatever is taken from now on."""
        self._requests -= self._reserve
        self._reserve = 0

    def take(self, each: Rehearsed, wanted: frozenset[Goal]) -> Rehearsed | None:
        """The scenario as it can be had for some of these goals; None where it cannot."""
        if each.requests > self._requests:
            return None
        had = self._stock.fitted(each, wanted) if self._stock else each
        if had is not None:
            self._requests -= had.requests
        return had


def _greedily(
    candidates: Sequence[Rehearsed],
    aims_of: Callable[[Rehearsed], frozenset[Any]],
    worth: Callable[[frozenset[Any]], int] = len,
) -> Iterator[Rehearsed]:
    """The candidate whose missing aims are worth most a request, until none serves any.

    What a candidate adds only shrinks as others are chosen, so its old value is a bound: only
    where that is the best must it be counted anew.
    """
    served: set[Any] = set()
    bounds = [(-math.inf, number) for number in range(len(candidates))]
    while bounds:
        _, number = heapq.heappop(bounds)
        each = candidates[number]
        value = -worth(aims_of(each) - served) / max(each.requests, 1)
        if bounds and value > bounds[0][0]:
            heapq.heappush(bounds, (value, number))
        elif value < 0:
            served |= aims_of(each)
            yield each
