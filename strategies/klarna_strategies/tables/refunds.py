"""Refunds without a fee: every market and capture layout, and the amount left to refund."""

from collections.abc import Iterator
from itertools import cycle, pairwise
from typing import Any

from klarna_specs.plan import LAYOUTS, PaymentMethod
from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import goods
from klarna_strategies.steps import cancel, capture, get_order, refund, release
from klarna_strategies.tables.stage import Stage

__all__ = ["refunds"]


def refunds(stage: Stage) -> Iterator[Scenario]:
    """Refunds within the amount left to refund, and above it."""
    yield from _by_market(stage)
    for layout in LAYOUTS:
        by_layout = _without_captures if layout.startswith("none") else _by_layout
        yield from by_layout(stage, layout)
    yield from _by_payment_method(stage)
    yield from _by_captures(stage)
    yield from _by_order_size(stage)
    yield from _in_a_row(stage)
    yield from _distinct(stage)
    yield from _odd_amounts(stage)
    yield from _between_other_changes(stage)


def _by_market(stage: Stage) -> Iterator[Scenario]:
    """More than is captured of a small order, and all of it."""
    for market, amount in zip(stage.markets, cycle((930, 99, 499, 10))):
        plan = stage.plan("one-partial-open", market=market, order_amount=amount)
        steps = (refund(plan.order_amount), refund(plan.captured_amount))
        yield Scenario(plan=plan, steps=steps)


def _without_captures(stage: Stage, layout: str) -> Iterator[Scenario]:
    for amount in (1, 10_000, 10_001):
        yield Scenario(plan=stage.plan(layout), steps=(refund(amount),))


def _by_layout(stage: Stage, layout: str) -> Iterator[Scenario]:
    plan = stage.plan(layout)
    captured = plan.captured_amount
    beyond = {captured + 1, plan.order_amount, plan.order_amount + 1} - {captured}
    for amount in (1, captured, *sorted(beyond)):
        yield Scenario(plan=plan, steps=(refund(amount),))
    yield Scenario(plan=plan, steps=(refund(1_500), refund(captured - 1_499)))
    yield Scenario(plan=plan, steps=(refund(1_500), refund(captured - 1_500), refund(1)))


def _by_payment_method(stage: Stage) -> Iterator[Scenario]:
    methods: tuple[PaymentMethod, ...] = ("pay_in_4", "pay_now", "card")
    for method in methods:
        plan = stage.plan("several-partial-open", payment_method=method)
        yield Scenario(plan=plan, steps=(refund(5_000), refund(2_001)))


def _by_captures(stage: Stage) -> Iterator[Scenario]:
    """A bound from the first, the last, the largest or the smallest capture is wrong."""
    for captures in ((1, 9_999), (9_999, 1), (5_000, 5_000), (2_000, 3_000, 5_000), (2_000,) * 5):
        plan = stage.captured(*captures)
        for amount in (captures[0] + 1, captures[-1] + 1, 10_001):
            yield Scenario(plan=plan, steps=(refund(amount),))
        yield Scenario(plan=plan, steps=tuple(refund(amount) for amount in (*captures, 1)))
    three = stage.captured(1_000, 2_000, 3_000, order_amount=10_000)
    for amount in (3_001, 6_000, 6_001):
        yield Scenario(plan=three, steps=(refund(amount),))


def _by_order_size(stage: Stage) -> Iterator[Scenario]:
    tiny = stage.captured(1)
    for steps in ((refund(1),), (refund(2),), (refund(1), refund(1))):
        yield Scenario(plan=tiny, steps=steps)
    yield Scenario(plan=stage.captured(1, 1), steps=(refund(1), refund(1), refund(1)))
    yield Scenario(plan=stage.captured(1, order_amount=2), steps=(refund(2),))
    # Amounts that a single-precision float, or a signed 16-bit integer, cannot distinguish.
    large = stage.captured(90_000_000)
    for amount in (16_777_217, 33_554_433, 89_999_999, 90_000_001):
        yield Scenario(plan=large, steps=(refund(amount),))
    for rest in (56_445_567, 56_445_568):
        yield Scenario(plan=large, steps=(refund(33_554_433), refund(rest)))
    yield Scenario(plan=stage.captured(16_777_216), steps=(refund(16_777_217),))
    yield Scenario(plan=stage.captured(70_000), steps=(refund(32_769), refund(37_232)))
    several = stage.captured(40_000_001, 50_000_000, order_amount=100_000_000)
    for amount in (90_000_001, 90_000_002):
        yield Scenario(plan=several, steps=(refund(amount),))


