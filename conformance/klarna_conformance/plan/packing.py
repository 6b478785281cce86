"""Packs scenarios on orders of one kind into one scenario, so that a budget goes further.

Alone, each reads its order before and after; packed they share these reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from klarna_conformance.plan.rehearsal import Rehearsed
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step, steps_of

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
        plan = each.scenario.plan
        if plan is None or not plan.captures or not _can_follow(each.scenario):
            continue
        of_plan = packs.setdefault(plan, [])
        for pack in reversed(of_plan[-_TRIED:]):
            if joined := _joined(pack[-1], each, rare, rehearse):
                pack.append(joined)
                break
        else:
            of_plan.append([each])
    return [pack[-1] for of_plan in packs.values() for pack in of_plan if len(pack) > 1]


def _can_follow(scenario: Scenario) -> bool:
    """Whether the steps mean the same behind those of another scenario."""
    in_turn = all(isinstance(action, Step) for action in scenario.steps)
    by_place = any(isinstance(step.refund, int) for step in steps_of(scenario))
    return scenario.other is None and in_turn and not by_place


def _joined(
    pack: Rehearsed, each: Rehearsed, rare: frozenset[Goal], rehearse: Rehearse
) -> Rehearsed | None:
    """The pack with another scenario at its end; None where one of them would go otherwise."""
    before, steps = steps_of(pack.scenario), steps_of(each.scenario)
    apart = tuple(_under_other_keys(steps, before))
    if len(before) + len(steps) > _LONGEST or len(apart) < len(steps):
        return None
    scenario = _replace(pack.scenario, steps=before + apart, packed=True)
    (joined,) = rehearse([scenario])
    as_alone = joined.outcomes == (*pack.outcomes, *each.outcomes)
    return joined if as_alone and joined.goals >= (pack.goals | each.goals) & rare else None


def _under_other_keys(steps: Sequence[Step], before: Sequence[Step]) -> Iterator[Step]:
    """The steps under keys that were not used before; without those of which the key matters."""
    used = {step.key.name for step in before if step.key}
    for step in steps:
        if step.key is None or step.key.name not in used:
            yield step
        elif step.key.form.startswith("uuid"):
            name = f"{step.key.name} {len(before)}"
            yield _replace(step, key=_replace(step.key, name=name))
