"""The same scenario on an order of another amount, or of another market."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Json, Scenario, Step, Together

__all__ = ["rebased"]

_Moved = Callable[[int], int]


def rebased(
    scenario: Scenario, order: OrderPlan, other: OrderPlan | None = None
) -> Iterator[Scenario]:
    """The scenario on `order` (and `other` for its second one), in several versions.

    Existing captures of the orders replace the first ones of the scenario. Amounts keep their
    distance from the nearest reference amount, or their proportion; a dry run decides which version
    still serves the same goals.
    """
    assert scenario.plan is not None
    for moving in (_shifting, _scaling):
        move = moving(scenario.plan, order)
        move_other = moving(scenario.other, other) if scenario.other and other else move
        yield Scenario(
            plan=_placed(scenario.plan, order, move),
            other=_placed(scenario.other, other, move_other) if other and scenario.other else None,
            steps=tuple(_acted(action, move, move_other) for action in scenario.steps),
        )


def _shifting(plan: OrderPlan, order: OrderPlan) -> _Moved:
    """Moves an amount with the nearest reference: 0, the order, or its captures."""
    anchors = {0: 0, plan.order_amount: order.order_amount}
    before = after = 0
    for old, new in zip(plan.captures, order.captures, strict=False):
        before, after = before + old, after + new
        anchors |= {old: new, before: after}

    def moved(amount: int) -> int:
        nearest = min(anchors, key=lambda anchor: abs(amount - anchor))
        return amount - nearest + anchors[nearest]

    return moved


def _scaling(plan: OrderPlan, order: OrderPlan) -> _Moved:
    """Keeps proportions, and the distance from a round amount: one above stays one above."""

    def moved(amount: int) -> int:
        whole = round(amount, -2)
        return round(whole * order.order_amount / plan.order_amount) + amount - whole

    return moved


def _placed(plan: OrderPlan, order: OrderPlan, move: _Moved) -> OrderPlan:
    captures = [move(amount) for amount in plan.captures]
    if captures and plan.captured_amount == plan.order_amount:
        captures[-1] += order.order_amount - sum(captures)
    made: Sequence[int] = order.captures
    return msgspec.structs.replace(
        plan,
        market=order.market,
        currency=order.currency,
        order_amount=order.order_amount,
        captures=(*made, *captures[len(made) :]),
        order_lines=tuple(_amounts(line, move) for line in plan.order_lines),
    )


def _acted(action: Action, move: _Moved, move_other: _Moved) -> Action:
    match action:
        case Step(body=Json(value=value)):
            body = Json(_amounts(value, move_other if action.order == "other" else move))
            return msgspec.structs.replace(action, body=body)
        case Together(steps=steps):
            acted = (_acted(step, move, move_other) for step in steps)
            return Together(tuple(step for step in acted if isinstance(step, Step)))
        case _:
            return action


def _amounts(value: Any, move: _Moved, name: str = "") -> Any:
    """A JSON value with every amount in it moved; negative ones like positive ones."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {name: _amounts(member, move, name) for name, member in members.items()}
    if parts is not None:
        return [_amounts(part, move) for part in parts]
    if is_integer(value) and (name.endswith("_amount") or name == "unit_price"):
        return -move(-value) if value < 0 else move(value)
    return value
