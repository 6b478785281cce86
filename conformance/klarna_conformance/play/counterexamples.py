"""Counterexamples: failing requirements, each with the smallest scenario that shows it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from klarna_conformance.play.counterexample_file import (
    Counterexample,
    cost_of,
    smallest_failing,
)
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.shrinking import shrink
from klarna_conformance.target.target import Target
from klarna_reports.record.record import Played
from klarna_specs.goals import Scope
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["Allowance", "find_counterexample", "find_counterexamples"]

_REQUESTS = 2_000
"""The most requests for all counterexamples; seconds would make a report depend on the machine."""


@dataclass(slots=True)
class Allowance:
    """The number of requests left; a candidate without any counts as one, so that all ends."""

    left: int

    def spend(self, played: Played) -> None:
        self.left -= max(1, len(played.exchanges))


async def find_counterexamples(
    spec: Spec,
    target: Target,
    failing: Collection[Played],
    *,
    nonce: str,
    scope: Scope,
    known: Sequence[Played] = (),
    proceed: Callable[[], bool] = lambda: True,
) -> AsyncIterator[tuple[Played, Counterexample]]:
    """For each requirement that failed, the shrunk scenario as played, and what is saved of it.

    Leaves out requirements outside of the scope and those of the `known` counterexamples, and ends
    when `proceed` is false. Each requirement gets an equal share of the requests that are left.
    """
    done = smallest_failing(spec, known)
    smallest = {
        requirement: played
        for requirement, played in smallest_failing(spec, failing).items()
        if requirement not in done and scope.admits(spec.requirement(requirement))
    }
    left = _REQUESTS
    for place, (requirement, played) in enumerate(smallest.items()):
        if not proceed():
            return
        share = left // (len(smallest) - place)
        allowance = Allowance(share)
        shrunk, saved = await find_counterexample(
            spec,
            target,
            requirement,
            played,
            identifier=f"c{place + 1 + len(known):04}",
            nonce=nonce,
            allowance=allowance,
        )
        left -= share - allowance.left
        smaller = shrunk.scenario != played.scenario
        yield shrunk, msgspec.structs.replace(saved, shrunk=smaller or proceed())


async def find_counterexample(
    spec: Spec,
    target: Target,
    requirement: str,
    failing: Played,
    *,
    identifier: str,
    nonce: str,
    allowance: Allowance | None = None,
) -> tuple[Played, Counterexample]:
    """Shrinks a failing scenario; returns it as played, with what is saved of it.

    Its amounts may become smaller, but a harm does not become another one, and an example that
    shows no other bug does not become one that does.

    Ends when the `allowance` is spent, by default that of all counterexamples.
    """
    requests = allowance or Allowance(_REQUESTS)
    attempts = 0
    best = cost_of(spec, failing, requirement)

    async def still_fails(scenario: Scenario) -> Played | None:
        nonlocal attempts, best
        attempts += 1
        played = await play_and_judge(
            spec,
            target,
            scenario,
            identifier=identifier,
            nonce=f"{nonce}:{identifier}:{attempts}",
        )
        requests.spend(played)
        cost = cost_of(spec, played, requirement)
        if not (cost and best) or cost.harm != best.harm or cost.confounded > best.confounded:
            return None
        best = cost
        return played

    shrunk = await shrink(failing, still_fails, proceed=lambda: requests.left > 0)
    shrunk = msgspec.structs.replace(
        shrunk, id=identifier, shrunk_from=failing.id, shows=requirement
    )
    return shrunk, Counterexample.of(spec, target.facts, requirement, shrunk)