def _in_a_row(stage: Stage) -> Iterator[Scenario]:
    plan = stage.plan()
    yield Scenario(plan=plan, steps=(*[refund(2_000)] * 5, refund(1)))
    yield Scenario(plan=plan, steps=tuple(refund(n) for n in (1_000, 2_000, 3_000, 4_000)))
    yield Scenario(plan=plan, steps=tuple(refund(n) for n in (4_000, 3_000, 3_001, 3_000)))
    yield Scenario(plan=plan, steps=(refund(1), refund(9_999)))
    yield Scenario(plan=plan, steps=(refund(1), refund(10_000)))
    yield Scenario(plan=plan, steps=(refund(9_999), refund(1)))
    yield Scenario(plan=plan, steps=(refund(9_999), refund(2)))
    yield Scenario(plan=stage.captured(12), steps=(refund(1),) * 13)
    yield Scenario(plan=stage.captured(3, 4, order_amount=10), steps=(refund(2),) * 4)


def _distinct(stage: Stage) -> Iterator[Scenario]:
    """Refunds that differ in every member, and together exceed the captured amount."""
    plan = stage.plan()
    members: tuple[dict[str, Any], ...] = (
        {"reference": "RMA-1"},
        {"reference": "RMA-2"},
        {"description": "first"},
        {"description": "second"},
        {"order_lines": [goods(6_000)]},
        {"order_lines": [goods(6_000, name="Socks", reference="75001")]},
    )
    for earlier, later in pairwise((*members, {}, members[0])):
        yield Scenario(plan=plan, steps=(refund(6_000, **earlier), refund(6_000, **later)))
    keys = (None, Key("first"), Key("second"), Key("text", "text"), None)
    for first, second in pairwise(keys):
        yield Scenario(plan=plan, steps=(refund(6_000, key=first), refund(6_000, key=second)))


def _odd_amounts(stage: Stage) -> Iterator[Scenario]:
    """Amounts that overflow or round in too small an integer, and negative ones."""
    plan = stage.plan()
    wrapping = (2**16 + 100, 2**31, 2**31 + 100, 2**32, 2**32 + 1, 2**32 + 10_000)
    for amount in (20_001, 200_000_001, *wrapping, 2**53 + 1, 2**63 - 1):
        yield Scenario(plan=plan, steps=(refund(amount),))
    yield Scenario(plan=plan, steps=(refund(4_000), refund(2**32 + 6_000)))
    yield Scenario(plan=stage.plan("one-partial-open"), steps=(refund(2**32 + 6_000),))
    yield Scenario(plan=stage.plan("several-complete"), steps=(refund(2**32 + 10_000),))
    for amount in (-1, -10_000, -(2**32) + 100):
        yield Scenario(plan=plan, steps=(refund(amount),))
    yield Scenario(plan=plan, steps=(refund(-500), refund(10_001)))
    yield Scenario(plan=plan, steps=(refund(3_000), refund(-3_000), refund(10_000)))
    yield Scenario(plan=plan, steps=(refund(0),))
    yield Scenario(plan=plan, steps=(refund(10_000), refund(0)))
    yield Scenario(plan=stage.plan("none-open"), steps=(refund(0),))


def _between_other_changes(stage: Stage) -> Iterator[Scenario]:
    """The amount left to refund follows captures, not a release or a cancellation."""
    part, none = stage.plan("one-partial-open"), stage.plan("none-open")
    table: tuple[tuple[Step, ...], ...] = (
        (capture(4_000), refund(10_000)),
        (capture(4_000), refund(10_001)),
        (refund(6_000), capture(4_000), refund(4_000)),
        (refund(6_000), capture(4_000), refund(4_001)),
        (refund(2_000), capture(3_000), refund(7_001)),
        (refund(2_000), capture(3_000), refund(7_000), refund(1)),
        (refund(6_001), capture(4_000), refund(6_001)),
        (release(), refund(6_000)),
        (release(), refund(6_001)),
        (refund(1_000), release(), refund(5_000)),
        (refund(1_000), release(), refund(5_001)),
        (refund(6_000), release(), refund(1)),
        (refund(6_000), get_order(), release(), get_order()),
    )
    for steps in table:
        yield Scenario(plan=part, steps=steps)
    yield Scenario(plan=none, steps=(capture(5_000), refund(5_001)))
    yield Scenario(plan=none, steps=(capture(5_000), refund(5_000)))
    yield Scenario(plan=none, steps=(refund(5_000), capture(5_000), refund(5_000)))
    yield Scenario(plan=none, steps=(capture(1), refund(1), capture(9_999), refund(9_999)))
    yield Scenario(plan=none, steps=(capture(1_000), capture(2_000), capture(3_000), refund(6_000)))
    yield Scenario(plan=none, steps=(capture(1_000), capture(2_000), capture(3_000), refund(6_001)))
    yield Scenario(plan=none, steps=(cancel(), refund(1)))
    yield Scenario(plan=stage.plan("none-released"), steps=(refund(1), get_order()))
