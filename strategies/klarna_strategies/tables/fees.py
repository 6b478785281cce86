"""Refunds with a return fee: its conditions, and the sum of its lines."""

from collections.abc import Iterator

from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import Line, discount, fee, goods, lines_total
from klarna_strategies.steps import capture, get_order, refund, release
from klarna_strategies.tables.stage import Stage

__all__ = ["fee_refund", "fees"]


def fee_refund(*lines: Line, refunded_amount: int | None = None, key: Key | None = None) -> Step:
    """A refund with these order lines; by default of their sum."""
    amount = lines_total(list(lines)) if refunded_amount is None else refunded_amount
    return refund(amount, key=key, order_lines=list(lines))


PAGE = (goods(10_000), fee(500))
"""The lines of the page's sample: a T-shirt of 10000 less a fee of 500."""


_ODD = (goods(10_000), fee(487))
"""A fee in minor units that no rounding to whole units leaves alone."""
_SMALL = (fee(99), goods(1_000))
_SIX = (*[goods(900, name=f"Line {n}", quantity=3) for n in range(5)], fee(487, name="Retour"))
"""Six lines with a sum of 4013: the fee last, with another name than in the page's sample."""


def fees(stage: Stage) -> Iterator[Scenario]:
    """Return fees kept and broken by market, by capture layout, by position and by sum."""
    yield from _by_market(stage)
    # Without a return-fee market on the stage, every fee refund is refused.
    if stage.fee_market is None:
        return
    yield from _by_layout(stage)
    for lines in (*_valid_lines(), *_by_position()):
        yield _whole(stage, fee_refund(*lines))
    yield from _wrong_sums(stage)
    yield from _bound(stage)
    yield from _after_a_fee(stage)
    yield from _silent(stage)


def _whole(stage: Stage, *steps: Step) -> Scenario:
    return Scenario(plan=stage.plan(market=stage.fee_market), steps=steps)


def _by_market(stage: Stage) -> Iterator[Scenario]:
    listed = stage.of("return_fee")
    for index, market in enumerate(stage.markets):
        plan = stage.plan(market=market)
        if market in listed:
            wrong = fee_refund(*_SIX, refunded_amount=(3_600, 4_012, 4_014)[index % 3])
            yield Scenario(plan=plan, steps=(wrong, fee_refund(*_ODD), refund(487)))
            for layout in ("one-partial-open", "several-complete"):
                crossed = stage.plan(layout, market=market)
                yield Scenario(plan=crossed, steps=(fee_refund(*(_SMALL, _SIX)[index % 2]),))
        else:
            charged = fee_refund(*_SIX, key=Key("fee")), fee_refund(*_SMALL)
            yield Scenario(plan=plan, steps=(*charged, refund(10_000)))
            small = stage.plan(market=market, order_amount=1_000)
            yield Scenario(plan=small, steps=(fee_refund(*_SMALL), refund(1_000)))


def _by_layout(stage: Stage) -> Iterator[Scenario]:
    small = fee_refund(goods(1_000), fee(100))
    for layout in LAYOUTS:
        plan = stage.plan(layout, market=stage.fee_market)
        yield Scenario(plan=plan, steps=(small,))
        if plan.captures and layout != "one-full":
            whole = fee_refund(goods(plan.captured_amount), fee(500))
            yield Scenario(plan=plan, steps=(whole, refund(plan.captured_amount)))
    part = stage.plan("one-partial-open", market=stage.fee_market)
    none = stage.plan("none-open", market=stage.fee_market)
    yield Scenario(plan=none, steps=(capture(10_000), fee_refund(*PAGE)))
    nearly_all = stage.captured(9_999, order_amount=10_000, market=stage.fee_market)
    yield Scenario(plan=nearly_all, steps=(small,))
    yield Scenario(plan=none, steps=(capture(9_999), capture(1), small))
    yield Scenario(plan=part, steps=(capture(4_000), small))
    yield Scenario(plan=part, steps=(refund(1_000), small))
    yield Scenario(plan=part, steps=(release(), small))
    for captures in ((1, 9_999), (9_999, 1), (5_000, 5_000), (2_000, 3_000, 5_000)):
        plan = stage.captured(*captures, market=stage.fee_market)
        yield Scenario(plan=plan, steps=(small,))


