"""Strategies of order plans in every capture layout, with matching captures."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_specs.plan import LAYOUTS, OrderPlan, PaymentMethod
from klarna_specs.spec import Spec
from klarna_strategies.layouts import authorization_of, least_order_amount, order_plan

__all__ = ["LARGEST_ORDER_AMOUNT", "PAYMENT_METHODS", "captures", "order_plans"]

LARGEST_ORDER_AMOUNT = 90_000_000
"""The default maximum of an order, in minor units: every description allows it."""

_DULLEST_FIRST = ("one-full", *(layout for layout in LAYOUTS if layout != "one-full"))
PAYMENT_METHODS: tuple[PaymentMethod, ...] = ("pay_later", "pay_in_4", "pay_now", "card")
"""Every payment method of a plan, the simplest first."""


def order_plans(
    spec: Spec,
    *,
    layouts: Sequence[str] = _DULLEST_FIRST,
    markets: Sequence[str] | None = None,
    payment_methods: Sequence[PaymentMethod] = PAYMENT_METHODS,
    min_amount: int = 1,
    max_amount: int = LARGEST_ORDER_AMOUNT,
) -> SearchStrategy[OrderPlan]:
    """Plans of orders of `min_amount` to `max_amount` minor units, in these layouts and markets.

    An order is at least as large as its layout requires, even above `min_amount`. Shrinks to the
    first of the layouts, markets and methods and to the smallest amounts; duplicates are drawn
    twice as often. Raises ValueError for unknown names, empty lists, and amounts that are too
    small for a layout.

    >>> simplest(order_plans(spec, layouts=["one-partial-open"])).captures
    (1,)
    """
    codes = tuple(spec.markets) if markets is None else tuple(markets)
    for name, given in (("layouts", layouts), ("markets", codes), ("methods", payment_methods)):
        if not given:
            raise ValueError(f"{name} must not be empty")
    if unknown := [code for code in codes if code not in spec.markets]:
        raise ValueError(f"markets {unknown} are none of {', '.join(spec.markets)}")
    least = [(layout, max(min_amount, least_order_amount(layout))) for layout in layouts]
    if max_amount < (highest := max(amount for _, amount in least)):
        raise ValueError(f"max_amount {max_amount} is below {highest}, the least for {layouts}")
    of_layout = st.sampled_from(least)
    of_market, of_method = st.sampled_from(codes), st.sampled_from(payment_methods)

    @st.composite
    def drawn(draw: DrawFn) -> OrderPlan:
        layout, least_amount = draw(of_layout)
        order_amount = draw(st.integers(least_amount, max_amount))
        return order_plan(
            spec,
            market=draw(of_market),
            order_amount=order_amount,
            captures=draw(captures(layout=layout, order_amount=order_amount)),
            authorization=authorization_of(layout),
            payment_method=draw(of_method),
        )

    return drawn()


def captures(*, layout: str, order_amount: int) -> SearchStrategy[tuple[int, ...]]:
    """The capture amounts of an order in a layout, in minor units; several are two to five.

    Shrinks to two captures, the first ones of 1. Raises ValueError for an unknown layout, and for
    an order that is too small for it.

    >>> simplest(captures(layout="several-complete", order_amount=100))
    (1, 99)
    """
    least = least_order_amount(layout)
    if order_amount < least:
        raise ValueError(f"order_amount {order_amount} is below {least}, the least for {layout}")
    if layout.startswith("none"):
        return st.just(())
    if layout == "one-full":
        return st.just((order_amount,))
    if layout.startswith("one"):
        return st.tuples(st.integers(1, order_amount - 1))
    return _several(order_amount, complete=layout == "several-complete")


@st.composite
def _several(draw: DrawFn, order_amount: int, *, complete: bool) -> tuple[int, ...]:
    alike = draw(
        st.sampled_from((False, False, False, True))
    )  # random amounts would never be equal
    parts = draw(st.integers(2, min(5, order_amount if complete else order_amount - 1)))
    amounts: list[int] = []
    captured = rest = order_amount if complete else draw(st.integers(parts, order_amount - 1))
    for behind in range(parts - 1, 0, -1):
        amounts.append(draw(st.integers(1, rest - behind)))
        rest -= amounts[-1]
    if alike:
        amounts = [captured // parts] * (parts - 1)
    return (*amounts, captured - sum(amounts))
