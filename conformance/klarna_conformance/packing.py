"""Packs scenarios on orders of one kind into one scenario, so that a budget goes further.

Alone, each reads its order before and after; packed they share these reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from klarna_conformance.rehearsal import Rehearsed
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step

__all__ = ["packed"]

Rehearse = Callable[[Iterable[Scenario]], list[Rehearsed]]
_replace = msgspec.structs.replace
_LONGEST = 12
"""How many steps a packed scenario has at most."""
_MANY = 20
"""How many scenarios serve a goal that one need not serve."""
_TRIED = 4
"""How many packed scenarios of the same order, the latest ones, another is added to."""


def packed(candidates: Sequence[Rehearsed], rehearse: Rehearse) -> list[Rehearsed]:
    """Scenarios of several candidates each, in which each goes as it does alone.

    It serves what it does alone there, but for goals that many others serve. Orders without
    captures are left out: not every provisioner makes them.
    """
    times = Counter(goal for each in candidates for goal in each.goals)
    rare = frozenset(goal for goal, count in times.items() if count < _MANY)
    packs: dict[OrderPlan, list[list[Rehearsed]]] = {}
    for each in candidates:
        steps, plan = _steps(each), each.scenario.plan
        if plan is None or not plan.captures or not steps:
            continue
        of_plan = packs.setdefault(plan, [])
        for pack in reversed(of_plan[-_TRIED:]):
            if joined := _joined(pack[-1], each, rare, rehearse):
                pack.append(joined)
                break
        else:
            of_plan.append([each])
    return [pack[-1] for of_plan in packs.values() for pack in of_plan if len(pack) > 1]


def _steps(each: Rehearsed) -> tuple[Step, ...]:
    """The steps of a scenario that may stand behind others; none of one that may not."""
    steps = tuple(step for step in each.scenario.steps if isinstance(step, Step))
    alone = each.scenario.other is not None or len(steps) < len(each.scenario.steps)
    by_place = any(isinstance(step.refund, int) for step in steps)
    return () if alone or by_place else steps


def _joined(
    pack: Rehearsed, each: Rehearsed, rare: frozenset[Goal], rehearse: Rehearse
) -> Rehearsed | None:
    """The pack with another scenario at its end; None where one of them would go otherwise."""
    before, steps = tuple(_steps_of(pack.scenario)), _steps(each)
    apart = tuple(_under_other_keys(steps, before))
    if len(before) + len(steps) > _LONGEST or len(apart) < len(steps):
        return None
    scenario = _replace(pack.scenario, steps=before + apart, packed=True)
    (joined,) = rehearse([scenario])
    as_alone = joined.outcomes == (*pack.outcomes, *each.outcomes)
    return joined if as_alone and joined.goals >= (pack.goals | each.goals) & rare else None


def _steps_of(scenario: Scenario) -> Iterator[Step]:
    return (step for step in scenario.steps if isinstance(step, Step))


def _under_other_keys(steps: Sequence[Step], before: Sequence[Step]) -> Iterator[Step]:
    """The steps under keys that were not used before; without those of which the key matters."""
    used = {step.key.name for step in before if step.key}
    for step in steps:
        if step.key is None or step.key.name not in used:
            yield step
        elif step.key.form.startswith("uuid"):
            name = f"{step.key.name} {len(before)}"
            yield _replace(step, key=_replace(step.key, name=name))
