"""Strategies of order lines that add up to a total, and of lines that do not."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_strategies.lines import Line, discount, goods, nested_members
from klarna_strategies.texts import texts

__all__ = ["LINE_TYPES", "order_lines", "order_lines_not_adding_up"]

LINE_TYPES = (
    "physical",
    "discount",
    "shipping_fee",
    "sales_tax",
    "store_credit",
    "gift_card",
    "digital",
    "surcharge",
)
"""The described types of order lines but for `return_fee`, which makes a refund one with a fee."""

_DRAWN_LINES = 20
"""So many lines of an order differ; a thousand drawn ones would take seconds."""

_EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {"reference": "75001"},
    {"tax_rate": 0, "total_tax_amount": 0},
    {"quantity_unit": "pcs."},
    {"merchant_data": "m" * 1_024},
    {"image_url": "https://shop.example/shirt.png", "product_url": "https://shop.example/shirt"},
    nested_members(),
)


def order_lines(*, total: int, min_size: int = 1, max_size: int = 5) -> SearchStrategy[list[Line]]:
    """Lines that add up to a total in minor units, each within the described limits.

    A line may stand for several pieces, with a total that is the price times the quantity or, after
    rounding and discounts, is not; of two lines or more the last may be a discount. Shrinks to one
    line of one piece. Raises ValueError for sizes outside 1 to 1000 and totals outside 0 to
    100,000,000.
    """
    if not 1 <= min_size <= max_size <= 1_000:
        raise ValueError(f"sizes {min_size} to {max_size} must lie within 1 to 1000")
    if not 0 <= total <= 100_000_000:
        raise ValueError(f"total {total} must lie within 0 and 100000000")
    return _order_lines(total, min_size, max_size)


def order_lines_not_adding_up(*, total: int, max_size: int = 5) -> SearchStrategy[list[Line]]:
    """Lines that miss a total by one or by far: breaks `refund.lines-need-not-add-up` alone.

    Shrinks to one line that is one above. Raises ValueError as `order_lines` does.
    """
    if not 0 <= total <= 99_000_000:
        raise ValueError(f"total {total} must lie within 0 and 99000000")
    if not 1 <= max_size <= 1_000:
        raise ValueError(f"max_size {max_size} must lie within 1 and 1000")
    off = st.one_of(st.just(1), st.just(-1), st.integers(2, 1_000_000)) if total else st.just(1)
    return off.flatmap(lambda by: order_lines(total=total + by, max_size=max_size))


@st.composite
def _order_lines(draw: DrawFn, total: int, min_size: int, max_size: int) -> list[Line]:
    size = draw(st.integers(min_size, max_size))
    lines: list[Line] = []
    rest = total
    if size > 1 and draw(st.booleans()):
        off = draw(st.integers(1, 1_000))
        lines.append(discount(off))
        rest += off
    while len(lines) < min(size, _DRAWN_LINES) - 1:
        part = draw(st.integers(0, rest)) if rest else 0
        lines.append(draw(_lines(part)))
        rest -= part
    lines += [goods(0, name=f"Free gift {n}") for n in range(len(lines) + 1, size)]
    return [draw(_lines(rest)), *lines]


@st.composite
def _lines(draw: DrawFn, total_amount: int) -> Line:
    plain = goods(total_amount)
    match draw(st.integers(0, 6)):
        case 1:
            fitting = [n for n in range(2, 10) if total_amount % n == 0] or [1]
            return goods(total_amount, quantity=draw(st.sampled_from(fitting)))
        case 2:
            return goods(total_amount, quantity=draw(st.integers(2, 9)))
        case 3:
            off = draw(st.integers(1, 1_000))
            price = total_amount + off
            return goods(total_amount, unit_price=price, total_discount_amount=off)
        case 4:
            rate = draw(st.sampled_from((600, 1_200, 1_900, 2_500)))
            tax = total_amount - total_amount * 10_000 // (10_000 + rate)
            return {**plain, "tax_rate": rate, "total_tax_amount": tax}
        case 5:
            return {**plain, "type": draw(st.sampled_from(LINE_TYPES))}
        case 6:
            named = {**plain, "name": draw(texts())}
            return {**named, **draw(st.sampled_from(_EXTRAS))}
        case _:
            return plain
