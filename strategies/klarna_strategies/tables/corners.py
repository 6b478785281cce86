"""Cases that no combination holds: days as numbers, keys that are nearly alike, orders mixed up."""

from collections.abc import Iterator
from itertools import permutations

import msgspec

from klarna_specs.scenario import Key, Raw, Scenario
from klarna_strategies.lines import fee, goods
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
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.stage import Stage

__all__ = ["corners"]

_LARGE_AMOUNT = 40_000_001
"""An odd amount beyond single precision."""
_LARGEST_REFUND = 200_000_000
"""The largest refund that no description excludes."""


def corners(stage: Stage) -> Iterator[Scenario]:
    """Single corner cases of the other tables."""
    for index, market in enumerate(stage.markets):
        layout = ("one-partial-open", "several-partial-open")[index % 2]
        yield Scenario(plan=stage.plan(layout, market=market), steps=(release(),))
    yield from _many_keys(stage)
    yield from _similar_keys(stage)
    yield from _keys_of_other_calls(stage)
    yield from _large_fees(stage)
    yield from _days(stage)
    yield from _mixed_up(stage)
    yield from _texts_and_amounts(stage)
    yield from _extended_late(stage)
    yield from _lines_of_one_capture(stage)


def _many_keys(stage: Stage) -> Iterator[Scenario]:
    """Seven refunds under keys of their own, then all of them again."""
    row = tuple(refund(100 + n, key=Key(f"refund {n}")) for n in range(7))
    yield Scenario(plan=stage.plan(), steps=(*row, *row))


def _similar_keys(stage: Stage) -> Iterator[Scenario]:
    """Another case, last character or hyphen makes another key."""
    for other in ("refund-A", "refund-b", "refunda"):
        one, two = Key("refund-a", "text"), Key(other, "text")
        yield Scenario(plan=stage.plan(), steps=(refund(300, key=one), refund(400, key=two)))
        yield Scenario(plan=stage.plan(), steps=(refund(300, key=one), refund(300, key=two)))
    one, two = Key("refund-a"), Key("refund-b")
    yield Scenario(plan=stage.plan(), steps=(refund(300, key=one), refund(400, key=two)))


def _keys_of_other_calls(stage: Stage) -> Iterator[Scenario]:
    """The key of one call, used again for a call of another operation."""
    key = Key("one")
    calls = (refund(300, key=key), capture(500, key=key), release(key=key), extend(14, key=key))
    plan = stage.plan("one-partial-open", market=stage.extension_market)
    for one, other in permutations(calls, 2):
        yield Scenario(plan=plan, steps=(one, other, get_order()))


def _large_fees(stage: Stage) -> Iterator[Scenario]:
    """Sums that are wrong by one beyond single precision."""
    if stage.fee_market is None:
        return
    plan = stage.plan(market=stage.fee_market, order_amount=_LARGE_AMOUNT)
    lines = (goods(_LARGE_AMOUNT - 2), fee(500))
    total = _LARGE_AMOUNT - 502
    for wrong in (total + 1, total - 1):
        yield Scenario(plan=plan, steps=(fee_refund(*lines, refunded_amount=wrong),))
    wrong = fee_refund(*lines, refunded_amount=total + 1)
    yield Scenario(plan=plan, steps=(wrong, fee_refund(*lines)))


def _days(stage: Stage) -> Iterator[Scenario]:
    """Numbers of days as they are documented, whether they are offered for a capture or not."""
    for index, market in enumerate(stage.of("extension")):
        days = (61, 3)[index % 2]
        plan = stage.plan(market=market)
        yield Scenario(plan=plan, steps=(get_options(), extend(days)))
    market = stage.extension_market
    if market is None:
        return
    beside = {days + plus for days in stage.spec.extension_days for plus in (-1, 0, 1)}
    for order_amount in (10_000, 250_000):
        plan = stage.plan(market=market, order_amount=order_amount)
        for days in sorted(beside):
            yield Scenario(plan=plan, steps=(extend(days),))
    two = stage.captured(50_000, 200_000, market=market)
    longest = max(stage.spec.extension_days)
    yield Scenario(plan=two, steps=(get_options(1), extend(longest, capture=0)))
    yield Scenario(plan=two, steps=(get_options(0), extend(longest, capture=1)))
    other = stage.plan(market=market, order_amount=250_000)
    steps = (get_options(order="other"), extend(longest))
    yield Scenario(plan=stage.plan(market=market), other=other, steps=steps)


