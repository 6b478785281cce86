from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from klarna_specs.bodies import violations
from klarna_specs.scenario import Scenario
from klarna_strategies import (
    layout_plan,
    order_lines,
    order_lines_not_adding_up,
    order_lines_with_other_totals,
    order_lines_with_wrong_taxes,
)
from klarna_strategies.drawn_lines import LINE_TYPES
from klarna_strategies.lines import goods, included_tax, lines_total
from klarna_strategies.steps import refund

from .walks import SPEC, walk

Lines = st.SearchStrategy[list[dict[str, object]]]


@given(st.data(), st.integers(0, 100_000_000))
def test_lines_add_up_within_the_described_limits(data: st.DataObject, total: int) -> None:
    lines = data.draw(order_lines(total=total))
    assert lines_total(lines) == total
    assert all(not violations(SPEC, "order_line_limits", line) for line in lines)


@given(st.data(), st.integers(1, 90_000_000))
def test_lines_that_add_up_break_nothing(data: st.DataObject, total: int) -> None:
    assert _broken(total, data.draw(order_lines(total=total))) == []


@pytest.mark.parametrize(
    ("strategy", "rule"),
    [
        (order_lines_not_adding_up, "refund.lines-need-not-add-up"),
        (order_lines_with_other_totals, "refund.line-totals"),
        (order_lines_with_wrong_taxes, "refund.line-taxes"),
    ],
)
def test_odd_lines_break_only_the_rule_they_name(strategy: Callable[..., Lines], rule: str) -> None:
    @given(st.data(), st.integers(1, 90_000_000))
    def breaks_alone(data: st.DataObject, total: int) -> None:
        assert _broken(total, data.draw(strategy(total=total))) == [rule]

    breaks_alone()


def _broken(total: int, lines: list[dict[str, Any]]) -> list[str]:
    plan = layout_plan(SPEC, "one-full", market="AT", order_amount=total)
    (situation,) = walk(Scenario(plan=plan, steps=(refund(total, order_lines=lines),)))
    return [rule.id for rule in situation.broken]


@given(st.data(), st.integers(0, 100_000_000))
@pytest.mark.parametrize("strategy", [order_lines_with_other_totals, order_lines_with_wrong_taxes])
def test_odd_lines_add_up_within_the_described_limits(
    strategy: Callable[..., Lines], data: st.DataObject, total: int
) -> None:
    lines = data.draw(strategy(total=total))
    assert lines_total(lines) == total
    assert all(not violations(SPEC, "order_line_limits", line) for line in lines)


@given(st.data(), st.integers(0, 99_000_000))
def test_wrong_sums_differ_from_the_total(data: st.DataObject, total: int) -> None:
    assert lines_total(data.draw(order_lines_not_adding_up(total=total))) != total


def test_lines_shrink_to_one_piece() -> None:
    assert find(order_lines(total=500), lambda _: True) == [goods(500)]


def test_lines_that_do_not_add_up_shrink_to_one_above() -> None:
    assert find(order_lines_not_adding_up(total=500), lambda _: True) == [goods(501)]


def test_lines_with_other_totals_shrink_to_two_pieces() -> None:
    dullest = find(order_lines_with_other_totals(total=500), lambda _: True)
    assert dullest == [goods(500, quantity=2, unit_price=251)]


def test_lines_with_wrong_taxes_shrink_to_a_tax_without_a_rate() -> None:
    dullest = find(order_lines_with_wrong_taxes(total=500), lambda _: True)
    assert dullest == [goods(500, tax_rate=0, total_tax_amount=2)]


@pytest.mark.parametrize("strategy", [order_lines_with_other_totals, order_lines_with_wrong_taxes])
def test_odd_lines_occur_among_others(strategy: Callable[..., Lines]) -> None:
    assert lines_total(find(strategy(total=500), lambda lines: len(lines) > 1)) == 500


@pytest.mark.parametrize("more", [True, False])
def test_wrong_taxes_are_above_and_below_the_right_ones(more: bool) -> None:
    def wanted(line: dict[str, int]) -> bool:
        right = included_tax(line["total_amount"], line["tax_rate"])
        return line["tax_rate"] > 0 and more == (line["total_tax_amount"] > right)

    assert find(order_lines_with_wrong_taxes(total=500), lambda lines: wanted(lines[0]))


@pytest.mark.parametrize(
    ("total", "rate", "tax"),
    [(12_500, 2_500, 2_500), (-12_500, 2_500, -2_500), (100, 0, 0), (0, 2_500, 0), (1, 2_500, 1)],
)
def test_tax_is_part_of_the_total(total: int, rate: int, tax: int) -> None:
    assert included_tax(total, rate) == tax


def test_thousand_lines_can_be_drawn() -> None:
    thousand = order_lines(total=500, min_size=1_000, max_size=1_000)
    sizes_and_totals = thousand.map(lambda lines: (len(lines), lines_total(lines)))
    assert find(sizes_and_totals, lambda _: True) == (1_000, 500)


@pytest.mark.parametrize("kind", LINE_TYPES)
def test_every_type_of_line_is_drawn(kind: str) -> None:
    assert find(order_lines(total=500), lambda lines: any(x["type"] == kind for x in lines))


@pytest.mark.parametrize("member", ["quantity", "total_discount_amount", "total_tax_amount"])
def test_lines_of_several_pieces_with_discounts_and_taxes_are_drawn(member: str) -> None:
    lines = find(order_lines(total=500), lambda lines: lines[0].get(member, 0) > 1)
    assert lines_total(lines) == 500


@pytest.mark.parametrize("member", ["tax_rate", "product_identifiers", "subscription", "reference"])
def test_optional_members_are_drawn(member: str) -> None:
    assert find(order_lines(total=500), lambda lines: any(member in line for line in lines))


def test_negative_lines_are_drawn() -> None:
    lines = find(order_lines(total=500), lambda lines: min(x["total_amount"] for x in lines) < 0)
    assert lines_total(lines) == 500


def test_impossible_bounds_are_refused_with_their_numbers() -> None:
    with pytest.raises(ValueError, match="sizes 0 to 5"):
        order_lines(total=1, min_size=0)
    with pytest.raises(ValueError, match="sizes 4 to 3"):
        order_lines(total=1, min_size=4, max_size=3)
    with pytest.raises(ValueError, match="sizes 1 to 1001"):
        order_lines(total=1, max_size=1_001)
    with pytest.raises(ValueError, match="max_size 0"):
        order_lines_not_adding_up(total=1, max_size=0)
    with pytest.raises(ValueError, match="total -1"):
        order_lines(total=-1)
    with pytest.raises(ValueError, match="total 99000001"):
        order_lines_not_adding_up(total=99_000_001)
    with pytest.raises(ValueError, match="total -1"):
        order_lines_with_other_totals(total=-1)
    with pytest.raises(ValueError, match="total 100000001"):
        order_lines_with_wrong_taxes(total=100_000_001)
