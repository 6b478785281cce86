"""Reads of orders, captures and refunds."""

from collections.abc import Iterator

from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Scenario
from klarna_strategies.lines import goods
from klarna_strategies.steps import (
    capture,
    get_capture,
    get_captures,
    get_order,
    get_refund,
    refund,
)
from klarna_strategies.tables.stage import Stage

__all__ = ["reads"]


def reads(stage: Stage) -> Iterator[Scenario]:
    """Reads of every resource, before and after changes."""
    for layout in LAYOUTS:
        plan = stage.plan(layout)
        yield Scenario(plan=plan, steps=(get_order(),))
        yield Scenario(plan=plan, steps=(get_captures(),))
        if plan.captures:
            last = len(plan.captures) - 1
            yield Scenario(plan=plan, steps=(get_capture(last),))
            yield Scenario(plan=plan, steps=(refund(1_000), get_order()))
            yield Scenario(plan=plan, steps=(refund(1_000), get_captures(), get_capture(last)))
    three = stage.captured(1_000, 2_000, 3_000)
    for position in range(3):
        yield Scenario(plan=three, steps=(get_capture(position),))
    yield Scenario(plan=three, steps=(get_captures(),))
    yield Scenario(plan=three, steps=(refund(5_000), get_captures()))
    yield Scenario(plan=stage.captured(5_000, 5_000), steps=(get_captures(), get_capture(1)))
    none = stage.plan("none-open")
    yield Scenario(plan=none, steps=(capture(1_000), get_capture(0)))
    yield Scenario(
        plan=none, steps=(capture(1_000), capture(2_000), get_capture(0), get_captures())
    )
    yield Scenario(plan=none, steps=(get_captures(), capture(1_000), get_captures()))
    part = stage.plan("one-partial-open")
    yield Scenario(plan=part, steps=(get_captures(), capture(1_000), get_captures()))
    yield Scenario(
        plan=part, steps=(get_capture(0), capture(1_000), get_capture(1), get_captures())
    )
    plan = stage.plan()
    yield Scenario(plan=plan, steps=(get_captures(), refund(100), get_captures(), get_order()))
    yield Scenario(plan=plan, steps=(refund(100), get_refund(0)))
    yield Scenario(plan=plan, steps=(refund(100), refund(200), get_refund(1)))
    yield Scenario(plan=plan, steps=(refund(100), refund(200), get_refund(0)))
    yield Scenario(plan=plan, steps=(refund(100), refund(100), get_refund(0), get_refund(1)))
    texts = refund(100, reference="RMA-1", description="Returned", order_lines=[goods(100)])
    yield Scenario(plan=plan, steps=(texts, get_refund(0)))
    yield Scenario(plan=plan, steps=(texts, get_order()))
    yield Scenario(plan=plan, steps=(refund(100), get_order(), refund(200), get_order()))
