"""Many conditions on one order: a request for each call, and one read of the order at the end.

Amounts are such that fractions of the major unit lose a minor unit, or add up wrongly.
"""

from collections.abc import Iterator

from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import discount, fee, goods, lines_total
from klarna_strategies.steps import capture, extend, get_options, offered, refund, release
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.stage import Stage

__all__ = ["crossings"]

_A, _B, _C, _D = (Key(name) for name in ("first", "second", "third", "fourth"))
_CAPTURES = (2_006, 1_981, 4_012)
_REFERENCE = "0042"
"""Read as a number it is another text."""


def crossings(stage: Stage) -> Iterator[Scenario]:
    """Refunds of several captures, fees, the end of an order, extensions, sums of lines."""
    last_with_fees = next(reversed(stage.of("return_fee")), None)
    for order_amount, market in ((7_999, None), (10_000, last_with_fees)):
        plan = stage.captured(*_CAPTURES, order_amount=order_amount, market=market)
        yield Scenario(plan=plan, steps=tuple(_of_several_captures()), packed=True)
    if stage.fee_market:
        plan = stage.plan(market=stage.fee_market, order_amount=8_000)
        yield Scenario(plan=plan, steps=tuple(_of_fees()), packed=True)
    later = stage.captured(2_999, order_amount=4_999)
    for plan in (later, stage.captured(1_003, 1_996, order_amount=4_999, payment_method="card")):
        yield Scenario(plan=plan, steps=tuple(_until_nothing_is_left()), packed=True)
    for market in stage.of("extension"):
        small, large = (extend(offered(-1), capture=n, key=key) for n, key in enumerate((_A, _B)))
        plan = stage.captured(4_000, 260_000, market=market)
        yield Scenario(plan=plan, steps=(small, large, refund(205), small), packed=True)
        paid = stage.plan(market=market, payment_method="card")
        yield Scenario(plan=paid, steps=(get_options(), extend(30)), packed=True)
    for beside in (70, -50):
        yield Scenario(plan=stage.plan(), steps=tuple(_of_other_sums(beside)), packed=True)
    many = [refund(10 + n, key=Key(f"{n}")) for n in range(101)]
    yield Scenario(plan=stage.plan(), steps=(*many, many[0]), packed=True)


def _of_several_captures() -> Iterator[Step]:
    """Four refunds of 7999, three with one reference; then more than is left, and all of it.

    No refund is above the largest capture: only the description allows that.
    """
    first = refund(1_003, key=_A, reference=_REFERENCE, order_lines=[goods(1_003)])
    second = refund(29, key=_B, reference=_REFERENCE, description="Returned goods")
    yield from (first, second, refund(410, key=_C, order_lines=[goods(410)]), first)
    fourth = refund(58, key=_D, reference=_REFERENCE)
    yield from (fourth, refund(6_500), fee_refund(goods(1_000), fee(100)), second)
    yield from (refund(3_900), refund(2_599), refund(1), fourth)


def _of_fees() -> Iterator[Step]:
    """Two fees on an order of 8000, the first with many lines, and their removal.

    After a refund a server may refuse any fee, so that only the first shows what the lines sum to.
    """
    many = (goods(2, name=f"Line {n}") for n in range(11))
    first = fee_refund(goods(1_000), goods(1_040, name="Socks"), *many, fee(29), key=_A)
    second = fee_refund(goods(1_000), goods(1_040, name="Socks"), fee(101), key=_B)
    yield from (first, second, first, refund(4_029), refund(101), second)
    yield fee_refund(goods(1_003), fee(58), refunded_amount=1_003)
    yield from (refund(3_927), refund(1), first)


def _of_other_sums(beside: int) -> Iterator[Step]:
    """Refunds of so much more than what their three or more lines sum to."""
    lines = [goods(100 + n, name=f"Line {n}") for n in range(7)]
    for those in (lines[:3], [*lines[:3], discount(90)], lines):
        yield refund(lines_total(those) + beside, order_lines=those)


def _until_nothing_is_left() -> Iterator[Step]:
    """All of 2999 captured is refunded, and then the rest of the authorization released."""
    first, freed = refund(1_003, key=_A), release(key=_B)
    yield from (first, refund(1_996), refund(1), freed, capture(1), first, freed)
