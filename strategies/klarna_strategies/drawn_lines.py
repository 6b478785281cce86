"""Strategies of order lines: with a correct sum, with a wrong one, and with odd lines."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_strategies.free_text import texts
from klarna_strategies.lines import Line, discount, goods, included_tax, nested_members

__all__ = [
    "LINE_TYPES",
    "order_lines",
    "order_lines_not_adding_up",
    "order_lines_with_other_totals",
    "order_lines_with_wrong_taxes",
]

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
"""The described types of order lines except `return_fee`, which adds a fee to a refund."""

_DRAWN_LINES = 20
"""The number of different lines in an order; to draw a thousand would take seconds."""

_TAX_RATES = (600, 1_200, 1_900, 2_500)

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

    A line may have several pieces; its total is the quantity times the price, less its discount,
    and its tax is correct. The last of several lines may be a discount. Shrinks to
    one line of one piece. Raises ValueError for sizes outside 1 to 1000 and totals outside 0 to
    100,000,000.

    >>> [line["total_amount"] for line in simplest(order_lines(total=100))]
    [100]
    """
    if not 1 <= min_size <= max_size <= 1_000:
        raise ValueError(f"sizes {min_size} to {max_size} must lie within 1 to 1000")
    _check(total)
    return _order_lines(total, min_size, max_size)


def order_lines_not_adding_up(*, total: int, max_size: int = 5) -> SearchStrategy[list[Line]]:
    """Lines whose sum is not the total: they break `refund.lines-need-not-add-up` alone.

    Shrinks to one line of one more. Raises ValueError as `order_lines` does.

    >>> simplest(order_lines_not_adding_up(total=100))[0]["total_amount"]
    101
    """
    if not 0 <= total <= 99_000_000:
        raise ValueError(f"total {total} must lie within 0 and 99000000")
    if not 1 <= max_size <= 1_000:
        raise ValueError(f"max_size {max_size} must lie within 1 and 1000")
    off = st.one_of(st.just(1), st.just(-1), st.integers(2, 1_000_000)) if total else st.just(1)
    return off.flatmap(lambda by: order_lines(total=total + by, max_size=max_size))


def order_lines_with_other_totals(*, total: int) -> SearchStrategy[list[Line]]:
    """Lines with a correct sum, one of which has a total other than quantity times price.

    Whether that is valid is not documented (`refund.line-totals`). Shrinks to one line of two
    pieces. Raises ValueError for totals outside 0 to 100,000,000.

    >>> simplest(order_lines_with_other_totals(total=100))[0]["unit_price"]
    51
    """
    _check(total)
    return _beside_others(total, _rounded)


def order_lines_with_wrong_taxes(*, total: int) -> SearchStrategy[list[Line]]:
    """Lines with a correct sum, one of which has a tax that is wrong by 2 or more.

    Whether that is valid is not documented (`refund.line-taxes`). Shrinks to one line without a
    rate and with a tax of 2. Raises ValueError for totals outside 0 to 100,000,000.

    >>> simplest(order_lines_with_wrong_taxes(total=100))[0]["total_tax_amount"]
    2
    """
    _check(total)
    return _beside_others(total, _wrongly_taxed)


def _check(total: int) -> None:
    if not 0 <= total <= 100_000_000:
        raise ValueError(f"total {total} must lie within 0 and 100000000")


@st.composite
def _beside_others(
    draw: DrawFn, total: int, odd: Callable[[int], SearchStrategy[Line]]
) -> list[Line]:
    """One odd line, possibly among normal ones."""
    rest = draw(st.integers(0, total))
    others = draw(order_lines(total=rest)) if rest else []
    return [draw(odd(total - rest)), *others]


@st.composite
def _rounded(draw: DrawFn, total_amount: int) -> Line:
    quantity = draw(st.integers(2, 9))
    price = total_amount // quantity + draw(st.integers(0, 1_000))
    if quantity * price == total_amount:
        price += 1
    return goods(total_amount, quantity=quantity, unit_price=price)


@st.composite
def _wrongly_taxed(draw: DrawFn, total_amount: int) -> Line:
    rate = draw(st.sampled_from((0, *_TAX_RATES)))
    off = draw(st.integers(2, 1_000)) * draw(st.sampled_from((1, -1)))
    tax = included_tax(total_amount, rate) + off
    return goods(total_amount, tax_rate=rate, total_tax_amount=tax)


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
    match draw(st.integers(0, 5)):
        case 1:
            divisors = [n for n in range(2, 10) if total_amount % n == 0] or [1]
            return goods(total_amount, quantity=draw(st.sampled_from(divisors)))
        case 2:
            off = draw(st.integers(1, 1_000))
            price = total_amount + off
            return goods(total_amount, unit_price=price, total_discount_amount=off)
        case 3:
            rate = draw(st.sampled_from(_TAX_RATES))
            tax = included_tax(total_amount, rate)
            return {**plain, "tax_rate": rate, "total_tax_amount": tax}
        case 4:
            return {**plain, "type": draw(st.sampled_from(LINE_TYPES))}
        case 5:
            named = {**plain, "name": draw(texts())}
            return {**named, **draw(st.sampled_from(_EXTRAS))}
        case _:
            return plain
