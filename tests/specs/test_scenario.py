from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import (
    Credentials,
    Empty,
    Json,
    Key,
    OrderRef,
    Raw,
    Scenario,
    Step,
    Together,
    Wait,
    steps_of,
)

PLAN = OrderPlan(market="SE", currency="SEK", order_amount=1000, captures=(1000,))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
bodies = (
    st.just(Empty())
    | st.builds(Json, values)
    | st.builds(Raw, text=st.text(), content_type=st.text())
)
references = st.none() | st.integers(0, 9) | st.sampled_from(["unknown", "other"])
keys = st.builds(Key, st.text(), st.sampled_from(["uuid4", "uuid5", "text"]))
steps = st.builds(
    Step,
    operation=st.text(),
    order=st.sampled_from(get_args(OrderRef)),
    capture=references,
    refund=references,
    body=bodies,
    key=st.none() | keys,
    credentials=st.sampled_from(get_args(Credentials)),
    path_interpretation=st.none() | st.text(),
    chunked=st.booleans(),
)
actions = (
    steps
    | st.builds(Wait, st.integers(0, 10**6))
    | st.builds(Together, st.lists(steps, max_size=3).map(tuple))
)
plans = st.none() | st.just(PLAN)
scenarios = st.builds(
    Scenario, plan=plans, other=plans, steps=st.lists(actions, max_size=5).map(tuple)
)


@given(scenarios)
def test_scenario_survives_json(scenario: Scenario) -> None:
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario) == scenario


@pytest.mark.parametrize(
    "value", [1.0, 10**18, 10**30, -(10**30), True, "\u00e5\U0001f9e6", {"": []}]
)
def test_json_body_keeps_its_value_and_its_type(value: Any) -> None:
    parsed = msgspec.json.decode(msgspec.json.encode(Json(value)), type=Json)
    assert (parsed.value, type(parsed.value)) == (value, type(value))


def test_steps_of_a_scenario_are_its_calls_in_order() -> None:
    first, second, third, fourth = (Step(operation=name) for name in ("a", "b", "c", "d"))
    scenario = Scenario(plan=PLAN, steps=(first, Wait(5), Together((second, third)), fourth))
    assert steps_of(scenario) == (first, second, third, fourth)
