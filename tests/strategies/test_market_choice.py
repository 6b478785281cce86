import msgspec
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.oracle import Assessment
from klarna_specs.scenario import Scenario
from klarna_strategies import (
    currency_of,
    days_not_offered,
    layout_plan,
    markets,
    markets_without,
    offered_days,
)
from klarna_strategies.steps import extend

from .walks import SPEC, walk


@given(st.data())
@settings(max_examples=50)
def test_markets_of_a_group_are_in_it_and_the_others_are_not(data: st.DataObject) -> None:
    assert data.draw(markets(SPEC, group="return_fee")) in SPEC.market_groups["return_fee"]
    assert (
        data.draw(markets_without(SPEC, group="return_fee"))
        not in (SPEC.market_groups["return_fee"])
    )


def test_markets_shrink_to_the_first_of_the_alphabet() -> None:
    assert find(markets(SPEC), lambda _: True) == "AT"


def test_norway_is_a_market() -> None:
    assert find(markets(SPEC), lambda code: code == "NO") == "NO"
    assert currency_of(SPEC, "NO") == "NOK"


def test_unknown_groups_and_markets_are_refused() -> None:
    with pytest.raises(ValueError, match="'nowhere'"):
        markets(SPEC, group="nowhere")
    with pytest.raises(ValueError, match="'XX'"):
        currency_of(SPEC, "XX")


def test_no_market_without_a_group_of_all_is_refused() -> None:
    groups = {**SPEC.market_groups, "all": tuple(SPEC.markets)}
    with pytest.raises(ValueError, match=f"all {len(SPEC.markets)} markets are in the group 'all'"):
        markets_without(msgspec.structs.replace(SPEC, market_groups=groups), group="all")


def test_days_shrink_to_the_first_option_and_to_none() -> None:
    assert find(offered_days(SPEC), lambda _: True) == {"$offered": 0}
    assert find(days_not_offered(SPEC), lambda _: True) == 0


def test_days_not_offered_break_that_rule_alone() -> None:
    assert callable(walk)

    @given(days_not_offered(SPEC))
    @settings(max_examples=60)
    def breaks_alone(days: object) -> None:
        plan = layout_plan(SPEC, "one-full", market="AT")
        situation: Assessment = walk(Scenario(plan=plan, steps=(extend(days),)))[0]
        assert [rule.id for rule in situation.broken_alone] == ["extension.offered-days-only"]

    breaks_alone()
