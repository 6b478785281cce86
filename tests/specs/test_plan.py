from itertools import product
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.plan import LAYOUTS, Authorization, OrderPlan, PaymentMethod

amounts = st.integers(0, 2**53)
plans = st.builds(
    OrderPlan,
    market=st.text(),
    currency=st.text(),
    order_amount=amounts,
    payment_method=st.sampled_from(get_args(PaymentMethod)),
    captures=st.lists(amounts).map(tuple),
    authorization=st.sampled_from(get_args(Authorization)),
    order_lines=st.lists(st.dictionaries(st.text(), st.none() | st.text() | amounts)).map(tuple),
)


@given(plans)
def test_plan_survives_json(plan: OrderPlan) -> None:
    assert msgspec.json.decode(msgspec.json.encode(plan), type=OrderPlan) == plan


@pytest.mark.parametrize(
    "text",
    [
        '{"market": "SE", "currency": "SEK"}',
        '{"market": "SE", "currency": "SEK", "order_amount": "1"}',
        '{"market": "SE", "currency": "SEK", "order_amount": 1, "payment_method": "cash"}',
        '{"market": "SE", "currency": "SEK", "order_amount": 1, "captured": [1]}',
    ],
)
def test_plan_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=OrderPlan)


def _plan(captures: tuple[int, ...], authorization: Any = "open") -> OrderPlan:
    return OrderPlan(
        market="SE",
        currency="SEK",
        order_amount=1000,
        captures=captures,
        authorization=authorization,
    )


def test_captured_amount_is_the_sum_of_the_plans_captures() -> None:
    assert [_plan(c).captured_amount for c in ((), (600,), (600, 400))] == [0, 600, 1000]


@pytest.mark.parametrize(
    ("captures", "authorization", "layout"),
    [
        ((), "open", "none-open"),
        ((), "released", "none-released"),
        ((), "cancelled", "none-cancelled"),
        ((1000,), "open", "one-full"),
        ((1000,), "released", "one-full"),
        ((999,), "open", "one-partial-open"),
        ((1,), "released", "one-partial-released"),
        ((600, 400), "open", "several-complete"),
        ((600, 399, 1), "released", "several-complete"),
        ((600, 399), "open", "several-partial-open"),
        ((1, 1, 1), "released", "several-partial-released"),
    ],
)
def test_plan_has_its_capture_layout(
    captures: tuple[int, ...], authorization: str, layout: str
) -> None:
    assert _plan(captures, authorization).layout == layout


@pytest.mark.parametrize(
    ("captures", "authorization"),
    list(product([(), (1000,), (999,), (600, 400), (1, 1)], get_args(Authorization))),
)
def test_every_plan_has_one_of_the_listed_layouts(
    captures: tuple[int, ...], authorization: str
) -> None:
    assert _plan(captures, authorization).layout in LAYOUTS


def test_every_listed_layout_is_that_of_some_plan() -> None:
    captures = [(), (1000,), (999,), (600, 400), (1, 1)]
    found = {_plan(c, a).layout for c, a in product(captures, get_args(Authorization))}
    assert found >= set(LAYOUTS)