def _valid_lines() -> Iterator[tuple[Line, ...]]:
    yield goods(10_000), fee(1)
    yield goods(10_000), fee(9_999)
    yield goods(5_000), fee(500)
    yield goods(2), fee(1)
    yield goods(10_500), fee(500)
    yield goods(9_000, quantity=3), fee(500)
    yield goods(9_000, unit_price=10_000, total_discount_amount=1_000), fee(500)
    yield goods(10_000, tax_rate=2_500, total_tax_amount=2_000), fee(500)
    yield goods(10_000), fee(500, tax_rate=2_500, total_tax_amount=-100)
    yield goods(10_000), fee(500, quantity=2, unit_price=-250)
    yield goods(10_000), discount(1_000), fee(500)
    yield (
        goods(9_000, quantity=3),
        fee(500, tax_rate=2_500, total_tax_amount=-100),
        goods(1_000, tax_rate=2_500, total_tax_amount=200),
    )
    yield goods(8_000), goods(300, type="shipping_fee", name="Shipping"), fee(500)
    yield goods(8_000), goods(300, type="surcharge", name="Surcharge"), fee(500)
    yield goods(8_000), fee(500, name="Rückgabegebühr", reference="fee-1")
    yield *[goods(100, name=f"Line {n}") for n in range(99)], fee(500)


def _by_position() -> Iterator[tuple[Line, ...]]:
    """The fee at each position among one, two and four other lines of different amounts."""
    for count in (1, 2, 4):
        others = [goods(1_000 * n, name=f"Line {n}") for n in range(1, count + 1)]
        for position in range(count + 1):
            yield *others[:position], fee(150), *others[position:]


def _wrong_sums(stage: Stage) -> Iterator[Scenario]:
    """Refunded amounts that result from wrong sums."""
    sale = goods(700, unit_price=900, total_discount_amount=200)
    several = (goods(4_000), fee(300), goods(2_000, quantity=2), sale)
    taxed = (goods(8_000, tax_rate=2_500, total_tax_amount=1_600), fee(500))
    reduced = (goods(7_000, unit_price=8_000, total_discount_amount=1_000), fee(500))
    sold_off = goods(7_000, quantity=3, unit_price=2_400, total_discount_amount=200)
    first = (fee(500), goods(6_000))
    # lines; then what is refunded instead of their sum, and why
    table: tuple[tuple[tuple[Line, ...], tuple[int, ...]], ...] = (
        # one above, one below, fee left out, its sign turned, only the fee, nothing but one unit
        (PAGE, (9_501, 9_499, 10_000, 10_500, 500, 1)),
        (first, (5_501, 5_499, 6_000, 6_500, 500)),
        # one above, one below, each line left out, fee left out and turned, prices without quantity
        # and quantity times price, only the first and only the last line
        (several, (6_401, 6_399, 2_400, 4_400, 5_700, 6_700, 7_000, 5_600, 6_600, 4_000, 700)),
        (taxed, (9_100, 5_900)),
        (reduced, (7_500, 5_500)),
        ((sold_off, fee(500)), (1_900, 6_700)),
        ((goods(6_000, quantity=3), fee(500)), (1_500, 17_500, 5_501)),
        ((goods(5_000), fee(500, quantity=2, unit_price=-250)), (4_750, 4_000)),
        ((goods(5_000), discount(1_000), fee(500)), (4_500, 5_500)),
        ((fee(500),), (500, 1)),
    )
    for lines, amounts in table:
        for amount in amounts:
            if amount <= 10_000:
                yield _whole(stage, fee_refund(*lines, refunded_amount=amount))
    for lines, besides in _alike():
        total = lines_total(list(lines))
        wrong = [fee_refund(*lines, refunded_amount=total + beside) for beside in besides]
        yield _whole(stage, *wrong)
        yield _whole(stage, fee_refund(*lines))
    hundred = [goods(50, name=f"Line {n}") for n in range(100)]
    yield _whole(stage, fee_refund(*hundred, fee(500), refunded_amount=4_450))


