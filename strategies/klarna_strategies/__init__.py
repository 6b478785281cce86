"""Requests to the Order Management API: Hypothesis strategies and decision tables.

The examples in this package run after these lines; `simplest` shows what a strategy shrinks to.

>>> from random import Random
>>> from hypothesis import find
>>> from klarna_specs import load
>>> from klarna_strategies import *
>>> spec = load()
>>> def simplest(strategy):
...     return find(strategy, lambda value: True, random=Random(0))
"""

from klarna_strategies.amounts import (
    amounts_beyond_32_bits,
    amounts_beyond_64_bits,
    amounts_far_above,
    malformed_amounts,
    negative_amounts,
    refund_amounts,
    refund_amounts_above,
    zero_amounts,
)
from klarna_strategies.bodies import (
    bodies_beyond_limits,
    capture_bodies,
    malformed_bodies,
    refund_bodies,
    undocumented_bodies,
)
from klarna_strategies.captures import captures, order_plans
from klarna_strategies.due_dates import days_not_offered, offered_days
from klarna_strategies.fees import (
    WrongSum,
    fee_refunds,
    fee_refunds_with_several_fees,
    fee_refunds_with_wrong_sum,
    fee_removals,
    positive_fee_refunds,
)
from klarna_strategies.keys import idempotency_keys, keys_or_none
from klarna_strategies.layouts import layout_plan, order_plan
from klarna_strategies.malformed import OddBody, odd_bodies
from klarna_strategies.markets import currency_of, markets, markets_without
from klarna_strategies.order_lines import (
    order_lines,
    order_lines_not_adding_up,
    order_lines_with_other_totals,
    order_lines_with_wrong_taxes,
)
from klarna_strategies.scenarios import scenarios
from klarna_strategies.tables import scenario_table
from klarna_strategies.texts import texts

__all__ = [
    "OddBody",
    "WrongSum",
    "amounts_beyond_32_bits",
    "amounts_beyond_64_bits",
    "amounts_far_above",
    "bodies_beyond_limits",
    "capture_bodies",
    "captures",
    "currency_of",
    "days_not_offered",
    "fee_refunds",
    "fee_refunds_with_several_fees",
    "fee_refunds_with_wrong_sum",
    "fee_removals",
    "idempotency_keys",
    "keys_or_none",
    "layout_plan",
    "malformed_amounts",
    "malformed_bodies",
    "markets",
    "markets_without",
    "negative_amounts",
    "odd_bodies",
    "offered_days",
    "order_lines",
    "order_lines_not_adding_up",
    "order_lines_with_other_totals",
    "order_lines_with_wrong_taxes",
    "order_plan",
    "order_plans",
    "positive_fee_refunds",
    "refund_amounts",
    "refund_amounts_above",
    "refund_bodies",
    "scenario_table",
    "scenarios",
    "texts",
    "undocumented_bodies",
    "zero_amounts",
]
