"""The orders that scenarios need, as somebody has to create them."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from klarna_specs.plan import OrderPlan, PaymentMethod
from klarna_specs.scenario import Scenario

__all__ = ["WantedOrder", "shopping_list"]


class WantedOrder(msgspec.Struct, frozen=True, order=True):
    """So many orders of a kind, with nothing captured: the run captures and releases itself.

    The amount is in minor units of the currency.
    """

    market: str
    currency: str
    payment_method: PaymentMethod
    order_amount: int
    count: int = 1


def shopping_list(scenarios: Iterable[Scenario]) -> list[WantedOrder]:
    """The orders of all these scenarios, those of a kind together, the most wanted first."""
    plans = (plan for each in scenarios for plan in (each.plan, each.other) if plan)
    counted = Counter(map(_wanted, plans))
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [msgspec.structs.replace(order, count=count) for order, count in ordered]


def _wanted(plan: OrderPlan) -> WantedOrder:
    return WantedOrder(plan.market, plan.currency, plan.payment_method, plan.order_amount)
