"""Concurrent calls: money moves at most once, and never beyond the bound."""

from collections.abc import Iterator

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Key, Scenario, Step, Together
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import cancel, capture, extend, offered, refund, release
from klarna_strategies.tables.stage import Stage

__all__ = ["races"]

_FIRST = Key("first")
_KEYED = refund(1_000, key=_FIRST)
_SIZES = (2, 3, 5, 8)


def races(stage: Stage) -> Iterator[Scenario]:
    """Groups of two to eight calls that cannot all succeed, or that are all equal."""
    full, part, none = stage.plan(), stage.plan("one-partial-open"), stage.plan("none-open")
    for steps in _refunds_alone():
        yield _race(full, *steps)
    for steps in _captures_alone():
        yield _race(none, *steps)
    for steps in _on_what_is_left():
        yield _race(part, *steps)
    for step in (cancel(), cancel(key=_FIRST), release(key=_FIRST)):
        yield _race(none, step, step)
    yield _race(none, capture(4_000), cancel())
    yield _race(none, cancel(), capture(4_000), capture(10_000))
    yield from _after_something(full, part)
    yield from _beside_another_order(full)
    if stage.fee_market:
        yield from _with_fees(stage.plan(market=stage.fee_market))
    if stage.extension_market:
        plan = stage.plan(market=stage.extension_market)
        yield Scenario(plan=plan, steps=(Together((extend(offered(0)), refund(10_000))),))
        yield Scenario(plan=plan, steps=(Together((extend(offered(0), key=_FIRST),) * 3),))


def _race(plan: OrderPlan, *steps: Step) -> Scenario:
    return Scenario(plan=plan, steps=(Together(steps),))


def _refunds_alone() -> Iterator[tuple[Step, ...]]:
    """On 10000 in one capture."""
    yield from ((_KEYED,) * size for size in _SIZES)
    yield from ((refund(6_000),) * size for size in _SIZES)
    for amount, size in ((1_000, 8), (2_000, 6), (3_000, 4), (5_000, 2), (1_500, 8)):
        yield tuple(refund(amount, key=Key(f"{n}")) for n in range(size))
    yield (refund(3_000), refund(4_000))
    yield (refund(4_000), refund(7_000), refund(6_000))
    yield (refund(10_000), refund(1), refund(9_999))
    yield (_KEYED, refund(2_000, key=_FIRST))
    yield (_KEYED, refund(9_500, key=Key("second")), _KEYED)
    yield (_KEYED, refund(1_000), _KEYED, refund(1_000, key=Key("second")))


def _captures_alone() -> Iterator[tuple[Step, ...]]:
    """On 10000 without captures."""
    keyed = capture(1_000, key=_FIRST)
    yield from ((keyed,) * size for size in _SIZES)
    yield from ((capture(6_000),) * size for size in _SIZES)
    yield tuple(capture(2_000, key=Key(f"{n}")) for n in range(8))
    yield tuple(capture(1_000, key=Key(f"{n}")) for n in range(4))
    yield (capture(10_000), capture(1), capture(9_999))


def _on_what_is_left() -> Iterator[tuple[Step, ...]]:
    """On 10000 of which 4000 are open, or less."""
    yield (release(), capture(4_000))
    yield (capture(1_000), release())
    yield (refund(1_000), release(), refund(500), refund(6_001))
    yield (release(), release())
    yield (release(key=_FIRST),) * 3
    yield (refund(6_000), capture(4_000), refund(6_000))
    yield (capture(4_000), refund(1_000), release(), refund(2_000))
    yield (capture(3_000), capture(2_000), release(), refund(500), refund(700))


def _after_something(full: OrderPlan, part: OrderPlan) -> Iterator[Scenario]:
    sequences: tuple[tuple[OrderPlan, tuple[Action, ...]], ...] = (
        (full, (refund(3_000), Together((refund(7_000),) * 3))),
        (full, (_KEYED, Together((_KEYED, refund(9_000)) * 2))),
        (full, (Together((_KEYED,) * 4), _KEYED, refund(9_000))),
        (full, (Together((refund(4_000), refund(4_000))), refund(2_000), refund(1))),
        (part, (Together((release(), refund(1_000))), capture(1))),
        (part, (Together((refund(1_000, order_lines=[goods(1_000)]), release())), refund(5_001))),
        (part, (capture(4_000), Together((refund(10_000), refund(10_000), release())))),
    )
    for plan, steps in sequences:
        yield Scenario(plan=plan, steps=steps)


def _beside_another_order(full: OrderPlan) -> Iterator[Scenario]:
    for here, there in (
        (refund(2_000), refund(3_000, order="other")),
        (refund(10_000, key=Key("a")), refund(10_000, order="other", key=Key("b"))),
    ):
        yield Scenario(plan=full, other=full, steps=(Together((here, there) * 2),))


def _with_fees(plan: OrderPlan) -> Iterator[Scenario]:
    half = refund(4_500, key=_FIRST, order_lines=[goods(5_000), fee(500)])
    yield _race(plan, half, half)  # both fit the captured amount, so that a second one shows
    whole = refund(9_500, key=_FIRST, order_lines=[goods(10_000), fee(500)])
    again = refund(9_500, key=Key("second"), order_lines=[goods(10_000), fee(500)])
    yield _race(plan, whole, again, refund(9_500), refund(500))
    yield Scenario(plan=plan, steps=(whole, Together((refund(500),) * 3)))