def _mixed_up(stage: Stage) -> Iterator[Scenario]:
    """Reads and changes of a resource under an order that it does not belong to."""
    full = stage.plan()
    made = refund(100)
    yield Scenario(plan=full, steps=(made, get_refund(0, order="unknown"), get_refund(0)))
    elsewhere = get_refund("other", order="other")
    yield Scenario(plan=full, other=full, steps=(made, elsewhere, get_refund(0)))
    part, none = stage.plan("one-partial-open"), stage.plan("none-open")
    extended = stage.plan(market=stage.extension_market)
    for plan, call in (
        (full, refund(100, order="unknown")),
        (full, refund(100, order="unknown", key=Key("refund"))),
        (none, capture(100, order="unknown")),
        (none, cancel(order="unknown")),
        (part, release(order="unknown")),
        (extended, extend(30, order="unknown")),
    ):
        yield Scenario(plan=plan, steps=(call, get_order()))


def _texts_and_amounts(stage: Stage) -> Iterator[Scenario]:
    """Texts with white space around them or a NUL in them, and amounts that wrap in 64 bits."""
    plan = stage.plan()
    yield Scenario(plan=plan, steps=(refund(100, description="  Returned goods \t"),))
    yield Scenario(plan=plan, steps=(refund(100, reference=" RMA-1  "),))
    yield Scenario(plan=plan, steps=(refund(100, description="Returned\0", reference="RMA\0"),))
    yield Scenario(plan=plan, steps=(refund(2**63),))
    parts = 2**31 // _LARGEST_REFUND + 1
    large = stage.plan(order_amount=parts * _LARGEST_REFUND)
    yield Scenario(plan=large, steps=(*[refund(_LARGEST_REFUND)] * parts, refund(1)))
    # Too large for integers in the format of saved scenarios, so they are text.
    for amount in (2**64 + 1_000, 10**30):
        beyond = Raw(text=f'{{"refunded_amount": {amount}}}')
        yield Scenario(plan=plan, steps=(msgspec.structs.replace(refund(1), body=beyond),))


def _extended_late(stage: Stage) -> Iterator[Scenario]:
    """An extension after a return fee was charged, and after a release."""
    if stage.extension_market is None:
        return
    if stage.market in stage.of("return_fee") and stage.market in stage.of("extension"):
        charged = fee_refund(goods(5_000), fee(500))
        yield Scenario(plan=stage.plan(), steps=(charged, extend(offered(0))))
        yield Scenario(plan=stage.plan(), steps=(charged, refund(500), extend(offered(0))))
    for layout in ("one-partial-open", "several-partial-open"):
        plan = stage.plan(layout, market=stage.extension_market)
        yield Scenario(plan=plan, steps=(release(), get_options(), extend(offered(0))))


def _lines_of_one_capture(stage: Stage) -> Iterator[Scenario]:
    """A refund of the lines of one capture whose amount is more than either capture."""
    one, two = (goods(amount, reference=f"parcel-{amount}") for amount in (3_000, 4_000))
    captured = (capture(3_000, order_lines=[one]), capture(4_000, order_lines=[two]))
    beyond = refund(4_500, order_lines=[goods(4_500, reference="parcel-3000")])
    steps = (*captured, beyond, get_capture(0), get_captures())
    yield Scenario(plan=stage.plan("none-open"), steps=steps)
