"""Legal but rare refunds: unusual order lines, texts in any script."""

from collections.abc import Iterator

from klarna_specs.client.play import Command
from klarna_strategies.clients.commands import refund
from klarna_strategies.lines import discount, fee, goods, nested_members

__all__ = ["with_lines", "with_texts"]

_RARE_TYPES = ("shipping_fee", "gift_card", "sales_tax", "store_credit", "surcharge", "digital")
_TEXTS = (
    "Größe M \u2013 zwei Stück, 100 % Baumwolle €",
    "החזר עבור הזמנה 17 (שתי חולצות)",
    "返品 \U0001f455\U0001f469\u200d\U0001f469\u200d\U0001f467 “x”",
    "<b>R&amp;D</b> \\ \"quoted\" 'single' %20 + \t{0} $1",
    " two  spaces ",
    ("return of a shirt " * 15)[:255],
)


def with_lines() -> Iterator[Command]:
    """Lines with quantity 0, rare types, duplicates, equal references, and every member."""
    yield refund(1_999, order_lines=[])
    yield refund(100, order_lines=[goods(0, quantity=0, unit_price=100), goods(100)])
    yield refund(100, order_lines=[goods(0), goods(100)])
    for rare in _RARE_TYPES:
        lines = [{**goods(amount, name=rare), "type": rare} for amount in (490, 290)]
        yield refund(1_780, order_lines=[goods(1_000), *lines])
    yield refund(700, order_lines=[goods(1_000), discount(100), discount(200)])
    alike = [goods(amount, reference="75001") for amount in (600, 400)]
    yield refund(1_000, order_lines=alike)
    yield refund(1_000, order_lines=[goods(500, reference="75001")] * 2)
    yield refund(1_000, order_lines=[goods(500)] * 2)
    yield refund(2_000, order_lines=[goods(3_000), fee(750), fee(250)])
    yield refund(2_000, order_lines=[goods(3_000), fee(500), fee(500)])
    yield refund(2_500, order_lines=[goods(3_000), fee(500, tax_rate=2_500)])
    yield refund(1_999, order_lines=[goods(1_999, tax_rate=2_550, total_tax_amount=406)])
    discounted = goods(1_000, unit_price=1_113, total_discount_amount=113)
    yield refund(1_029, order_lines=[goods(29), discounted])
    yield refund(100, order_lines=[goods(300), goods(500)])
    plain = {"quantity_unit": "pcs.", "merchant_data": '{"a":"b"}'}
    yield refund(1_000, order_lines=[{**goods(1_000), **plain, **nested_members()}])
    many = [goods(100, name=f"Article {number}", reference=f"a-{number}") for number in range(12)]
    yield refund(1_200, order_lines=many)


def with_texts() -> Iterator[Command]:
    """Texts in other scripts and directions, of the maximum length, none, one of two."""
    for text in _TEXTS:
        line = goods(100, name=text, reference=text[:60])
        yield refund(100, description=text, reference=text[:60], order_lines=[line])
    yield refund(100, description="Without a reference")
    yield refund(100, reference="without-a-description")
    yield refund(100, description="", reference="")
