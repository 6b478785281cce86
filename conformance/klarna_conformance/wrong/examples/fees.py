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
)
from klarna_specs.scenario import Key
from klarna_strategies.lines import discount, fee, goods
from klarna_strategies.steps import extend, offered, refund
from klarna_strategies.tables.fees import fee_refund

__all__ = ["FEES"]

_TAXED = goods(10_000, tax_rate=2_500, total_tax_amount=2_000)

FEES: Mapping[str, Example] = {
    "fee": (FULL, (FEE_REFUND,)),
    "fee-large": (FULL, (fee_refund(goods(10_000), fee(9_000)),)),
    "fee-whole": (FULL, (fee_refund(goods(10_000), fee(10_000)),)),
    "fee-one": (FULL, (fee_refund(goods(10_000), fee(1)),)),
    "fee-part": (FULL, (PART_FEE,)),
    "fee-removed": (FULL, (FEE_REFUND, refund(500))),
    "fee-removed-too-much": (FULL, (FEE_REFUND, refund(501))),
    "fee-again": (FULL, (fee_refund(goods(5_000), fee(500)),) * 2),
    "fee-then-refund": (FULL, (PART_FEE, refund(9_400))),
    "fee-too-low": (FULL, (fee_refund(goods(10_000), fee(500), refunded_amount=9_499),)),
    "fee-too-high": (FULL, (fee_refund(goods(10_000), fee(500), refunded_amount=9_501),)),
    "fee-not-taken-off": (FULL, (fee_refund(goods(10_000), fee(500), refunded_amount=10_000),)),
    "fee-added": (FULL, (fee_refund(goods(9_000), fee(500), refunded_amount=9_500),)),
    "fee-two-captures": (TWO_CAPTURES, (PART_FEE,)),
    "fee-partly-captured": (PART, (PART_FEE,)),
    "fee-card": (CARD, (PART_FEE,)),
    "fee-keyed-twice": (FULL, (fee_refund(goods(10_000), fee(500), key=Key("first")),) * 2),
    "fee-discount": (FULL, (fee_refund(goods(10_000), discount(100), fee(500)),)),
    "refund-above-with-fee": (FULL, (fee_refund(goods(11_000), fee(500)),)),
    "fee-three-captures": (THREE_CAPTURES, (PART_FEE,)),
    "fee-nearly-captured": (changed(FULL, captures=(9_999,)), (PART_FEE,)),
    "fee-sum-wrong-of-prices": (
        FULL,
        (fee_refund(goods(10_000, unit_price=9_000), fee(500), refunded_amount=8_500),),
    ),
    "fee-shipping": (
        FULL,
        (fee_refund(goods(9_000), goods(1_000, type="shipping_fee"), fee(500)),),
    ),
    "fee-surcharge": (FULL, (fee_refund(goods(9_000), goods(1_000, type="surcharge"), fee(500)),)),
    "fee-taxed": (FULL, (fee_refund(_TAXED, fee(500)),)),
    "fee-fee-taxed": (
        FULL,
        (fee_refund(goods(10_000), fee(500, tax_rate=2_500, total_tax_amount=-100)),),
    ),
    "fee-taxes-taken-off": (FULL, (fee_refund(_TAXED, fee(500), refunded_amount=7_500),)),
    "fee-line-discount": (
        FULL,
        (fee_refund(goods(9_000, unit_price=10_000, total_discount_amount=1_000), fee(500)),),
    ),
    "fee-many-lines": (FULL, (fee_refund(*[goods(1_000)] * 10, fee(500)),)),
    "fee-many-lines-wrong": (
        FULL,
        (fee_refund(*[goods(1_000)] * 10, fee(500), refunded_amount=9_400),),
    ),
    "fee-first": (FULL, (fee_refund(fee(500), goods(10_000)),)),
    "fee-removed-with-lines": (FULL, (FEE_REFUND, refund(500, order_lines=[goods(500)]))),
    "fee-removed-under-key": (FULL, (FEE_REFUND, refund(500, key=Key("first")))),
    "fee-removed-after-refund": (
        FULL,
        (refund(1_000), fee_refund(goods(9_000), fee(500)), refund(500)),
    ),
    "fee-wrong-thirty": (FULL, (fee_refund(goods(110), fee(10), refunded_amount=90),) * 20),
    "fee-large-right": (BIG, (fee_refund(goods(16_777_717), fee(500)),)),
    "fee-described": (FULL, (refund(9_500, order_lines=WITH_FEE, description="Two shirts"),)),
    "fee-referenced": (FULL, (refund(9_500, order_lines=WITH_FEE, reference="RMA-1"),)),
    "fee-pay-now": (PAY_NOW, (FEE_REFUND,)),
    "fee-pay-in-4": (PAY_IN_4, (FEE_REFUND,)),
    "fee-after-extension": (FULL, (extend(offered(0)), FEE_REFUND)),
    "fee-two-captures-in-nl": (
        changed(FULL, market="NL", currency="EUR", captures=(6_000, 4_000)),
        (PART_FEE,),
    ),
    "fee-part-in-fi": (changed(FULL, market="FI", currency="EUR", captures=(6_000,)), (PART_FEE,)),
    "fee-many-lines-wrong-in-ie": (
        changed(FULL, market="IE", currency="EUR"),
        (fee_refund(*[goods(1_000)] * 10, fee(500), refunded_amount=9_400),),
    ),
    "fee-many-lines-in-be": (
        changed(FULL, market="BE", currency="EUR"),
        (fee_refund(*[goods(1_000)] * 10, fee(500)),),
    ),
    "two-fees-wrong": (
        FULL,
        (fee_refund(goods(10_000), fee(500), fee(100), refunded_amount=9_500),),
    ),
    "extension-after-fee": (FULL, (PART_FEE, extend(offered(0)))),
}
