import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.bodies import violations
from klarna_specs.spec import Spec
from klarna_strategies import order_lines, order_lines_not_adding_up
from klarna_strategies.lines import goods, lines_total
from klarna_strategies.order_lines import LINE_TYPES

Lines = st.SearchStrategy[list[dict[str, object]]]


@given(st.data(), st.integers(0, 100_000_000))
@settings(max_examples=200, deadline=None)
def test_lines_add_up_within_the_described_limits(
    spec: Spec, data: st.DataObject, total: int
) -> None:
    lines = data.draw(order_lines(total=total))
    assert lines_total(lines) == total
    assert all(not violations(spec, "order_line_limits", line) for line in lines)


@given(st.data(), st.integers(0, 99_000_000))
@settings(max_examples=100, deadline=None)
def test_lines_that_do_not_add_up_do_not(data: st.DataObject, total: int) -> None:
    assert lines_total(data.draw(order_lines_not_adding_up(total=total))) != total


def test_lines_shrink_to_one_piece() -> None:
    assert find(order_lines(total=500), lambda _: True) == [goods(500)]


def test_lines_that_do_not_add_up_shrink_to_one_above() -> None:
    assert find(order_lines_not_adding_up(total=500), lambda _: True) == [goods(501)]


def test_a_thousand_lines_can_be_drawn() -> None:
    thousand = order_lines(total=500, min_size=1_000, max_size=1_000)
    sizes_and_totals = thousand.map(lambda lines: (len(lines), lines_total(lines)))
    assert find(sizes_and_totals, lambda _: True) == (1_000, 500)


@pytest.mark.parametrize("kind", LINE_TYPES)
def test_every_type_of_line_is_drawn(kind: str) -> None:
    assert find(order_lines(total=500), lambda lines: any(x["type"] == kind for x in lines))


@pytest.mark.parametrize("exact", [True, False])
def test_several_pieces_cost_their_total_or_not(exact: bool) -> None:
    def wanted(line: dict[str, int]) -> bool:
        return line["quantity"] > 1 and exact == (
            line["total_amount"] == line["quantity"] * line["unit_price"]
        )

    assert find(order_lines(total=500), lambda lines: any(wanted(line) for line in lines))


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
    with pytest.raises(ValueError, match="total -1"):
        order_lines(total=-1)
    with pytest.raises(ValueError, match="total 99000001"):
        order_lines_not_adding_up(total=99_000_001)
