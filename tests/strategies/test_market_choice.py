import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.oracle import Assessment
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec
from klarna_strategies import (
    currency_of,
    days_not_offered,
    layout_plan,
    markets,
    markets_without,
    offered_days,
)
from klarna_strategies.steps import extend


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_markets_of_a_group_are_in_it_and_the_others_are_not(
    spec: Spec, data: st.DataObject
) -> None:
    assert data.draw(markets(spec, group="return_fee")) in spec.market_groups["return_fee"]
    assert (
        data.draw(markets_without(spec, group="return_fee"))
        not in (spec.market_groups["return_fee"])
    )


def test_markets_shrink_to_the_first_of_the_alphabet(spec: Spec) -> None:
    assert find(markets(spec), lambda _: True) == "AT"


def test_norway_is_a_market(spec: Spec) -> None:
    assert find(markets(spec), lambda code: code == "NO") == "NO"
    assert currency_of(spec, "NO") == "NOK"


def test_unknown_groups_and_markets_are_refused(spec: Spec) -> None:
    with pytest.raises(ValueError, match="'nowhere'"):
        markets(spec, group="nowhere")
    with pytest.raises(ValueError, match="'XX'"):
        currency_of(spec, "XX")


def test_days_shrink_to_the_first_option_and_to_none(spec: Spec) -> None:
    assert find(offered_days(spec), lambda _: True) == {"$offered": 0}
    assert find(days_not_offered(spec), lambda _: True) == 0


def test_days_not_offered_break_that_rule_alone(spec: Spec, walk: object) -> None:
    assert callable(walk)

    @given(days_not_offered(spec))
    @settings(max_examples=60, deadline=None)
    def breaks_alone(days: object) -> None:
        plan = layout_plan(spec, "one-full", market="AT")
        situation: Assessment = walk(Scenario(plan=plan, steps=(extend(days),)))[0]
        assert [rule.id for rule in situation.broken_alone] == ["extension.offered-days-only"]

    breaks_alone()
