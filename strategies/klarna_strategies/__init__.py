"""Requests to the Order Management API: Hypothesis strategies and decision tables.

The names below are imported when they are first used, because Hypothesis takes a while to import,
and `steps` and `lines` do not need it; so no module has the name of something public. The examples
in this package run after these lines; `simplest` shows what a strategy shrinks to.

>>> from random import Random
>>> from hypothesis import find
>>> from klarna_specs import load
>>> from klarna_strategies import *
>>> spec = load()
>>> def simplest(strategy):
...     return find(strategy, lambda value: True, random=Random(0))
"""

from typing import TYPE_CHECKING

from klarna_specs.on_use import imported_on_use

if TYPE_CHECKING:
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
    from klarna_strategies.captured_orders import captures, order_plans
    from klarna_strategies.drawn_lines import (
        order_lines,
        order_lines_not_adding_up,
        order_lines_with_other_totals,
        order_lines_with_wrong_taxes,
    )
    from klarna_strategies.drawn_scenarios import scenarios
    from klarna_strategies.due_dates import days_not_offered, offered_days
    from klarna_strategies.fees import (
        WrongSum,
        fee_refunds,
        fee_refunds_with_several_fees,
        fee_refunds_with_wrong_sum,
        fee_removals,
        positive_fee_refunds,
    )
    from klarna_strategies.free_text import texts
    from klarna_strategies.keys import idempotency_keys, keys_or_none
    from klarna_strategies.layouts import layout_plan, order_plan
    from klarna_strategies.malformed import OddBody, odd_bodies
    from klarna_strategies.market_choice import currency_of, markets, markets_without
    from klarna_strategies.tables import scenario_table

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

_NAMES = {
    "amounts": (
        "amounts_beyond_32_bits",
        "amounts_beyond_64_bits",
        "amounts_far_above",
        "malformed_amounts",
        "negative_amounts",
        "refund_amounts",
        "refund_amounts_above",
        "zero_amounts",
    ),
    "bodies": (
        "bodies_beyond_limits",
        "capture_bodies",
        "malformed_bodies",
        "refund_bodies",
        "undocumented_bodies",
    ),
    "captured_orders": ("captures", "order_plans"),
    "due_dates": ("days_not_offered", "offered_days"),
    "fees": (
        "WrongSum",
        "fee_refunds",
        "fee_refunds_with_several_fees",
        "fee_refunds_with_wrong_sum",
        "fee_removals",
        "positive_fee_refunds",
    ),
    "keys": ("idempotency_keys", "keys_or_none"),
    "layouts": ("layout_plan", "order_plan"),
    "malformed": ("OddBody", "odd_bodies"),
    "market_choice": ("currency_of", "markets", "markets_without"),
    "drawn_lines": (
        "order_lines",
        "order_lines_not_adding_up",
        "order_lines_with_other_totals",
        "order_lines_with_wrong_taxes",
    ),
    "drawn_scenarios": ("scenarios",),
    "tables": ("scenario_table",),
    "free_text": ("texts",),
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name
    __getattr__ = imported_on_use(__name__, _NAMES)
