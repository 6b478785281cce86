"""Optional members of a refund: texts and order lines."""

from collections.abc import Iterator

from klarna_specs.scenario import Key, Scenario, Step
from klarna_strategies.lines import Line, discount, goods, nested_members
from klarna_strategies.scripts import LONGEST, WORLD_TEXTS
from klarna_strategies.steps import capture, refund
from klarna_strategies.tables.stage import Stage

__all__ = ["refund_bodies"]

_AT_A_TIME = 4
"""How many refunds with texts an order has."""


def refund_bodies(stage: Stage) -> Iterator[Scenario]:
    """Refunds with every optional member, at their described limits and in every script."""
    yield Scenario(plan=stage.plan(), steps=(_everything(),))
    yield from _texts(stage)
    for lines in _lines():
        yield Scenario(plan=stage.plan(), steps=(refund(_total(lines), order_lines=lines),))
    yield from _wrong_sums(stage)
    yield from _silent(stage)
    yield from _lines_of_captures(stage)


def _total(lines: list[Line]) -> int:
    return sum(line["total_amount"] for line in lines)


def _texts(stage: Stage) -> Iterator[Scenario]:
    plan = stage.plan()
    texts = ("Returned goods", LONGEST, "", *WORLD_TEXTS, "007", "\u200fהחזרה\u200e 123")
    for start in range(0, len(texts), _AT_A_TIME):
        numbered = enumerate(texts[start : start + _AT_A_TIME], start)
        row = [refund(100 + n, description=text, reference=texts[n - 4]) for n, text in numbered]
        yield Scenario(plan=plan, steps=tuple(row))
    for text in ("Returned goods", LONGEST, WORLD_TEXTS[0]):
        yield Scenario(plan=plan, steps=(refund(100, description=text),))
        yield Scenario(plan=plan, steps=(refund(100, reference=text),))
    for amount in (100, 10_001):
        everything = refund(
            amount, reference="RMA-1", description="Returned", order_lines=[goods(amount)]
        )
        yield Scenario(plan=plan, steps=(everything,))
    with_texts = refund(100, reference="RMA-1", description="Two shirts")
    yield Scenario(plan=plan, steps=(with_texts, refund(200)))
    # Two refunds that a server may confuse, and two whose texts it may swap.
    alike = [refund(100 * n, key=Key(f"{n}"), reference="RMA-1") for n in (1, 2)]
    yield Scenario(plan=plan, steps=tuple(alike))
    yield Scenario(
        plan=plan, steps=(refund(100, description="first"), refund(100, description="second"))
    )


def _everything() -> Step:
    """A refund with all that a body may have, at its described limits."""
    other = {"brand": "Other", "size": "44"}
    lines = [
        goods(2_000, quantity=4, **nested_members()),
        goods(1_250, tax_rate=2_500, total_tax_amount=250, product_identifiers=other),
        discount(450),
        *(goods(10, name=f"Line {n}") for n in range(100)),
    ]
    return refund(_total(lines), description="ä" * 255, reference=LONGEST, order_lines=lines)


def _lines() -> Iterator[list[Line]]:
    """Lines that add up."""
    yield [goods(2_000)]
    yield []
    yield [goods(1_000), goods(2_000, name="Socks")]
    yield [goods(3_000, quantity=3)]
    yield [goods(0, quantity=0, unit_price=500), goods(500)]
    yield [goods(1_250, tax_rate=2_500, total_tax_amount=250)]
    yield [goods(1_000, tax_rate=0, total_tax_amount=0)]
    yield [goods(900, unit_price=1_000, total_discount_amount=100)]
    yield [goods(2_000), discount(500)]
    yield [discount(500), goods(2_000)]
    yield [goods(2_000, **nested_members())]
    yield [goods(100, merchant_data="m" * 1024, quantity_unit="pcs.", reference="r" * 255)]
    yield [goods(100, name="n" * 255, product_url="https://shop.example/1")]
    yield [goods(100, name=text) for text in WORLD_TEXTS]
    for kind in ("shipping_fee", "sales_tax", "store_credit", "gift_card", "digital", "surcharge"):
        yield [goods(1_000), goods(300, name=kind, type=kind)]
    yield [{k: v for k, v in goods(1_000).items() if k != "type"}]
    yield [goods(10, name=f"Line {n}") for n in range(100)]
    yield [goods(10) for _ in range(1_000)]


def _wrong_sums(stage: Stage) -> Iterator[Scenario]:
    """Lines that do not add up: such a refund is not allocated, and accepted all the same."""
    lines = [goods(1_000), goods(2_000, quantity=2)]
    for amount in (2_999, 3_001, 1_000, 2_000, 1, 10_000):
        yield Scenario(plan=stage.plan(), steps=(refund(amount, order_lines=lines),))
    yield Scenario(plan=stage.plan(), steps=(refund(100, order_lines=[goods(20_000)]),))
    yield Scenario(
        plan=stage.plan(), steps=(refund(9_000, order_lines=[goods(1_000)]), refund(1_001))
    )
    yield Scenario(plan=stage.plan("several-complete"), steps=(refund(10_000, order_lines=lines),))


def _silent(stage: Stage) -> Iterator[Scenario]:
    """Undocumented cases: totals and taxes that do not match, and very high amounts."""
    table = (
        goods(1_000, quantity=3, unit_price=333),
        goods(1_000, quantity=2, unit_price=1_000),
        goods(900, unit_price=1_000),
        goods(1_000, tax_rate=2_500, total_tax_amount=0),
        goods(1_000, tax_rate=2_500, total_tax_amount=250),
        goods(1_000, total_tax_amount=200),
        goods(1_000, quantity=0, unit_price=1_000),
    )
    for line in table:
        amount = line["total_amount"]
        yield Scenario(plan=stage.plan(), steps=(refund(amount, order_lines=[line]),))
    large = stage.plan(order_amount=150_000_000)
    sample = goods(100_000_000, quantity_unit="pcs.", **nested_members())
    yield Scenario(plan=large, steps=(refund(100_000_000, order_lines=[sample]),))
    yield Scenario(plan=large, steps=(refund(100_000_001),))


def _lines_of_captures(stage: Stage) -> Iterator[Scenario]:
    """Refunds whose lines refer to one of several captures are bound by all captures together."""
    shirt, socks = goods(6_000, reference="shirt"), goods(4_000, name="Socks", reference="socks")
    captures = (
        capture(6_000, order_lines=[shirt]),
        capture(4_000, order_lines=[socks], reference="second parcel"),
    )
    table: tuple[tuple[Step, ...], ...] = (
        (refund(6_000, order_lines=[shirt]),),
        (refund(4_000, order_lines=[socks]),),
        (refund(10_000, order_lines=[shirt, socks]),),
        (refund(4_000, order_lines=[socks]), refund(4_000, order_lines=[socks])),
        (refund(4_000, order_lines=[socks]), refund(6_001, order_lines=[shirt])),
    )
    for steps in table:
        yield Scenario(plan=stage.plan("none-open"), steps=(*captures, *steps))
