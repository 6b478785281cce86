import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.plan import LAYOUTS, OrderPlan
from klarna_strategies import captures, layout_plan, order_plan, order_plans

from .walks import SPEC


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_drawn_by_name(layout: str) -> None:
    @given(order_plans(SPEC, layouts=[layout]))
    @settings(max_examples=50)
    def has_layout(plan: OrderPlan) -> None:
        assert plan.layout == layout
        assert min(plan.captures, default=1) >= 1

    has_layout()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_among_the_plans(layout: str) -> None:
    assert find(order_plans(SPEC), lambda plan: plan.layout == layout).layout == layout


def test_plan_shrinks_to_one_full_capture_of_one() -> None:
    assert find(order_plans(SPEC), lambda _: True) == order_plan(
        SPEC, market="AT", order_amount=1, captures=(1,)
    )


def test_several_captures_shrink_to_two_of_one() -> None:
    several = captures(layout="several-partial-open", order_amount=10)
    assert find(several, lambda _: True) == (1, 1)


@given(st.data(), st.integers(5, 10_000))
def test_several_captures_are_two_to_five(data: st.DataObject, order_amount: int) -> None:
    drawn = data.draw(captures(layout="several-complete", order_amount=order_amount))
    assert 2 <= len(drawn) <= 5
    assert sum(drawn) == order_amount


def test_five_captures_are_among_the_several() -> None:
    several = captures(layout="several-complete", order_amount=10_000)
    assert len(find(several, lambda drawn: len(drawn) == 5)) == 5


def test_amounts_stay_within_their_bounds() -> None:
    @given(order_plans(SPEC, min_amount=500, max_amount=700))
    @settings(max_examples=50)
    def within(plan: OrderPlan) -> None:
        assert 500 <= plan.order_amount <= 700

    within()


@pytest.mark.parametrize("market", ["SE", "NO", "US"])
def test_order_is_in_the_currency_of_its_market(market: str) -> None:
    drawn = find(order_plans(SPEC, markets=[market]), lambda _: True)
    assert drawn.currency == SPEC.markets[market].currency


def test_impossible_bounds_are_refused_with_their_numbers() -> None:
    with pytest.raises(ValueError, match="max_amount 2 is below 3"):
        order_plans(SPEC, layouts=["several-partial-open"], max_amount=2)
    with pytest.raises(ValueError, match="max_amount 5 is below 10"):
        order_plans(SPEC, min_amount=10, max_amount=5)
    with pytest.raises(ValueError, match="order_amount 1 is below 2"):
        captures(layout="several-complete", order_amount=1)
    with pytest.raises(ValueError, match="order_amount 1 is below 2"):
        layout_plan(SPEC, "one-partial-open", market="SE", order_amount=1)
    with pytest.raises(ValueError, match=r"captures \(6, 5\) .* 10"):
        order_plan(SPEC, market="SE", order_amount=10, captures=(6, 5))
    with pytest.raises(ValueError, match=r"captures \(0,\)"):
        order_plan(SPEC, market="SE", captures=(0,))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'sideways'"):
        order_plans(SPEC, layouts=["sideways"])
    with pytest.raises(ValueError, match="XX"):
        order_plans(SPEC, markets=["XX"])
    with pytest.raises(ValueError, match="must not be empty"):
        order_plans(SPEC, markets=[])
    with pytest.raises(ValueError, match="'XX'"):
        order_plan(SPEC, market="XX")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order_amount", [3, 10, 10_000, 90_000_000])
def test_layout_by_name_has_that_layout(layout: str, order_amount: int) -> None:
    plan = layout_plan(SPEC, layout, market="SE", order_amount=order_amount)
    assert plan.layout == layout
