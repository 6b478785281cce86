"""The order plans and the calls that several examples share."""

import msgspec

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Key
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import refund

__all__ = [
    "BIG",
    "CANCELLED",
    "CARD",
    "FEE_REFUND",
    "FULL",
    "KEYED",
    "LARGE",
    "NONE",
    "PART",
    "PART_FEE",
    "PAY_IN_4",
    "PAY_NOW",
    "RELEASED",
    "THREE_CAPTURES",
    "TWO_CAPTURES",
    "WITH_FEE",
    "Example",
    "changed",
    "on",
]

changed = msgspec.structs.replace

FULL = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(10_000,))
TWO_CAPTURES = changed(FULL, captures=(6_000, 4_000))
THREE_CAPTURES = changed(FULL, captures=(1_000, 2_000, 7_000))
PART = changed(FULL, captures=(6_000,))
NONE = changed(FULL, captures=())
RELEASED = changed(PART, authorization="released")
CANCELLED = changed(NONE, authorization="cancelled")
CARD = changed(FULL, payment_method="card")
PAY_NOW = changed(FULL, payment_method="pay_now")
PAY_IN_4 = changed(FULL, payment_method="pay_in_4")
BIG = changed(FULL, order_amount=10**9, captures=(10**9,))
LARGE = changed(FULL, order_amount=100_000_000, captures=(100_000_000,))

Example = tuple[OrderPlan, tuple[Action, ...]]
"""The order plan and the steps."""


def on(plan: OrderPlan, *steps: Action) -> Example:
    """The example of steps on an order of a plan."""
    return plan, steps


KEYED = refund(1_000, key=Key("first"))
FEE_REFUND = refund(9_500, order_lines=[goods(10_000), fee(500)])
WITH_FEE = [goods(10_000), fee(500)]
PART_FEE = refund(500, order_lines=[goods(600), fee(100)])
