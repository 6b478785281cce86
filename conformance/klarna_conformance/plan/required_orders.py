"""The orders that scenarios require, in the form in which a merchant creates them."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from klarna_specs.plan import OrderPlan, PaymentMethod
from klarna_specs.scenario import Scenario

__all__ = ["RequiredOrder", "required_orders"]


class RequiredOrder(msgspec.Struct, frozen=True, order=True):
    """A number of equal orders without captures: the run captures and releases itself.

    The amount is in minor units of the currency.
    """

    market: str
    currency: str
    payment_method: PaymentMethod
    order_amount: int
    count: int = 1


def required_orders(scenarios: Iterable[Scenario]) -> list[RequiredOrder]:
    """The orders of all these scenarios, grouped by kind, the most frequent first."""
    plans = (plan for each in scenarios for plan in (each.plan, each.other) if plan)
    counted = Counter(map(_required, plans))
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [msgspec.structs.replace(order, count=count) for order, count in ordered]


def _required(plan: OrderPlan) -> RequiredOrder:
    return RequiredOrder(plan.market, plan.currency, plan.payment_method, plan.order_amount)
