"""Repeated calls: with the same idempotency key, with another one, without one."""

from collections.abc import Iterator
from typing import Literal

from klarna_specs.scenario import Key, Scenario, Step, Wait
from klarna_strategies.lines import fee, goods
from klarna_strategies.scripts import WORLD_TEXTS
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
from klarna_strategies.tables.fees import fee_refund
from klarna_strategies.tables.stage import Stage

__all__ = ["replays"]

KEY = Key("first")
OTHER = Key("second")
FORMS: tuple[Literal["uuid4", "uuid5", "text"], ...] = ("uuid4", "uuid5", "text")


def replays(stage: Stage) -> Iterator[Scenario]:
    """Repeats of every operation that changes an order, at once and after other calls."""
    for steps in (*_by_form(), *_refunds(), *_other_bodies(), *_similar_keys()):
        yield Scenario(plan=stage.plan(), steps=steps)
    yield from _of_refusals(stage)
    yield from _of_other_operations(stage)
    yield from _elsewhere(stage)
    yield from _later(stage)
    yield from _on_busy_orders(stage)
    if stage.fee_market:
        plan = stage.plan(market=stage.fee_market)
        charged = fee_refund(goods(10_000), fee(500), key=KEY)
        yield Scenario(plan=plan, steps=(charged, charged))
        yield Scenario(plan=plan, steps=(charged, refund(500), charged))
        yield Scenario(plan=plan, steps=(charged, refund(500, key=OTHER), refund(500, key=OTHER)))
        yield Scenario(plan=plan, steps=(charged, charged, refund(500), refund(1)))
        removed = refund(500, key=KEY)
        yield Scenario(plan=plan, steps=(charged, removed))


def _by_form() -> Iterator[tuple[Step, ...]]:
    for form in FORMS:
        again = refund(1_000, key=Key("refund", form))
        full = refund(10_000, key=Key("refund", form))
        yield (again,)
        yield again, again
        yield again, again, again
        yield again, refund(2_000), again
        yield full, full
        yield again, refund(1_000, key=Key("another", form))


def _refunds() -> Iterator[tuple[Step, ...]]:
    again, most = refund(1_000, key=KEY), refund(6_000, key=KEY)
    detailed = refund(
        1_000, key=KEY, reference="RMA-1", description="Returned", order_lines=[goods(1_000)]
    )
    other = refund(1_000, key=OTHER)
    yield refund(1_000), refund(1_000)
    yield refund(1_000), again
    yield again, refund(1_000)
    yield again, other, again, other
    yield again, again, refund(9_000)
    yield again, again, refund(9_001)
    yield most, most, get_order()
    yield most, refund(4_000), most, refund(1)
    yield most, refund(4_001), most
    yield most, refund(4_000, key=OTHER), most, refund(4_000, key=OTHER)
    yield again, again, again, again, again, get_order()
    yield again, *[refund(100, key=Key(f"between {n}")) for n in range(5)], again
    yield detailed, detailed
    yield detailed, other, detailed


def _other_bodies() -> Iterator[tuple[Step, ...]]:
    """Only the key counts: another body with the same key moves no money."""
    first = refund(1_000, key=KEY)
    yield first, refund(2_000, key=KEY)
    yield first, refund(1_000, key=KEY, description="Returned")
    yield first, refund(10_001, key=KEY)
    yield first, refund(9_001, key=KEY)
    yield first, refund(2_000, key=KEY), refund(9_000)
    yield first, refund(2_000, key=KEY), first


def _similar_keys() -> Iterator[tuple[Step, ...]]:
    """Keys that differ in one character are different keys."""
    long = "k" * 40
    for one, two in (
        ("refund-a", "refund-b"),
        ("a-refund", "b-refund"),
        ("refund-a", "refund-A"),
        ("refund-1", "refund-10"),
        (f"{long}1", f"{long}2"),
        ("refund-1-2", "refund-12"),
    ):
        yield refund(1_000, key=Key(one, "text")), refund(2_000, key=Key(two, "text"))


def _of_refusals(stage: Stage) -> Iterator[Scenario]:
    none, part = stage.plan("none-open"), stage.plan("one-partial-open")
    over, much = refund(7_000, key=KEY), capture(10_001, key=KEY)
    yield Scenario(plan=part, steps=(over, over))
    yield Scenario(plan=part, steps=(over, capture(4_000), over))
    yield Scenario(plan=part, steps=(over, refund(6_000, key=KEY)))
    yield Scenario(plan=part, steps=(refund(7_000, key=KEY), refund(7_000, key=OTHER)))
    yield Scenario(plan=none, steps=(much, much))
    yield Scenario(plan=stage.plan(), steps=(release(key=KEY), release(key=KEY)))
    yield Scenario(plan=part, steps=(cancel(key=KEY), cancel(key=KEY)))
    plan = stage.plan(market=stage.extension_market)
    yield Scenario(plan=plan, steps=(extend(0, key=KEY), extend(0, key=KEY)))
    yield Scenario(plan=plan, steps=(extend(0, key=KEY), extend(offered(0), key=KEY)))


