"""Long scenarios that combine every change with every other, with refused calls between them."""

from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec

from klarna_specs.scenario import Action, Json, Key, Scenario, Step, Together
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_options,
    get_order,
    offered,
    refund,
    release,
)
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.scene import CAPTURED
from klarna_strategies.tables.stage import Stage

__all__ = ["tours"]

_A, _B, _C = Key("first"), Key("second"), Key("third")
_REFUSED = (
    refund(10_001),
    capture(10_001),
    refund(-1),
    extend(offered(-1, plus=1)),
    refund([100]),
    extend(30, capture="unknown"),
    msgspec.structs.replace(refund(100), credentials="none"),
    cancel(),
    msgspec.structs.replace(capture(1), body=Json({})),
)
"""Calls that are refused on a partially captured order, each for another reason."""

_LONG = "k" * 40
_ALIKE = (
    tuple(Key(name, "number") for name in ("#", "0#", "#.0", "#e0")),
    tuple(Key(name, "text") for name in (f"{_LONG}1", f"{_LONG}2", "a-b", "ab", "a", "A")),
    tuple(Key(name, "text") for name in (f"1{_LONG}", f"2{_LONG}", _LONG)),
)
"""Keys that are different texts, but equal as numbers or except for one character."""


def tours(stage: Stage) -> Iterator[Scenario]:
    """Every possible change of one order in sequence, and again."""
    yield from _of_markets(stage)
    yield from _of_refunds(stage)
    yield from _of_changes(stage)
    yield from _refused_between(stage)
    yield from _of_keys(stage)
    yield from _beside_another_order(stage)


