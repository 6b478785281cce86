from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.scenario import Scenario
from klarna_strategies import (
    amounts_beyond_32_bits,
    amounts_beyond_64_bits,
    amounts_far_above,
    layout_plan,
    malformed_amounts,
    negative_amounts,
    refund_amounts,
    refund_amounts_above,
    zero_amounts,
)
from klarna_strategies.steps import refund

from .walks import SPEC, walk


@given(st.data(), st.integers(1, 10**9))
def test_refund_amounts_are_within_the_rest(data: st.DataObject, left: int) -> None:
    assert 1 <= data.draw(refund_amounts(left=left)) <= left


def test_refund_amounts_reach_exactly_the_rest() -> None:
    assert find(refund_amounts(left=5_000), lambda amount: amount > 4_999) == 5_000


@pytest.mark.parametrize(
    ("strategy", "dullest"),
    [
        (refund_amounts(left=5_000), 1),
        (refund_amounts_above(left=5_000), 5_001),
        (amounts_far_above(left=5_000), 10_001),
        (amounts_beyond_32_bits(left=5_000), 2**32 + 1),
        (amounts_beyond_32_bits(left=0), 2**32),
        (amounts_beyond_64_bits(left=0), 2**64),
        (negative_amounts(), -1),
        (zero_amounts(), 0),
        (malformed_amounts(), None),
    ],
)
def test_amounts_shrink_to_the_simplest(strategy: st.SearchStrategy[Any], dullest: Any) -> None:
    assert find(strategy, lambda _: True) == dullest


@given(amounts_beyond_32_bits(left=700))
@settings(max_examples=30)
def test_amounts_beyond_32_bits_are_valid_when_truncated(amount: int) -> None:
    assert amount > 2**32
    assert amount % 2**32 <= 700


@pytest.mark.parametrize(
    ("strategy", "rule"),
    [
        (refund_amounts_above(left=10_000), "refund.within-captured-amount"),
        (amounts_far_above(left=10_000), "refund.within-captured-amount"),
        (negative_amounts(), "refund.amount-not-negative"),
        (zero_amounts(), "refund.zero-amount"),
        (malformed_amounts(), "refund.malformed-refused"),
    ],
)
def test_broken_amounts_break_only_the_rule_they_name(
    strategy: st.SearchStrategy[Any], rule: str
) -> None:
    @given(strategy)
    @settings(max_examples=40)
    def breaks_alone(amount: Any) -> None:
        plan = layout_plan(SPEC, "one-full", market="AT")
        (situation,) = walk(Scenario(plan=plan, steps=(refund(amount),)))
        assert [broken.id for broken in situation.broken_alone] == [rule]

    breaks_alone()


@pytest.mark.parametrize("amounts", [refund_amounts_above, amounts_far_above])
def test_negative_rest_is_refused_with_its_number(amounts: Any) -> None:
    with pytest.raises(ValueError, match="left -1"):
        amounts(left=-1)


def test_refund_amounts_of_nothing_are_refused_with_the_number() -> None:
    with pytest.raises(ValueError, match="left 0"):
        refund_amounts(left=0)