def _of_other_operations(stage: Stage) -> Iterator[Scenario]:
    none, part = stage.plan("none-open"), stage.plan("one-partial-open")
    some, freed, cancelled = capture(1_000, key=KEY), release(key=KEY), cancel(key=KEY)
    all_of_it = capture(10_000, key=KEY)
    on_none: tuple[tuple[Step, ...], ...] = (
        (some, some),
        (some, some, get_captures()),
        (some, some, some),
        (some, capture(2_000), some),
        (some, capture(1_000)),
        (some, capture(1_000, key=OTHER), get_captures()),
        (some, capture(2_000, key=KEY)),
        (all_of_it, all_of_it),
        (some, some, refund(1_001)),
        (cancelled, cancelled),
    )
    for steps in on_none:
        yield Scenario(plan=none, steps=steps)
    yield Scenario(plan=part, steps=(freed, freed))
    yield Scenario(plan=part, steps=(freed, refund(6_000), freed))
    yield Scenario(plan=part, steps=(freed, release(key=OTHER)))
    if market := stage.extension_market:
        plan = stage.plan(market=market)
        first = extend(offered(0), key=KEY)
        yield Scenario(plan=plan, steps=(first, first))
        yield Scenario(plan=plan, steps=(first, refund(1_000), first))
        yield Scenario(plan=plan, steps=(first, extend(offered(1), key=KEY)))
        several = stage.plan("several-complete", market=market)
        second = extend(offered(0), capture=1, key=KEY)
        yield Scenario(plan=several, steps=(first, second))


def _elsewhere(stage: Stage) -> Iterator[Scenario]:
    """A key that was used on another order, or for another operation."""
    full, part, none = stage.plan(), stage.plan("one-partial-open"), stage.plan("none-open")
    extended = stage.plan(market=stage.extension_market)
    for plan, first, second in (
        (full, refund(1_000, order="other", key=KEY), refund(1_000, key=KEY)),
        (full, refund(1_000, key=KEY), refund(2_000, order="other", key=KEY)),
        (none, capture(100, order="other", key=KEY), capture(100, key=KEY)),
        (part, release(order="other", key=KEY), release(key=KEY)),
        (none, cancel(order="other", key=KEY), cancel(key=KEY)),
        (extended, extend(offered(0), order="other", key=KEY), extend(offered(0), key=KEY)),
    ):
        yield Scenario(plan=plan, other=plan, steps=(first, second))
    there = (refund(1_000, order="other", key=KEY), release(order="other", key=OTHER))
    both = (*there, refund(1_000, key=KEY), release(key=OTHER))
    yield Scenario(plan=part, other=part, steps=both, packed=True)
    yield Scenario(plan=part, steps=(refund(1_000, key=KEY), capture(1_000, key=KEY)))
    yield Scenario(plan=part, steps=(capture(1_000, key=KEY), refund(1_000, key=KEY)))
    yield Scenario(plan=part, steps=(refund(1_000, key=KEY), release(key=KEY)))
    yield Scenario(plan=none, steps=(capture(1_000, key=KEY), release(key=KEY)))


def _later(stage: Stage) -> Iterator[Scenario]:
    """A key is stored for 24 hours; what follows is not documented."""
    again, plan = refund(1_000, key=KEY), stage.plan()
    yield Scenario(plan=plan, steps=(again, Wait(3_600), again))
    yield Scenario(plan=plan, steps=(again, Wait(82_900), again))
    yield Scenario(plan=plan, steps=(again, Wait(82_900), refund(2_000), again))
    yield Scenario(plan=plan, steps=(again, Wait(43_200), again, Wait(42_000), again))
    yield Scenario(plan=plan, steps=(again, Wait(86_400), again))
    yield Scenario(plan=plan, steps=(refund(10_000, key=KEY), Wait(86_401), refund(1)))
    yield Scenario(plan=plan, steps=(again, Wait(90_000), refund(9_001)))


def _on_busy_orders(stage: Stage) -> Iterator[Scenario]:
    """Retries after many other calls: every other change, a refusal, and ten other keys.

    Some of these keys differ only beyond their first 32 characters, or are equal as numbers, and
    some have capital letters.
    """
    first, over = refund(1_000, key=KEY), refund(7_000, key=Key("over"))
    some, freed = capture(500, key=Key("capture")), release(key=Key("release"))
    changes = (first, over, over, some, first, freed, first, some, freed, over)
    yield Scenario(plan=stage.plan("one-partial-open"), steps=changes, packed=True)
    prefix = "Return-of-the-order-in-our-shop-number"
    keys = [Key(f"{prefix}-{n}", FORMS[n % 3]) for n in range(8)]
    keys += [Key(name, "number") for name in ("#", "0#", "#.0", "#e0")]
    texts = (*WORLD_TEXTS, "007")
    many = [
        refund(100 + n, key=key, description=text, reference=texts[-n])
        for n, (key, text) in enumerate(zip(keys, texts, strict=True))
    ]
    again = (*many, many[0], many[2], many[3], refund(10_000))
    yield Scenario(plan=stage.plan("several-partial-open"), steps=again, packed=True)
