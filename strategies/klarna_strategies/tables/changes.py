"""Captures, cancellations and releases, and the remaining authorization."""

from collections.abc import Iterator

from klarna_specs.plan import LAYOUTS, PaymentMethod
from klarna_specs.scenario import Json, Key, Scenario, Step
from klarna_strategies.lines import goods
from klarna_strategies.scripts import LONGEST, WORLD_TEXTS
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_captures,
    get_order,
    offered,
    refund,
    release,
)
from klarna_strategies.tables.stage import Stage

__all__ = ["cancellations", "captures", "releases"]

_METHODS: tuple[PaymentMethod, ...] = ("pay_in_4", "pay_now", "card")


def releases(stage: Stage) -> Iterator[Scenario]:
    """Releases in every capture layout, and calls after them."""
    for layout in LAYOUTS:
        plan = stage.plan(layout)
        yield Scenario(plan=plan, steps=(release(),))
        if plan.captures:
            yield Scenario(plan=plan, steps=(refund(1_000), release()))
    for captures in ((9_999,), (1,), (9_998, 1), (1, 1)):
        yield Scenario(plan=stage.captured(*captures, order_amount=10_000), steps=(release(),))
    part, several = stage.plan("one-partial-open"), stage.plan("several-partial-open")
    for method in _METHODS:
        plan = stage.plan("one-partial-open", payment_method=method)
        yield Scenario(plan=plan, steps=(release(),))
    table: tuple[tuple[Step, ...], ...] = (
        (release(key=Key("release")),),
        (release(key=Key("release", "text")),),
        (release(body=Json({})),),
        (release(), release()),
        (release(), get_order()),
        (release(), capture(1)),
        (release(), capture(0)),
        (release(), capture(4_000)),
        (release(), cancel()),
        (release(), release(), refund(6_000)),
        (refund(6_000), release()),
        (capture(4_000), release()),
        (capture(3_999), release()),
        (capture(4_001), release()),
    )
    for steps in table:
        yield Scenario(plan=part, steps=steps)
    yield Scenario(plan=part, steps=(Step(operation=release().operation, chunked=True),))
    yield Scenario(plan=several, steps=(release(), capture(3_000)))
    yield Scenario(plan=several, steps=(capture(3_000), release()))
    yield Scenario(plan=several, steps=(release(), refund(7_001)))
    yield Scenario(plan=several, steps=(release(), refund(7_000), get_captures()))
    yield Scenario(plan=stage.plan("one-full"), steps=(release(), refund(10_000)))
    yield Scenario(plan=stage.plan("one-full"), steps=(refund(10_000), release()))
    yield Scenario(plan=stage.plan("one-full"), steps=(refund(1), release(), get_order()))
    yield Scenario(plan=stage.plan("none-open"), steps=(cancel(), release()))
    yield Scenario(plan=stage.plan("none-open"), steps=(capture(1), release()))
    yield Scenario(plan=stage.plan("none-open"), steps=(release(), capture(10_000)))
    if market := stage.extension_market:
        plan = stage.plan("one-partial-open", market=market)
        yield Scenario(plan=plan, steps=(release(), extend(offered(0))))


def captures(stage: Stage) -> Iterator[Scenario]:
    """Captures within the remaining authorization, above it, and after its end."""
    none, part = stage.plan("none-open"), stage.plan("one-partial-open")
    for amount in (1, 5_000, 9_999, 10_000, 10_001, 20_001, 2**32 + 10_000, 0, -1, -10_000):
        yield Scenario(plan=none, steps=(capture(amount),))
    for amount in (1, 3_999, 4_000, 4_001, 6_000, 10_000, 2**32 + 4_000, 0, -1):
        yield Scenario(plan=part, steps=(capture(amount),))
    for layout in LAYOUTS:
        rest = stage.plan(layout).order_amount - stage.plan(layout).captured_amount
        yield Scenario(plan=stage.plan(layout), steps=(capture(rest or 1), capture(1)))
    for method in _METHODS:
        plan = stage.plan("one-partial-open", payment_method=method)
        yield Scenario(plan=plan, steps=(capture(4_000), get_captures()))
    table: tuple[tuple[Step, ...], ...] = (
        (capture(2_000), capture(3_000), capture(5_000), get_captures()),
        (capture(2_000), capture(3_000), capture(5_001)),
        (capture(5_000), capture(5_000), capture(1)),
        (capture(6_000), capture(6_000)),
        (capture(10_001), capture(10_000)),
        (capture(-500), capture(10_001)),
        (capture(100), capture(100), get_captures()),
        (capture(10_000), get_order()),
        (cancel(), capture(1)),
        (cancel(), capture(0)),
        (capture(1_000), cancel(), capture(9_000)),
        (capture(1_000, key=Key("capture")), release(), capture(9_000)),
        (capture(100, reference="parcel 1", description="Two shirts"),),
        (capture(100, description=LONGEST), capture(100, reference=LONGEST)),
        (capture(100, description=WORLD_TEXTS[0]), capture(100, description=WORLD_TEXTS[6])),
        (capture(3_000, order_lines=[goods(3_000, quantity=3)]),),
        (capture(3_000, order_lines=[goods(2_000)]),),
    )
    for steps in table:
        yield Scenario(plan=none, steps=steps)
    # A refund does not increase the amount that can be captured.
    yield Scenario(plan=part, steps=(refund(6_000), capture(4_001)))
    yield Scenario(plan=part, steps=(refund(2_000), capture(4_000)))
    yield Scenario(plan=stage.plan(), steps=(refund(10_000), capture(1)))
    big = stage.plan("none-open", order_amount=90_000_000)
    yield Scenario(plan=big, steps=(capture(33_554_433), capture(56_445_568)))
    yield Scenario(plan=big, steps=(capture(33_554_433), capture(56_445_567), get_order()))
    one = stage.plan("none-open", order_amount=1)
    yield Scenario(plan=one, steps=(capture(1), capture(1)))


def cancellations(stage: Stage) -> Iterator[Scenario]:
    """Cancellations of orders in every capture layout, and what can be done afterwards."""
    for layout in LAYOUTS:
        yield Scenario(plan=stage.plan(layout), steps=(cancel(),))
    none, part = stage.plan("none-open"), stage.plan("one-partial-open")
    table: tuple[tuple[Step, ...], ...] = (
        (cancel(key=Key("cancel")),),
        (cancel(), cancel()),
        (cancel(), get_order()),
        (cancel(), get_captures()),
        (capture(1), cancel()),
        (capture(10_000), cancel(), refund(10_000)),
        (release(), cancel()),
    )
    for steps in table:
        yield Scenario(plan=none, steps=steps)
    yield Scenario(plan=part, steps=(cancel(), refund(6_000)))
    yield Scenario(plan=part, steps=(cancel(), capture(4_000)))
    yield Scenario(plan=part, steps=(cancel(), release()))
    yield Scenario(plan=stage.plan(), steps=(refund(10_000), cancel()))
    yield Scenario(plan=stage.plan(), steps=(cancel(), get_order()))
    for method in _METHODS:
        yield Scenario(plan=stage.plan("none-open", payment_method=method), steps=(cancel(),))