def _of_markets(stage: Stage) -> Iterator[Scenario]:
    """A fee that is refused, more than is left, a retry, and what is left in two parts.

    Each market has an amount and a layout of its own; where return fees are not documented, the
    market is the only reason to refuse one.
    """
    amounts = cycle((10_000, 930, 4_999, 123_457))
    partly = cycle(layout for layout in CAPTURED if layout != "one-full")
    for market in stage.markets:
        layout = next(partly) if market in stage.of("return_fee") else "one-full"
        plan = stage.plan(layout, market=market, order_amount=next(amounts))
        captured = plan.captured_amount
        part, left = refund(captured // 3, key=_A), captured - captured // 3
        charged = fee_refund(goods(captured), fee(captured // 20))
        yield Scenario(plan=plan, steps=(charged, part, refund(left + 1), part, refund(left)))


def _of_refunds(stage: Stage) -> Iterator[Scenario]:
    """Several refunds, each followed by one above the rest, with and without lines."""
    first, second = refund(1_000, key=_A), refund(2_000, key=_B, order_lines=[goods(2_000)])
    above = refund(7_001, order_lines=[goods(7_001)])
    steps = (
        *(first, refund(9_001), refund(9_001), first),
        *(second, above, above, first, second),
        *(refund(1_500), refund(5_501), refund(5_500), refund(1), first, second),
    )
    for layout in ("one-full", "several-complete"):
        yield Scenario(plan=stage.plan(layout), steps=steps)
    for amount in (29, 116, 2_006):
        yield Scenario(plan=stage.plan(), steps=(refund(amount), refund(10_001 - amount)))
    if stage.fee_market:
        plan = stage.plan(market=stage.fee_market)
        charged = fee_refund(goods(5_500), fee(500), key=_A)
        steps = (
            *(refund(4_000), fee_refund(goods(6_501), fee(500)), charged),
            *(charged, refund(1_001), refund(500), charged, refund(500), refund(501)),
        )
        yield Scenario(plan=plan, steps=steps)


def _changes() -> Iterator[Step]:
    """Refunds, captures and extensions in an order in which each follows each; then a release."""
    yield refund(100, key=Key("1"))
    yield refund(200, key=Key("2"))
    yield capture(300, key=Key("3"))
    yield capture(400, key=Key("4"))
    yield extend(offered(0), capture=0, key=Key("5"))
    yield extend(offered(0), capture=1, key=Key("6"))
    yield refund(500, key=Key("7"))
    yield extend(offered(0), capture=2, key=Key("8"))
    yield capture(600, key=Key("9"))
    yield refund(700, key=Key("10"))
    yield capture(800, key=Key("11"))
    yield release(key=Key("12"))


def _of_changes(stage: Stage) -> Iterator[Scenario]:
    """Every two changes with a refused call between them; no repeat takes effect twice."""
    plan = stage.plan("several-partial-open", market=stage.extension_market)
    extended = stage.extension_market is not None
    done = [step for step in _changes() if extended or step.capture is None]
    refused = cycle(step for step in _REFUSED if extended or step.capture is None)
    walk = [each for step in done for each in (step, next(refused))]
    later = (capture(1), capture(1), refund(50), capture(1), get_order())
    yield Scenario(plan=plan, steps=(*walk, *later))
    yield Scenario(plan=plan, steps=(*done, *later, *done))
    for step in (done[0], done[2], done[-1]):
        yield Scenario(plan=plan, steps=(step, *_REFUSED[:5], step, get_order()))


def _refused_between(stage: Stage) -> Iterator[Scenario]:
    """A refused change of each kind between two changes of a fully captured order."""
    market = stage.extension_market
    whole = stage.plan(market=market)
    table: tuple[tuple[Step, ...], ...] = (
        (release(), refund(100)),
        (refund(100), release(), refund(9_900), release()),
        (refund(100), cancel(), refund(100), capture(1), refund(9_801), refund(9_800)),
    )
    if market:
        table += (
            (get_options(), extend(offered(-1, plus=1)), get_options(), extend(offered(0))),
            (extend(0), refund(100), extend(-1), extend(offered(0)), refund(9_900)),
        )
    for steps in table:
        yield Scenario(plan=whole, steps=steps)
    part, none = stage.plan("one-partial-open"), stage.plan("none-open")
    for steps in (
        (release(), capture(1), capture(4_000), refund(6_000), capture(1)),
        (cancel(), capture(4_000), release(), capture(4_000)),
        (capture(4_001), release(), capture(4_000), capture(4_000), refund(6_001), refund(6_000)),
    ):
        yield Scenario(plan=part, steps=steps)
    for steps in (
        (refund(1), capture(10_001), capture(4_000), cancel(), capture(6_000), refund(10_000)),
        (cancel(), capture(1), capture(1), refund(1), get_order()),
    ):
        yield Scenario(plan=none, steps=steps)


def _of_keys(stage: Stage) -> Iterator[Scenario]:
    """Alternating keys, and similar keys."""
    plan = stage.plan()
    a, b = refund(1_000, key=_A), refund(2_000, key=_B)
    yield Scenario(plan=plan, steps=(a, b, a, b, a, a, b, refund(7_001), a, refund(7_000), a, b))
    lower = refund(1_000, key=Key("first", "lower"))
    yield Scenario(plan=plan, steps=(lower, lower))
    for keys in _ALIKE:
        calls = [refund(100 + n, key=key) for n, key in enumerate(keys)]
        yield Scenario(plan=plan, steps=tuple(calls))
    for size in (80, 230):
        one, two = (refund(300, key=Key("k" * size + end, "text")) for end in "12")
        yield Scenario(plan=plan, steps=(one, two, one))
    part, none = stage.plan("one-partial-open"), stage.plan("none-open")
    some, rest = capture(1_000, key=_A), capture(1_000, key=_B)
    yield Scenario(plan=none, steps=(some, rest, some, capture(9_000), rest, some, refund(3_000)))
    freed = release(key=_A)
    yield Scenario(plan=part, steps=(refund(100, key=_B), freed, freed, refund(100, key=_B), freed))
    cancelled = cancel(key=_A)
    yield Scenario(plan=none, steps=(cancelled, capture(1), cancelled, cancel(key=_B), cancelled))
    if market := stage.extension_market:
        plan = stage.plan("several-complete", market=market)
        one, two = extend(offered(0), key=_A), extend(offered(0), capture=1, key=_B)
        steps = (one, two, one, extend(0, key=_C), one, refund(10_000), one, two)
        yield Scenario(plan=plan, steps=steps)


def _beside_another_order(stage: Stage) -> Iterator[Scenario]:
    """Alternating and concurrent changes of two orders."""
    part = stage.plan("one-partial-open")
    release_there, refund_there = release(order="other"), refund(200, order="other")
    turns: Sequence[Action] = (
        *(refund(100), release_there, capture(1_000), refund_there, refund(6_900)),
        *(refund(5_801, order="other"), capture(1, order="other"), release()),
        *(refund(5_800, order="other"), capture(1), refund(6_900)),
    )
    yield Scenario(plan=part, other=part, steps=tuple(turns))
    for here, there in (
        (refund(100), release_there),
        (release(), refund_there),
        (capture(4_000), release_there),
        (capture(4_000), refund_there),
    ):
        yield Scenario(plan=part, other=part, steps=(Together((here, there)), capture(1)))
