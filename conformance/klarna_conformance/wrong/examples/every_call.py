"""Examples of every call: alone, repeated, malformed, with an unknown resource or credentials."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from klarna_conformance.wrong.examples.orders import FULL, KEYED, NONE, PART, Example, changed
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Credentials, Raw, Step
from klarna_strategies.lines import goods
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

__all__ = ["of_bodies", "of_calls"]

_CALLS: Mapping[str, tuple[OrderPlan, Step]] = {
    "get-order": (FULL, get_order()),
    "get-captures": (FULL, get_captures()),
    "get-capture": (FULL, get_capture()),
    "get-options": (FULL, get_options()),
    "refund": (FULL, refund(1_000)),
    "release": (PART, release()),
    "extension": (FULL, extend(offered(0))),
    "capture": (NONE, capture(1_000)),
    "cancellation": (NONE, cancel()),
}
"""A valid call of each operation, except getRefund, which needs an earlier refund."""

_BODIES: Mapping[str, str] = {
    "amount-array": '{"refunded_amount": [1]}',
    "amount-fraction": '{"refunded_amount": 1.5}',
    "amount-text": '{"refunded_amount": "all"}',
    "amount-true": '{"refunded_amount": true}',
    "array": "[]",
    "captured-fraction": '{"captured_amount": 1.5}',
    "days-array": '{"number_of_days": [30]}',
    "days-fraction": '{"number_of_days": 1.5}',
    "days-true": '{"number_of_days": true}',
    "empty": "",
    "empty-object": "{}",
    "lines-null": '{"refunded_amount": 1, "order_lines": null}',
    "lines-only": json.dumps({"order_lines": [goods(1_000)]}),
    "lines-text": '{"refunded_amount": 1, "order_lines": "x"}',
    "open-brace": "{",
    "texts-only": '{"reference": "RMA-1", "description": "Returned goods"}',
}
"""Malformed bodies."""

_DAYS = (-1, 0, 1, 7, 30, 31, 60, 61, 365, 366)


def of_calls() -> dict[str, Example]:
    """Each call alone, repeated, on unknown resources, and with each kind of credentials."""
    made: dict[str, Example] = {}
    for name, (plan, step) in _CALLS.items():
        made[name] = (plan, (step,))
        made[f"{name}-twenty-times"] = (_hundredfold(plan), (step,) * 20)
        made[f"{name}-of-unknown-order"] = (plan, (_with(step, order="unknown"),))
        made[f"{name}-of-malformed-order-id"] = (plan, (_with(step, order="malformed"),))
        if step.capture is not None:
            made[f"{name}-of-unknown-capture"] = (plan, (_with(step, capture="unknown"),))
    calls: dict[str, tuple[OrderPlan, tuple[Step, ...]]] = {
        **{name: (plan, (step,)) for name, (plan, step) in _CALLS.items()},
        "refund-above": (FULL, (refund(20_000),)),
        "refund-keyed": (FULL, (KEYED,)),
        "get-refund": (FULL, (refund(1), get_refund())),
        "repeat": (FULL, (KEYED, KEYED)),
    }
    for name, (plan, steps) in calls.items():
        for kind in get_args(Credentials):
            how = "without-credentials" if kind == "none" else f"with-{kind.replace('_', '-')}"
            last = _with(steps[-1], credentials=kind)
            made[f"{name}-{how}"] = (plan, (*steps[:-1], last))
    return made


def of_bodies() -> dict[str, Example]:
    """Each malformed body with each call that has a body, and extensions by each number of days."""
    made: dict[str, Example] = {}
    for name, text in _BODIES.items():
        for call, (plan, step) in _CALLS.items():
            if call in ("refund", "capture", "extension", "release"):
                made[f"{call}-body-{name}"] = (plan, (_with(step, body=Raw(text=text)),))
    for days in _DAYS:
        made[f"extension-of-{days}"] = (FULL, (extend(days),))
    return made


def _hundredfold(plan: OrderPlan) -> OrderPlan:
    return changed(plan, order_amount=10**6, captures=tuple(100 * each for each in plan.captures))


def _with(step: Step, **members: Any) -> Step:
    return msgspec.structs.replace(step, **members)
