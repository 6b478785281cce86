from collections.abc import Callable

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from klarna_specs.oracle import Assessment
from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Scenario, Step, Together, steps_of
from klarna_strategies import order_plan, order_plans, scenarios
from klarna_strategies.course import Course
from klarna_strategies.moves import BREAKING, KEEPING
from klarna_strategies.steps import refund

from .walks import SPEC, walk

UNSHRUNK = settings(max_examples=20_000, phases=[Phase.generate], database=None)


def test_scenario_shrinks_to_one_simple_refund() -> None:
    dullest = Scenario(
        plan=order_plan(SPEC, market="AT", order_amount=1, captures=(1,)), steps=(refund(1),)
    )
    assert find(scenarios(SPEC), lambda _: True) == dullest


def test_no_drawn_call_breaks_two_musts() -> None:
    """Which of two calls at the same time comes first is not drawn, so they may."""

    @given(scenarios(SPEC))
    @settings(max_examples=300, deadline=None)
    def breaks_one(scenario: Scenario) -> None:
        alone = tuple(action for action in scenario.steps if isinstance(action, Step))
        for situation in walk(msgspec.structs.replace(scenario, steps=alone)):
            musts = [rule.id for rule in situation.broken if rule.level == "MUST"]
            assert len(musts) <= 1 or situation.replay, musts

    breaks_one()


@given(st.data())
@settings(max_examples=200, deadline=None)
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
def test_move_breaks_only_the_rule_it_names(move: object) -> None:
    rule: str = getattr(move, "breaks")  # noqa: B009

    def is_broken_alone(scenario: Scenario) -> bool:
        last = walk(scenario)[-1]
        return rule in [broken.id for broken in last.broken_alone]

    operations = [SPEC.requirement(rule).operation]
    drawn = scenarios(SPEC, max_steps=1, operations=operations)
    assert find(
        drawn,
        is_broken_alone,
        settings=UNSHRUNK,
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_layouts_are_drawn(layout: str) -> None:
    assert find(scenarios(SPEC), lambda drawn: bool(drawn.plan) and drawn.plan.layout == layout)


@pytest.mark.parametrize(
    "shown",
    [
        lambda scenario, _: scenario.other is not None,
        lambda scenario, _: scenario.plan is None,
        lambda scenario, _: any(isinstance(action, Together) for action in scenario.steps),
        lambda _, situations: any(x.replay == "replay" for x in situations),
        lambda _, situations: any(x.replay == "replay_other_body" for x in situations),
        lambda _, situations: any(x.call.credentials != "valid" for x in situations),
        lambda _, situations: any(x.holds('call.defect == "not_json"') for x in situations),
        lambda _, situations: any(x.holds('call.capture_is == "foreign"') for x in situations),
        lambda _, situations: any(x.holds('call.refund_is == "foreign"') for x in situations),
        lambda _, situations: any(x.holds("order.fee_amount > 0") for x in situations),
    ],
)
def test_odd_steps_are_drawn(shown: Callable[[Scenario, list[Assessment]], bool]) -> None:
    assert find(scenarios(SPEC), lambda drawn: shown(drawn, walk(drawn)), settings=UNSHRUNK)


@given(st.data())
@settings(max_examples=100, deadline=None)
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


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_drawn_scenario_survives_json(data: st.DataObject) -> None:
    drawn = data.draw(scenarios(SPEC))
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=Scenario) == drawn


def test_impossible_bounds_are_refused_with_their_numbers() -> None:
    with pytest.raises(ValueError, match="max_steps 0"):
        scenarios(SPEC, max_steps=0)
    with pytest.raises(ValueError, match="refund"):
        scenarios(SPEC, operations=["refund"])
    with pytest.raises(ValueError, match="XX"):
        scenarios(SPEC, markets=["XX"])
