"""Counterexamples: failing requirements, each with the smallest scenario that shows it."""

import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence

import msgspec

from klarna_conformance.play.counterexample_file import (
    Counterexample,
    failure_of,
    smallest_failing,
)
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.shrinking import shrink
from klarna_conformance.target.target import Target
from klarna_reports.record.record import Played
from klarna_specs.goals import Scope
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["find_counterexample", "find_counterexamples"]

_BUDGET_EACH, _BUDGET_ALL = 300, 2_000
"""The most candidates for one requirement, and for all of them."""
_SECONDS_ALL = 20.0
"""The time for all candidates, in seconds: slow targets get longer counterexamples."""


async def find_counterexamples(
    spec: Spec,
    target: Target,
    failing: Collection[Played],
    *,
    nonce: str,
    scope: Scope,
    known: Sequence[Played] = (),
    go_on: Callable[[], bool] = lambda: True,
) -> AsyncIterator[tuple[Played, Counterexample]]:
    """For each requirement that failed, the shrunk scenario as played, and what is saved of it.

    Leaves out requirements outside of the scope and those of the `known` counterexamples, and ends
    when `go_on` is false.
    """
    done = smallest_failing(known)
    smallest = {
        requirement: played
        for requirement, played in smallest_failing(failing).items()
        if requirement not in done and scope.admits(spec.requirement(requirement))
    }
    until_s = time.monotonic() + _SECONDS_ALL
    budget = min(_BUDGET_EACH, _BUDGET_ALL // max(len(smallest), 1))
    for number, (requirement, played) in enumerate(smallest.items(), 1 + len(known)):
        if not go_on():
            return
        shrunk, saved = await find_counterexample(
            spec,
            target,
            requirement,
            played,
            identifier=f"c{number:04}",
            nonce=nonce,
            budget=budget,
            until_s=until_s,
        )
        smaller = shrunk.scenario != played.scenario
        searched = go_on() and time.monotonic() <= until_s
        yield shrunk, msgspec.structs.replace(saved, shrunk=smaller or searched)


async def find_counterexample(
    spec: Spec,
    target: Target,
    requirement: str,
    failing: Played,
    *,
    identifier: str,
    nonce: str,
    budget: int = _BUDGET_EACH,
    until_s: float = math.inf,
) -> tuple[Played, Counterexample]:
    """Shrinks a failing scenario; returns it as played, with what is saved of it.

    Plays at most `budget` candidates, and none after `until_s` (monotonic clock).
    """
    attempts = 0

    async def still_fails(scenario: Scenario) -> Played | None:
        nonlocal attempts
        if time.monotonic() > until_s:
            return None
        attempts += 1
        played = await play_and_judge(
            spec,
            target,
            scenario,
            identifier=identifier,
            nonce=f"{nonce}:{identifier}:{attempts}",
        )
        return played if failure_of(played, requirement) else None

    shrunk = await shrink(failing, still_fails, budget=budget)
    shrunk = msgspec.structs.replace(shrunk, id=identifier, shrunk_from=failing.id)
    return shrunk, Counterexample.of(spec, target.facts, requirement, shrunk)
