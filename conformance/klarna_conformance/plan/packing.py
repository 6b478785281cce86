"""Packs scenarios on equal orders into one scenario, which saves requests.

A single scenario reads its order before and after; packed scenarios share these reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from klarna_conformance.plan.dry_run import DryRun
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step, steps_of

__all__ = ["packed"]

DryRuns = Callable[[Iterable[Scenario]], list[DryRun]]
_replace = msgspec.structs.replace
_LONGEST = 12
"""The maximum number of steps of a packed scenario."""
_MANY = 20
"""A goal that this many scenarios serve may get lost in a packed one."""
_MOST_ATTEMPTS = 4
"""A scenario is added to one of this many packed scenarios of the same order, the latest ones."""


def packed(candidates: Sequence[DryRun], dry_runs: DryRuns) -> list[DryRun]:
    """Scenarios that combine several candidates, each with the same outcomes as alone.

    A packed scenario serves the goals of its candidates, except goals that many others serve.
    Orders without captures are left out: not every provisioner makes them.
    """
    times = Counter(goal for each in candidates for goal in each.goals)
    rare = frozenset(goal for goal, count in times.items() if count < _MANY)
    packs: dict[OrderPlan, list[list[DryRun]]] = {}
    for each in candidates:
        plan = each.scenario.plan
        if plan is None or not plan.captures or not _can_follow(each.scenario):
            continue
        of_plan = packs.setdefault(plan, [])
        for pack in reversed(of_plan[-_MOST_ATTEMPTS:]):
            if joined := _joined(pack[-1], each, rare, dry_runs):
                pack.append(joined)
                break
        else:
            of_plan.append([each])
    return [pack[-1] for of_plan in packs.values() for pack in of_plan if len(pack) > 1]


def _can_follow(scenario: Scenario) -> bool:
    """Whether the steps mean the same after those of another scenario."""
    in_turn = all(isinstance(action, Step) for action in scenario.steps)
    by_place = any(isinstance(step.refund, int) for step in steps_of(scenario))
    return scenario.other is None and in_turn and not by_place


def _joined(pack: DryRun, each: DryRun, rare: frozenset[Goal], dry_runs: DryRuns) -> DryRun | None:
    """The pack with another scenario at its end; None if that changes an outcome."""
    before, steps = steps_of(pack.scenario), steps_of(each.scenario)
    apart = tuple(_under_other_keys(steps, before))
    if len(before) + len(steps) > _LONGEST or len(apart) < len(steps):
        return None
    scenario = _replace(pack.scenario, steps=before + apart, packed=True)
    (joined,) = dry_runs([scenario])
    as_alone = joined.outcomes == (*pack.outcomes, *each.outcomes)
    return joined if as_alone and joined.goals >= (pack.goals | each.goals) & rare else None


def _under_other_keys(steps: Sequence[Step], before: Sequence[Step]) -> Iterator[Step]:
    """The steps with unused keys; without the steps whose key matters."""
    used = {step.key.name for step in before if step.key}
    for step in steps:
        if step.key is None or step.key.name not in used:
            yield step
        elif step.key.form.startswith("uuid"):
            name = f"{step.key.name} {len(before)}"
            yield _replace(step, key=_replace(step.key, name=name))
