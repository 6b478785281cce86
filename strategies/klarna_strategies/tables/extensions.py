"""Extension options, and extensions by offered and other numbers of days."""

from collections.abc import Iterator

from klarna_specs.plan import PaymentMethod
from klarna_specs.scenario import Scenario, Step
from klarna_strategies.steps import capture, extend, get_options, get_order, offered, refund
from klarna_strategies.tables.stage import Stage

__all__ = ["extensions"]


def extensions(stage: Stage) -> Iterator[Scenario]:
    """Options and extensions: each market, option and capture; other days, other methods."""
    for market in stage.of("extension"):
        yield Scenario(plan=stage.plan(market=market), steps=(get_options(), get_options()))
    for market in stage.of("extension"):
        for index in (*range(len(stage.spec.extension_days) - 1), -1):
            yield Scenario(plan=stage.plan(market=market), steps=(extend(offered(index)),))
    for market in [code for code in stage.markets if code not in stage.of("extension")][:3]:
        yield Scenario(plan=stage.plan(market=market), steps=(get_options(),))
        yield Scenario(plan=stage.plan(market=market), steps=(extend(30),))
    if stage.extension_market is None:
        return
    yield from _days(stage)
    yield from _by_payment_method(stage)
    yield from _by_capture(stage)
    yield from _in_a_row(stage)


def _days(stage: Stage) -> Iterator[Scenario]:
    """Numbers of days that are not offered: next to an offered one, and some that overflow."""
    plan = stage.plan(market=stage.extension_market)
    last = len(stage.spec.extension_days) - 1
    beside = [offered(index, plus=plus) for index in range(last + 1) for plus in (-1, 1)]
    for days in (*beside, 0, -1, -30, 366, 3_650, 2**31, 2**32):
        yield Scenario(plan=plan, steps=(extend(days),))
    yield Scenario(plan=plan, steps=(extend(offered(0, plus=2**32)),))
    yield Scenario(plan=plan, steps=(extend(offered(last, plus=2**32)),))
    yield Scenario(plan=plan, steps=(extend(offered(last, plus=1)), extend(offered(last))))
    yield Scenario(plan=plan, steps=(extend(0), get_options()))
    everything = refund(plan.order_amount)
    yield Scenario(plan=plan, steps=(everything, extend(offered(0))))
    yield Scenario(plan=plan, steps=(everything, get_options()))


def _by_payment_method(stage: Stage) -> Iterator[Scenario]:
    methods: tuple[PaymentMethod, ...] = ("pay_now", "card", "pay_in_4")
    for method in methods:
        for layout in ("one-full", "several-partial-open"):
            plan = stage.plan(layout, market=stage.extension_market, payment_method=method)
            index = len(plan.captures) - 1
            days = offered(0) if method == "pay_in_4" else 30
            yield Scenario(plan=plan, steps=(get_options(index),))
            yield Scenario(plan=plan, steps=(extend(days, capture=index),))
    for days in stage.spec.extension_days:
        plan = stage.plan(market=stage.extension_market, payment_method="card")
        yield Scenario(plan=plan, steps=(extend(days),))


def _by_capture(stage: Stage) -> Iterator[Scenario]:
    """Each capture has its own invoice, so each of several can be extended."""
    for layout in ("one-partial-open", "one-partial-released"):
        plan = stage.plan(layout, market=stage.extension_market)
        yield Scenario(plan=plan, steps=(get_options(), extend(offered(0))))
    layouts = ("several-complete", "several-partial-open", "several-partial-released")
    for layout in layouts:
        plan = stage.plan(layout, market=stage.extension_market)
        yield Scenario(plan=plan, steps=(get_options(1),))
        yield Scenario(plan=plan, steps=(extend(offered(0), capture=1),))
        yield Scenario(plan=plan, steps=(extend(offered(1), capture=1), extend(offered(0))))
        beside = (get_options(), extend(offered(0), capture=1), get_options())
        yield Scenario(plan=plan, steps=beside)
    three = stage.captured(1_000, 2_000, 3_000, market=stage.extension_market)
    for position in range(3):
        yield Scenario(plan=three, steps=(get_options(position),))
        yield Scenario(plan=three, steps=(extend(offered(0), capture=position),))
        not_offered = extend(offered(0, plus=1), capture=position)
        yield Scenario(plan=three, steps=(not_offered,))
    each = tuple(extend(offered(n), capture=n) for n in range(3))
    yield Scenario(plan=three, steps=each)
    yield Scenario(plan=three, steps=tuple(reversed(each)))
    none = stage.plan("none-open", market=stage.extension_market)
    yield Scenario(plan=none, steps=(capture(5_000), get_options()))
    yield Scenario(plan=none, steps=(capture(5_000), extend(offered(1))))


def _in_a_row(stage: Stage) -> Iterator[Scenario]:
    plan = stage.plan(market=stage.extension_market)
    table: tuple[tuple[Step, ...], ...] = (
        (refund(1_000), get_options()),
        (refund(1_000), extend(offered(0))),
        (refund(10_000), get_options()),
        (extend(offered(0)), get_options()),
        (extend(offered(0)), get_options(), get_options()),
        (get_options(), get_options(), extend(offered(0))),
        (extend(offered(0)), extend(offered(0))),
        (extend(offered(0)), extend(offered(1))),
        (extend(offered(1)), extend(offered(0))),
        (extend(offered(0)), extend(0)),
        (extend(offered(0)), refund(10_000)),
        (extend(offered(0)), refund(10_001)),
        (extend(offered(1)), get_order()),
    )
    for steps in table:
        yield Scenario(plan=plan, steps=steps)
