"""Examples of refunds with return fees."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import (
    BIG,
    CARD,
    FEE_REFUND,
    FULL,
    PART,
    PART_FEE,
    PAY_IN_4,
    PAY_NOW,
    THREE_CAPTURES,
    TWO_CAPTURES,
    WITH_FEE,
    Example,
    changed,
    on,
)
from klarna_specs.scenario import Key
from klarna_strategies.lines import discount, fee, goods
from klarna_strategies.steps import extend, offered, refund
from klarna_strategies.tables.fees import fee_refund

__all__ = ["FEES"]

_TAXED = goods(10_000, tax_rate=2_500, total_tax_amount=2_000)

FEES: Mapping[str, Example] = {
    "fee": on(FULL, FEE_REFUND),
    "fee-large": on(FULL, fee_refund(goods(10_000), fee(9_000))),
    "fee-whole": on(FULL, fee_refund(goods(10_000), fee(10_000))),
    "fee-one": on(FULL, fee_refund(goods(10_000), fee(1))),
    "fee-part": on(FULL, PART_FEE),
    "fee-removed": on(FULL, FEE_REFUND, refund(500)),
    "fee-removed-too-much": on(FULL, FEE_REFUND, refund(501)),
    "fee-again": on(FULL, *(fee_refund(goods(5_000), fee(500)),) * 2),
    "fee-then-refund": on(FULL, PART_FEE, refund(9_400)),
    "fee-too-low": on(FULL, fee_refund(goods(10_000), fee(500), refunded_amount=9_499)),
    "fee-too-high": on(FULL, fee_refund(goods(10_000), fee(500), refunded_amount=9_501)),
    "fee-not-taken-off": on(FULL, fee_refund(goods(10_000), fee(500), refunded_amount=10_000)),
    "fee-added": on(FULL, fee_refund(goods(9_000), fee(500), refunded_amount=9_500)),
    "fee-two-captures": on(TWO_CAPTURES, PART_FEE),
    "fee-partly-captured": on(PART, PART_FEE),
    "fee-card": on(CARD, PART_FEE),
    "fee-keyed-twice": on(FULL, *(fee_refund(goods(10_000), fee(500), key=Key("first")),) * 2),
    "fee-discount": on(FULL, fee_refund(goods(10_000), discount(100), fee(500))),
    "refund-above-with-fee": on(FULL, fee_refund(goods(11_000), fee(500))),
    "fee-three-captures": on(THREE_CAPTURES, PART_FEE),
    "fee-nearly-captured": on(changed(FULL, captures=(9_999,)), PART_FEE),
    "fee-sum-wrong-of-prices": on(
        FULL, fee_refund(goods(10_000, unit_price=9_000), fee(500), refunded_amount=8_500)
    ),
    "fee-shipping": on(FULL, fee_refund(goods(9_000), goods(1_000, type="shipping_fee"), fee(500))),
    "fee-surcharge": on(FULL, fee_refund(goods(9_000), goods(1_000, type="surcharge"), fee(500))),
    "fee-taxed": on(FULL, fee_refund(_TAXED, fee(500))),
    "fee-fee-taxed": on(
        FULL, fee_refund(goods(10_000), fee(500, tax_rate=2_500, total_tax_amount=-100))
    ),
    "fee-taxes-taken-off": on(FULL, fee_refund(_TAXED, fee(500), refunded_amount=7_500)),
    "fee-line-discount": on(
        FULL, fee_refund(goods(9_000, unit_price=10_000, total_discount_amount=1_000), fee(500))
    ),
    "fee-many-lines": on(FULL, fee_refund(*[goods(1_000)] * 10, fee(500))),
    "fee-many-lines-wrong": on(
        FULL, fee_refund(*[goods(1_000)] * 10, fee(500), refunded_amount=9_400)
    ),
    "fee-first": on(FULL, fee_refund(fee(500), goods(10_000))),
    "fee-removed-with-lines": on(FULL, FEE_REFUND, refund(500, order_lines=[goods(500)])),
    "fee-removed-under-key": on(FULL, FEE_REFUND, refund(500, key=Key("first"))),
    "fee-removed-after-refund": on(
        FULL, refund(1_000), fee_refund(goods(9_000), fee(500)), refund(500)
    ),
    "fee-wrong-thirty": on(FULL, *(fee_refund(goods(110), fee(10), refunded_amount=90),) * 20),
    "fee-large-right": on(BIG, fee_refund(goods(16_777_717), fee(500))),
    "fee-described": on(FULL, refund(9_500, order_lines=WITH_FEE, description="Two shirts")),
    "fee-referenced": on(FULL, refund(9_500, order_lines=WITH_FEE, reference="RMA-1")),
    "fee-pay-now": on(PAY_NOW, FEE_REFUND),
    "fee-pay-in-4": on(PAY_IN_4, FEE_REFUND),
    "fee-after-extension": on(FULL, extend(offered(0)), FEE_REFUND),
    "fee-two-captures-in-nl": on(
        changed(FULL, market="NL", currency="EUR", captures=(6_000, 4_000)), PART_FEE
    ),
    "fee-part-in-fi": on(changed(FULL, market="FI", currency="EUR", captures=(6_000,)), PART_FEE),
    "fee-many-lines-wrong-in-ie": on(
        changed(FULL, market="IE", currency="EUR"),
        fee_refund(*[goods(1_000)] * 10, fee(500), refunded_amount=9_400),
    ),
    "fee-many-lines-in-be": on(
        changed(FULL, market="BE", currency="EUR"), fee_refund(*[goods(1_000)] * 10, fee(500))
    ),
    "two-fees-wrong": on(
        FULL, fee_refund(goods(10_000), fee(500), fee(100), refunded_amount=9_500)
    ),
    "extension-after-fee": on(FULL, PART_FEE, extend(offered(0))),
}
