"""Leaves operations that a profile does not offer out of scenarios, and calls each of them once."""

from collections.abc import Iterable, Iterator

import msgspec

from klarna_specs.goals import Scope
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Empty, Json, Scenario, Step, Together, Wait, steps_of
from klarna_specs.spec import Spec

__all__ = ["calls_not_offered", "offered_only"]

_AMOUNT = 10_000


def offered_only(spec: Spec, scenarios: Iterable[Scenario]) -> Iterator[Scenario]:
    """The scenarios without calls of operations that are not offered, if others are left."""
    if len(spec.offered) == len(spec.operations):
        yield from scenarios
        return
    for scenario in scenarios:
        steps = tuple(_kept(spec, scenario.steps))
        if steps == scenario.steps:
            yield scenario
        elif steps_of(left := msgspec.structs.replace(scenario, steps=steps)):
            yield left


def _kept(spec: Spec, actions: Iterable[Action]) -> Iterator[Action]:
    for action in actions:
        match action:
            case Step() if action.operation in spec.offered:
                yield action
            case Together(steps=group):
                kept = tuple(step for step in group if step.operation in spec.offered)
                yield from (Together(kept),) if len(kept) > 1 else kept
            case Wait():
                yield action
            case _:
                pass


def calls_not_offered(spec: Spec, scope: Scope) -> Iterator[Scenario]:
    """A scenario for each path of each operation that is not offered, on a captured order."""
    market = scope.markets[0] if scope.markets else next(iter(spec.markets))
    plan = OrderPlan(
        market=market,
        currency=spec.markets[market].currency,
        order_amount=_AMOUNT,
        captures=(_AMOUNT,),
    )
    for operation in spec.operations.values():
        if operation.not_offered is not None:
            body = Empty() if operation.example is None else Json(operation.example)
            for interpretation, path in operation.paths.items():
                step = Step(
                    operation=operation.operation,
                    capture=0 if "{capture_id}" in path else None,
                    body=body,
                    path_interpretation=interpretation,
                )
                yield Scenario(plan=plan, steps=(step,))