def _alike() -> Iterator[tuple[tuple[Line, ...], tuple[int, ...]]]:
    """Lines that a server may sum wrongly, with the error: equal ones, or several of a kind."""
    yield (goods(1_000), goods(1_000), fee(100)), (-1_000,)
    yield (goods(1_000, reference="75001"), goods(700, reference="75001"), fee(100)), (-1_000, -700)
    yield (goods(1_000), fee(100), fee(150)), (100, 150)
    yield (goods(1_000), fee(100), fee(100)), (100,)
    yield (
        (goods(1_000), goods(50, type="shipping_fee"), goods(70, type="shipping_fee"), fee(100)),
        (-50, -70, -120),
    )
    for kind in ("surcharge", "digital", "sales_tax"):
        yield (goods(1_000), goods(300, type=kind, name=kind), fee(100)), (-300,)
    yield (goods(2_000), discount(300), discount(200), fee(100)), (500, 1_000, 200)
    for kind in ("gift_card", "store_credit"):
        yield (goods(2_000), goods(-300, type=kind, name=kind), fee(100)), (300, 600)
    taxed = goods(1_000, tax_rate=0, total_tax_amount=40)
    yield (taxed, goods(1_000, quantity=4, unit_price=300), fee(100)), (40, 200, -1)
    ten = tuple(goods(200, name=f"Line {n}") for n in range(10))
    yield (*ten, goods(70, name="Last"), fee(100)), (30, -70)


def _bound(stage: Stage) -> Iterator[Scenario]:
    """The customer's payout is limited by the rest, with and without the fee."""
    yield _whole(stage, fee_refund(goods(10_501), fee(500)))
    yield _whole(stage, fee_refund(goods(20_000), fee(500)))
    yield _whole(stage, refund(2_000), fee_refund(goods(8_000), fee(500)))
    yield _whole(stage, refund(2_000), fee_refund(goods(8_500), fee(500)))
    yield _whole(stage, refund(2_000), fee_refund(goods(8_501), fee(500)))
    yield _whole(stage, refund(10_000), fee_refund(goods(501), fee(500)))


def _after_a_fee(stage: Stage) -> Iterator[Scenario]:
    """The fee stays with the merchant and can be refunded once, and so can the rest."""
    charged, part = fee_refund(*PAGE), fee_refund(goods(5_000), fee(500))
    shown = goods(500, name="Return fee removed")
    table: tuple[tuple[Step, ...], ...] = (
        (charged, refund(500)),
        (charged, refund(500, order_lines=[shown])),
        (charged, refund(500, order_lines=[{**shown, "type": "surcharge"}])),
        (charged, refund(501)),
        (charged, refund(501), refund(500)),
        (charged, refund(500), refund(500)),
        (charged, refund(500), refund(1)),
        (charged, refund(499), refund(1), refund(1)),
        (charged, refund(250), refund(251)),
        (charged, refund(10_000)),
        (charged, get_order()),
        (part, refund(500)),
        (part, refund(500), refund(500)),
        (part, refund(5_500)),
        (part, refund(5_501)),
        (part, refund(500), refund(5_001)),
        (part, refund(5_000), refund(500)),
        (part, refund(5_000), refund(501)),
        (refund(1_000), fee_refund(goods(9_000), fee(500)), refund(500)),
        (refund(1_000), fee_refund(goods(9_000), fee(500)), refund(501)),
        (fee_refund(goods(10_000), fee(1)), refund(1)),
        (fee_refund(goods(10_000), fee(1)), refund(2)),
    )
    for steps in table:
        yield _whole(stage, *steps)


def _silent(stage: Stage) -> Iterator[Scenario]:
    """Undocumented cases: odd totals and taxes, several fees, fees not negative, a second fee."""
    yield _whole(stage, fee_refund(goods(10_000, quantity=3, unit_price=3_333), fee(500)))
    untaxed = fee(500, tax_rate=2_500, total_tax_amount=0)
    yield _whole(stage, fee_refund(goods(10_000), untaxed))
    part = fee_refund(goods(3_000), fee(300))
    yield _whole(stage, fee_refund(goods(5_000), fee(200), fee(300)))
    yield _whole(stage, fee_refund(fee(200), goods(5_000), fee(300)))
    yield _whole(stage, fee_refund(goods(5_000), fee(-500)))
    yield _whole(stage, fee_refund(goods(5_000), fee(0)))
    yield _whole(stage, fee_refund(goods(500), fee(500)))
    yield _whole(stage, fee_refund(fee(500)))
    yield _whole(stage, part, part)
    yield _whole(stage, part, part, refund(600))
    yield _whole(stage, part, part, refund(4_601))
