"""Strategies of refunds with a return fee: correct and wrong sums, and removals of a fee."""

from typing import Any, Literal

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_strategies.lines import Line, fee, goods, included_tax, lines_total

__all__ = [
    "WrongSum",
    "WrongSumKind",
    "fee_refunds",
    "fee_refunds_with_several_fees",
    "fee_refunds_with_wrong_sum",
    "fee_removals",
    "positive_fee_refunds",
]

Refund = dict[str, Any]
"""The body of a refund as a JSON value."""

WrongSumKind = Literal[
    "one-above",
    "one-below",
    "fee-left-out",
    "sign-of-the-fee-turned",
    "a-line-left-out",
    "quantity-left-out",
    "quantity-times-price",
    "only-the-fee",
]


class WrongSum(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a fee refund with a wrong sum, and the mistake that gives its amount.

    >>> simplest(fee_refunds_with_wrong_sum(left=1000)).kind
    'one-above'
    """

    kind: WrongSumKind
    body: Refund


def fee_refunds(*, left: int) -> SearchStrategy[Refund]:
    """Bodies of refunds with one return fee, on goods within the amount left to refund.

    The fee has any position among one to five lines of goods and is less than their total. Every
    total is the quantity times the price, and every tax is correct.
    Shrinks to one line of 2 less a fee of 1. Raises ValueError if less than 2 is left.

    >>> [line["total_amount"] for line in simplest(fee_refunds(left=100))["order_lines"]]
    [2, -1]
    """
    if left < 2:
        raise ValueError(f"left {left} is below 2: there is nothing to take a fee from")
    return _fee_lines(left).map(_adding_up)


def fee_refunds_with_several_fees(*, left: int) -> SearchStrategy[Refund]:
    """As `fee_refunds`, with a second fee of 1, which is not documented (`refund.fee-count`).

    >>> simplest(fee_refunds_with_several_fees(left=100))["refunded_amount"]
    1
    """
    if left < 3:
        raise ValueError(f"left {left} is below 3: there is nothing to take two fees from")
    return _fee_lines(left - 1).map(lambda lines: _adding_up([*lines, goods(1), fee(1)]))


def positive_fee_refunds(*, left: int) -> SearchStrategy[Refund]:
    """Refunds with a fee that is not negative, which is not documented (`refund.fee-sign`).

    >>> simplest(positive_fee_refunds(left=100))["order_lines"][-1]["total_amount"]
    1
    """
    if left < 2:
        raise ValueError(f"left {left} is below 2: goods and a fee of 1 do not fit")
    charged = st.integers(1, min(1_000, left - 1))
    return charged.map(lambda amount: _adding_up([goods(left - amount), fee(-amount)]))


def fee_refunds_with_wrong_sum(*, left: int) -> SearchStrategy[WrongSum]:
    """Fee refunds that break `refund.fee-lines-add-up` alone, each by a named mistake.

    Shrinks to one above. Raises ValueError if less than 100 is left, too little for some mistakes.

    >>> simplest(fee_refunds_with_wrong_sum(left=1000)).body["refunded_amount"]
    100
    """
    if left < 100:
        raise ValueError(f"left {left} is below 100: not every wrong sum fits")
    return _wrong_sums(left)


def fee_removals(*, fee_amount: int) -> SearchStrategy[Refund]:
    """Bodies of the refund that removes a charged fee: its amount, with lines or without.

    Raises ValueError if there is no fee.

    >>> simplest(fee_removals(fee_amount=50))
    {'refunded_amount': 50}
    """
    if fee_amount < 1:
        raise ValueError(f"fee_amount {fee_amount} is below 1: no fee to remove")
    line = goods(fee_amount, name="Return fee removed", type="surcharge")
    plain: Refund = {"refunded_amount": fee_amount}
    return st.sampled_from(
        (plain, {**plain, "order_lines": [line]}, {**plain, "description": "Fee removed"})
    )


def _adding_up(lines: list[Line]) -> Refund:
    return {"refunded_amount": lines_total(lines), "order_lines": lines}


@st.composite
def _fee_lines(draw: DrawFn, left: int) -> list[Line]:
    rest = draw(st.integers(2, left))
    charged = draw(st.integers(1, min(rest - 1, 1_000_000)))
    lines: list[Line] = []
    for _ in range(draw(st.integers(0, 4))):
        part = draw(st.integers(0, rest))
        lines.append(draw(_goods(part)))
        rest -= part
    lines.append(draw(_goods(rest)))
    taxed = {"tax_rate": 2_500, "total_tax_amount": included_tax(-charged, 2_500)}
    extra: Line = draw(st.sampled_from(({}, {"tax_rate": 2_500}, taxed)))
    position = len(lines) - draw(st.integers(0, len(lines)))
    return [*lines[:position], fee(charged, **extra), *lines[position:]]


def _goods(total_amount: int) -> SearchStrategy[Line]:
    """One piece if the total is not divisible."""
    return st.integers(1, 4).map(
        lambda pieces: goods(total_amount, quantity=1 if total_amount % pieces else pieces)
    )


@st.composite
def _wrong_sums(draw: DrawFn, left: int) -> WrongSum:
    """Goods of at most half of the rest, so that no mistake exceeds the rest."""
    charged = draw(st.integers(1, left // 20))
    price = draw(st.integers(left // 10, left // 4))
    single, several = goods(price), goods(2 * price, quantity=2)
    off = draw(st.integers(1, price))
    reduced = goods(2 * price - off, quantity=2, unit_price=price, total_discount_amount=off)
    taken = fee(charged)
    table: dict[WrongSumKind, tuple[list[Line], int]] = {
        "one-above": ([single, taken], price - charged + 1),
        "one-below": ([single, taken], price - charged - 1),
        "fee-left-out": ([single, taken], price),
        "sign-of-the-fee-turned": ([single, taken], price + charged),
        "a-line-left-out": ([single, several, taken], price - charged),
        "quantity-left-out": ([several, taken], price - charged),
        "quantity-times-price": ([reduced, taken], 2 * price - charged),
        "only-the-fee": ([taken], charged),
    }
    kind = draw(st.sampled_from(tuple(table)))
    lines, amount = table[kind]
    if draw(st.booleans()):
        lines = lines[::-1]
    return WrongSum(kind=kind, body={"refunded_amount": amount, "order_lines": lines})
