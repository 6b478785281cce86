"""Order plans by name of their capture layout, in plain numbers."""

from klarna_specs.plan import LAYOUTS, Authorization, OrderPlan, PaymentMethod
from klarna_specs.spec import Spec

__all__ = ["authorization_of", "layout_plan", "least_order_amount", "order_plan"]


def order_plan(
    spec: Spec,
    *,
    market: str,
    order_amount: int = 10_000,
    captures: tuple[int, ...] = (),
    authorization: Authorization = "open",
    payment_method: PaymentMethod = "pay_later",
) -> OrderPlan:
    """The plan of an order in a market, in that market's currency; amounts are minor units.

    Raises ValueError for an unknown market, and for captures below 1 or above the order.

    >>> order_plan(spec, market="SE", captures=(6000,)).currency
    'SEK'
    """
    if market not in spec.markets:
        raise ValueError(f"market {market!r} is none of {', '.join(spec.markets)}")
    if min(captures, default=1) < 1:
        raise ValueError(f"captures {captures} must each be at least 1")
    if sum(captures) > order_amount:
        raise ValueError(f"captures {captures} are more than the order_amount {order_amount}")
    return OrderPlan(
        market=market,
        currency=spec.markets[market].currency,
        order_amount=order_amount,
        payment_method=payment_method,
        captures=captures,
        authorization=authorization,
    )


def least_order_amount(layout: str) -> int:
    """The smallest order, in minor units, that can be captured in this layout.

    Raises ValueError for a layout that is not in `LAYOUTS`.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout {layout!r} is none of {', '.join(LAYOUTS)}")
    several, partial = layout.startswith("several"), "partial" in layout
    return 1 + several + partial


def authorization_of(layout: str) -> Authorization:
    """The state of the remaining authorization in this layout."""
    rest = layout.rpartition("-")[2]
    return "released" if rest == "released" else "cancelled" if rest == "cancelled" else "open"


def layout_plan(
    spec: Spec,
    layout: str,
    *,
    market: str,
    order_amount: int = 10_000,
    payment_method: PaymentMethod = "pay_later",
) -> OrderPlan:
    """The plan of an order in one of `LAYOUTS`, captured in different round parts.

    An order of 10000 is captured as 6000 (partial), 4000 + 6000 (several, complete) or 4000 + 3000
    (several, partial). Raises ValueError if the order is too small for the layout.

    >>> layout_plan(spec, "one-partial-open", market="SE").captures
    (6000,)
    """
    least = least_order_amount(layout)
    if order_amount < least:
        raise ValueError(f"order_amount {order_amount} is below {least}, the least for {layout}")
    return order_plan(
        spec,
        market=market,
        order_amount=order_amount,
        captures=_captures(layout, order_amount),
        authorization=authorization_of(layout),
        payment_method=payment_method,
    )


def _captures(layout: str, order_amount: int) -> tuple[int, ...]:
    four_tenths = max(1, order_amount * 4 // 10)
    if layout.startswith("none"):
        return ()
    if layout == "one-full":
        return (order_amount,)
    if layout.startswith("one-partial"):
        return (max(1, order_amount * 6 // 10),)
    if layout == "several-complete":
        return (four_tenths, order_amount - four_tenths)
    return (four_tenths, max(1, order_amount * 3 // 10))
