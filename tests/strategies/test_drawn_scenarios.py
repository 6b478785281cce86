from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from klarna_conformance.drawing import draw
from klarna_specs.oracle import Assessment
from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Scenario, Step, Together, steps_of
from klarna_strategies import order_plan, order_plans, scenarios
from klarna_strategies.captured_orders import PAYMENT_METHODS
from klarna_strategies.course import Course
from klarna_strategies.moves import BREAKING, KEEPING, Move
from klarna_strategies.steps import refund

from .walks import SPEC, walk


def test_scenario_shrinks_to_one_simple_refund() -> None:
    dullest = Scenario(
        plan=order_plan(SPEC, market="AT", order_amount=1, captures=(1,)), steps=(refund(1),)
    )
    assert find(scenarios(SPEC), lambda _: True) == dullest


@given(scenarios(SPEC))
def test_no_drawn_call_breaks_two_musts(scenario: Scenario) -> None:
    """Which of two calls at the same time comes first is not drawn, so they may."""
    alone = tuple(action for action in scenario.steps if isinstance(action, Step))
    for situation in walk(msgspec.structs.replace(scenario, steps=alone)):
        musts = [rule.id for rule in situation.broken if rule.level == "MUST"]
        assert len(musts) <= 1 or situation.replay, musts


@given(st.data())
def test_valid_moves_break_no_rule(data: st.DataObject) -> None:
    course = Course.of(SPEC, data.draw(order_plans(SPEC)))
    steps: list[Step] = []
    for _ in range(data.draw(st.integers(1, 5))):
        possible = [move for move in KEEPING if move.possible(course)]
        steps.append(data.draw(st.sampled_from(possible)).draw(data.draw, course))
        course = course.after(steps[-1])
    situations = walk(Scenario(plan=course.plan, other=course.plan, steps=tuple(steps)))
    assert [rule.id for situation in situations for rule in situation.broken] == []


@pytest.mark.parametrize("move", BREAKING, ids=lambda move: move.breaks)
@given(st.data())
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_move_breaks_only_the_rule_it_names(move: Move, data: st.DataObject) -> None:
    courses = order_plans(SPEC, payment_methods=("pay_later", *PAYMENT_METHODS)).map(
        partial(Course.of, SPEC)
    )
    course = data.draw(courses.filter(move.possible))
    step = move.draw(data.draw, course)
    (situation,) = walk(Scenario(plan=course.plan, steps=(step,)))
    assert move.breaks in [rule.id for rule in situation.broken_alone]


SHOWN: dict[str, Callable[[Assessment], bool]] = {
    "replay": lambda x: x.replay == "replay",
    "replay with another body": lambda x: x.replay == "replay_other_body",
    "other credentials": lambda x: x.call.credentials != "valid",
    "no JSON": lambda x: x.holds('call.defect == "not_json"'),
    "foreign capture": lambda x: x.holds('call.capture_is == "foreign"'),
    "foreign refund": lambda x: x.holds('call.refund_is == "foreign"'),
    "return fee": lambda x: x.holds("order.fee_amount > 0"),
}


def test_every_layout_broken_rule_and_odd_step_is_drawn() -> None:
    occurring: set[str] = set()
    for scenario in draw(scenarios(SPEC), count=500, seed=1):
        occurring |= {"two orders"} if scenario.other else set()
        occurring |= {scenario.plan.layout if scenario.plan else "no order"}
        occurring |= {"group"} if isinstance(scenario.steps[-1], Together) else set()
        for situation in walk(scenario):
            occurring |= {name for name, holds in SHOWN.items() if holds(situation)}
            occurring |= {rule.id for rule in situation.broken_alone}
    expected = {*LAYOUTS, *SHOWN, *(move.breaks for move in BREAKING)}
    assert expected | {"two orders", "no order", "group"} <= occurring


@given(st.data())
def test_markets_operations_and_steps_stay_within_their_bounds(data: st.DataObject) -> None:
    drawn = data.draw(
        scenarios(SPEC, max_steps=3, markets=["NO"], operations=["captureOrder", "getOrder"])
    )
    assert drawn.plan is None or drawn.plan.market == "NO"
    assert 1 <= len(drawn.steps) <= 3
    assert {step.operation for step in steps_of(drawn)} <= {"captureOrder", "getOrder"}


@pytest.mark.parametrize("operation", ["getRefund", "cancelOrder", "extendDueDate"])
def test_operation_can_be_drawn_alone(operation: str) -> None:
    drawn = find(scenarios(SPEC, operations=[operation]), lambda _: True)
    assert {step.operation for step in steps_of(drawn)} == {operation}


@given(scenarios(SPEC))
def test_drawn_scenario_survives_json(drawn: Scenario) -> None:
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=Scenario) == drawn


def test_impossible_bounds_are_refused_with_their_numbers() -> None:
    with pytest.raises(ValueError, match="max_steps 0"):
        scenarios(SPEC, max_steps=0)
    with pytest.raises(ValueError, match="refund"):
        scenarios(SPEC, operations=["refund"])
    with pytest.raises(ValueError, match="XX"):
        scenarios(SPEC, markets=["XX"])
