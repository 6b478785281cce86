"""Examples by name: short scenarios for which the catalogue states the exact failures."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Credentials, Key, Raw, Scenario, Step, Together
from klarna_specs.spec import Spec
from klarna_strategies.lines import discount, fee, goods
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

__all__ = [
    "CANCELLED",
    "CARD",
    "FEE_REFUND",
    "FULL",
    "KEYED",
    "NONE",
    "PART",
    "PAY_IN_4",
    "PAY_NOW",
    "RELEASED",
    "THREE_CAPTURES",
    "TWO_CAPTURES",
    "examples",
]

FULL = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(10_000,))
TWO_CAPTURES = msgspec.structs.replace(FULL, captures=(6_000, 4_000))
THREE_CAPTURES = msgspec.structs.replace(FULL, captures=(1_000, 2_000, 7_000))
PART = msgspec.structs.replace(FULL, captures=(6_000,))
NONE = msgspec.structs.replace(FULL, captures=())
RELEASED = msgspec.structs.replace(PART, authorization="released")
CANCELLED = msgspec.structs.replace(NONE, authorization="cancelled")
CARD = msgspec.structs.replace(FULL, payment_method="card")
PAY_NOW = msgspec.structs.replace(FULL, payment_method="pay_now")
PAY_IN_4 = msgspec.structs.replace(FULL, payment_method="pay_in_4")
_order = msgspec.structs.replace
_BIG = _order(FULL, order_amount=10**9, captures=(10**9,))
_LARGE = _order(FULL, order_amount=100_000_000, captures=(100_000_000,))

KEYED = refund(1_000, key=Key("first"))
FEE_REFUND = refund(9_500, order_lines=[goods(10_000), fee(500)])
_WITH_FEE = [goods(10_000), fee(500)]
_PART_FEE = refund(500, order_lines=[goods(600), fee(100)])

_Example = tuple[OrderPlan, tuple[Action, ...]]
_CALLS: Mapping[str, tuple[OrderPlan, Step]] = {
    "get-order": (FULL, get_order()),
    "get-captures": (FULL, get_captures()),
    "get-capture": (FULL, get_capture()),
    "get-options": (FULL, get_options()),
    "refund": (FULL, refund(1_000)),
    "release": (PART, release()),
    "extension": (FULL, extend(offered(0))),
    "capture": (NONE, capture(1_000)),
    "cancellation": (NONE, cancel()),
}
"""A valid call of each operation, except getRefund, which needs an earlier refund."""

_REFUNDS: Mapping[str, _Example] = {
    "refund": (FULL, (refund(1_000),)),
    "refund-of-everything": (FULL, (refund(10_000),)),
    "refund-one-above": (FULL, (refund(10_001),)),
    "refund-above-twice": (FULL, (refund(10_001), refund(10_002))),
    "refunds-beyond": (FULL, (refund(6_000), refund(6_000))),
    "refund-when-nothing-is-left": (FULL, (refund(10_000), refund(1))),
    "refund-of-uncaptured": (PART, (refund(10_000),)),
    "refund-before-capture": (NONE, (refund(1),)),
    "refund-after-capture": (NONE, (capture(1_000), refund(1_000))),
    "refund-beyond-32-bits": (FULL, (refund(2**32 + 1),)),
    "negative-refund": (FULL, (refund(-1),)),
    "refund-of-zero": (FULL, (refund(0),)),
    "refund-over-captures": (TWO_CAPTURES, (refund(6_001),)),
    "refund-two-captures": (TWO_CAPTURES, (refund(6_000),)),
    "refund-one-above-two-captures": (TWO_CAPTURES, (refund(10_001),)),
    "refund-released": (RELEASED, (refund(6_000),)),
    "refund-above-released": (RELEASED, (refund(6_001),)),
    "refund-cancelled": (CANCELLED, (refund(1),)),
    "refund-card": (CARD, (refund(10_000),)),
    "refund-part": (PART, (refund(1_000),)),
    "two-refunds": (FULL, (refund(1_000), refund(2_000))),
    "three-refunds": (FULL, (refund(1_000), refund(2_000), refund(3_000))),
    "refunds-to-the-end": (FULL, (refund(1_000), refund(9_000))),
    "many-refunds": (FULL, (refund(100),) * 12),
    "refund-large": (_LARGE, (refund(20_000_001),)),
    "refund-empty-lines": (FULL, (refund(100, order_lines=[]),)),
    "refund-lines": (
        FULL,
        (
            refund(
                1_000,
                order_lines=[goods(1_000, reference="A-1", tax_rate=2_500, total_tax_amount=200)],
            ),
        ),
    ),
    "refund-lines-less": (FULL, (refund(900, order_lines=[goods(1_000)]),)),
    "refund-discount": (FULL, (refund(900, order_lines=[goods(1_000), discount(100)]),)),
    "refund-described": (FULL, (refund(1_000, description="Returned", reference="RMA-1"),)),
    "refund-described-non-ascii": (
        FULL,
        (refund(1_000, description="größe 🙂 e\u0301", reference="RMA-1"),),
    ),
    "refund-described-odd": (
        FULL,
        (refund(1_000, description=' <b>"A" & B</b>\n two  lines ', reference="RMA-1"),),
    ),
    "refund-described-joiner": (
        FULL,
        (refund(1_000, description="👩\u200d👧", reference="RMA-1"),),
    ),
    "refund-longest": (FULL, (refund(100, description="d" * 255, reference="r" * 255),)),
    "refund-longest-utf8": (FULL, (refund(100, description="ä" * 255),)),
    "refund-text-then-none": (
        FULL,
        (refund(1_000, description="Two shirts", reference="RMA-1"), refund(500)),
    ),
    "release-then-refund": (PART, (release(), refund(1_000))),
    "refund-then-release": (PART, (refund(1_000), release())),
    "extension-then-refund": (FULL, (extend(offered(0)), refund(7_000))),
    "refund-then-extension": (FULL, (refund(1_000), extend(offered(0)))),
    "capture-read-refunded": (FULL, (refund(1_000), get_capture())),
    "refund-read": (FULL, (refund(1_000), get_refund())),
    "get-refund-of-unknown-order": (FULL, (refund(1_000), get_refund(order="unknown"))),
    "refund-read-unknown": (FULL, (get_refund("unknown"),)),
    "refund-read-unknown-after": (
        FULL,
        (
            refund(1_000),
            get_refund("unknown"),
        ),
    ),
    "refund-one-above-three-captures": (THREE_CAPTURES, (refund(10_001),)),
    "refund-of-three-captures": (THREE_CAPTURES, (refund(1_000),)),
    "refund-one-above-with-lines": (FULL, (refund(10_001, order_lines=[goods(10_001)]),)),
    "refund-one-above-with-texts": (
        FULL,
        (refund(10_001, description="Two shirts", reference="RMA-1"),),
    ),
    "refund-one-above-card": (CARD, (refund(10_001),)),
    "refund-one-above-pay-in-4": (PAY_IN_4, (refund(10_001),)),
    "refund-pay-in-4": (PAY_IN_4, (refund(1_000),)),
    "refund-pay-now": (PAY_NOW, (refund(1_000),)),
    "refund-three-times-the-order": (FULL, (refund(30_000),)),
    "ten-refunds-above": (FULL, (refund(10_001),) * 10),
    "thirty-refunds": (FULL, (refund(10),) * 30),
    "refund-in-us": (_order(FULL, market="US", currency="USD"), (refund(1_000),)),
    "refund-in-pl": (_order(FULL, market="PL", currency="PLN"), (refund(1_000),)),
    "refund-one-above-in-fi": (_order(FULL, market="FI", currency="EUR"), (refund(10_001),)),
    "refund-one-above-two-captures-lines": (
        TWO_CAPTURES,
        (refund(10_001, order_lines=[goods(10_001)]),),
    ),
    "refund-two-captures-lines": (TWO_CAPTURES, (refund(1_000, order_lines=[goods(1_000)]),)),
    "refund-described-card": (CARD, (refund(1_000, description="Two shirts", reference="RMA-1"),)),
    "release-after-full-refund": (FULL, (refund(10_000), release())),
    "full-refund-then-release": (PART, (refund(6_000), release())),
    "fifty-refunds": (FULL, (refund(10),) * 50),
    "refund-content-type-none": (
        FULL,
        (Step(operation="refundOrder", body=Raw(text='{"refunded_amount": 1}', content_type="")),),
    ),
}
_FEES: Mapping[str, _Example] = {
    "fee": (FULL, (FEE_REFUND,)),
    "fee-large": (FULL, (refund(1_000, order_lines=[goods(10_000), fee(9_000)]),)),
    "fee-whole": (FULL, (refund(0, order_lines=[goods(10_000), fee(10_000)]),)),
    "fee-one": (FULL, (refund(9_999, order_lines=[goods(10_000), fee(1)]),)),
    "fee-part": (FULL, (_PART_FEE,)),
    "fee-removed": (FULL, (FEE_REFUND, refund(500))),
    "fee-removed-too-much": (FULL, (FEE_REFUND, refund(501))),
    "fee-again": (
        FULL,
        (
            refund(4_500, order_lines=[goods(5_000), fee(500)]),
            refund(4_500, order_lines=[goods(5_000), fee(500)]),
        ),
    ),
    "fee-then-refund": (FULL, (_PART_FEE, refund(9_400))),
    "fee-too-low": (FULL, (refund(9_499, order_lines=[goods(10_000), fee(500)]),)),
    "fee-too-high": (FULL, (refund(9_501, order_lines=[goods(10_000), fee(500)]),)),
    "fee-not-taken-off": (FULL, (refund(10_000, order_lines=[goods(10_000), fee(500)]),)),
    "fee-added": (FULL, (refund(9_500, order_lines=[goods(9_000), fee(500)]),)),
    "fee-two-captures": (TWO_CAPTURES, (_PART_FEE,)),
    "fee-partly-captured": (PART, (_PART_FEE,)),
    "fee-card": (CARD, (_PART_FEE,)),
    "fee-keyed-twice": (
        FULL,
        (refund(9_500, order_lines=[goods(10_000), fee(500)], key=Key("first")),) * 2,
    ),
    "fee-discount": (FULL, (refund(9_400, order_lines=[goods(10_000), discount(100), fee(500)]),)),
    "refund-above-with-fee": (FULL, (refund(10_500, order_lines=[goods(11_000), fee(500)]),)),
    "fee-three-captures": (THREE_CAPTURES, (_PART_FEE,)),
    "fee-nearly-captured": (_order(FULL, captures=(9_999,)), (_PART_FEE,)),
    "fee-sum-wrong-of-prices": (
        FULL,
        (refund(8_500, order_lines=[goods(10_000, unit_price=9_000), fee(500)]),),
    ),
    "fee-shipping": (
        FULL,
        (refund(9_500, order_lines=[goods(9_000), goods(1_000, type="shipping_fee"), fee(500)]),),
    ),
    "fee-surcharge": (
        FULL,
        (refund(9_500, order_lines=[goods(9_000), goods(1_000, type="surcharge"), fee(500)]),),
    ),
    "fee-taxed": (
        FULL,
        (
            refund(
                9_500, order_lines=[goods(10_000, tax_rate=2_500, total_tax_amount=2_000), fee(500)]
            ),
        ),
    ),
    "fee-fee-taxed": (
        FULL,
        (
            refund(
                9_500, order_lines=[goods(10_000), fee(500, tax_rate=2_500, total_tax_amount=-100)]
            ),
        ),
    ),
    "fee-taxes-taken-off": (
        FULL,
        (
            refund(
                7_500, order_lines=[goods(10_000, tax_rate=2_500, total_tax_amount=2_000), fee(500)]
            ),
        ),
    ),
    "fee-line-discount": (
        FULL,
        (
            refund(
                8_500,
                order_lines=[
                    goods(9_000, unit_price=10_000, total_discount_amount=1_000),
                    fee(500),
                ],
            ),
        ),
    ),
    "fee-many-lines": (FULL, (refund(9_500, order_lines=[*[goods(1_000)] * 10, fee(500)]),)),
    "fee-many-lines-wrong": (FULL, (refund(9_400, order_lines=[*[goods(1_000)] * 10, fee(500)]),)),
    "fee-first": (FULL, (refund(9_500, order_lines=[fee(500), goods(10_000)]),)),
    "fee-removed-with-lines": (FULL, (FEE_REFUND, refund(500, order_lines=[goods(500)]))),
    "fee-removed-under-key": (FULL, (FEE_REFUND, refund(500, key=Key("first")))),
    "fee-removed-after-refund": (
        FULL,
        (refund(1_000), refund(8_500, order_lines=[goods(9_000), fee(500)]), refund(500)),
    ),
    "fee-wrong-thirty": (FULL, (refund(90, order_lines=[goods(110), fee(10)]),) * 20),
    "fee-large-right": (_BIG, (refund(16_777_217, order_lines=[goods(16_777_717), fee(500)]),)),
    "fee-described": (FULL, (refund(9_500, order_lines=_WITH_FEE, description="Two shirts"),)),
    "fee-referenced": (FULL, (refund(9_500, order_lines=_WITH_FEE, reference="RMA-1"),)),
    "fee-pay-now": (PAY_NOW, (FEE_REFUND,)),
    "fee-pay-in-4": (PAY_IN_4, (FEE_REFUND,)),
    "fee-after-extension": (FULL, (extend(offered(0)), FEE_REFUND)),
    "fee-two-captures-in-nl": (
        _order(FULL, market="NL", currency="EUR", captures=(6_000, 4_000)),
        (_PART_FEE,),
    ),
    "fee-part-in-fi": (_order(FULL, market="FI", currency="EUR", captures=(6_000,)), (_PART_FEE,)),
    "fee-many-lines-wrong-in-ie": (
        _order(FULL, market="IE", currency="EUR"),
        (refund(9_400, order_lines=[*[goods(1_000)] * 10, fee(500)]),),
    ),
    "fee-many-lines-in-be": (
        _order(FULL, market="BE", currency="EUR"),
        (refund(9_500, order_lines=[*[goods(1_000)] * 10, fee(500)]),),
    ),
    "two-fees-wrong": (FULL, (refund(9_500, order_lines=[goods(10_000), fee(500), fee(100)]),)),
    "extension-after-fee": (FULL, (_PART_FEE, extend(offered(0)))),
}
_KEYS: Mapping[str, _Example] = {
    "extension-key-with-other-days": (
        FULL,
        (extend(offered(0), key=Key("first")), extend(7, key=Key("first"))),
    ),
    "repeated": (FULL, (KEYED, KEYED)),
    "repeated-after-another": (FULL, (KEYED, refund(1_000, key=Key("second")), KEYED)),
    "repeated-after-others": (
        FULL,
        (KEYED, *(refund(100, key=Key(f"{n}")) for n in range(10)), KEYED),
    ),
    "repeated-after-refusal": (FULL, (KEYED, refund(20_000), KEYED)),
    "repeated-refusal": (FULL, (refund(20_000, key=Key("first")),) * 2),
    "repeated-uuid5": (FULL, (refund(1_000, key=Key("first", form="uuid5")),) * 2),
    "repeated-text": (FULL, (refund(1_000, key=Key("first", form="text")),) * 2),
    "two-keys": (FULL, (KEYED, refund(1_000, key=Key("second")))),
    "two-keys-text": (
        FULL,
        (refund(1_000, key=Key("a-1", form="text")), refund(1_000, key=Key("b-1", form="text"))),
    ),
    "two-keys-case": (
        FULL,
        (refund(1_000, key=Key("a", form="text")), refund(1_000, key=Key("A", form="text"))),
    ),
    "two-keys-number": (
        FULL,
        (refund(1_000, key=Key("1", form="number")), refund(1_000, key=Key("1.0", form="number"))),
    ),
    "release-repeated": (PART, (release(key=Key("first")),) * 2),
    "refund-then-release-repeated": (PART, (KEYED, release(), KEYED)),
    "extension-repeated": (FULL, (extend(offered(0), key=Key("first")),) * 2),
    "capture-repeated": (NONE, (capture(1_000, key=Key("first")),) * 2),
    "text-keys-alike-at-end": (
        FULL,
        (
            refund(1_000, key=Key("a-000001", form="text")),
            refund(1_000, key=Key("b-000001", form="text")),
        ),
    ),
    "number-keys": (
        FULL,
        (
            refund(1_000, key=Key("0001-#", form="number")),
            refund(1_000, key=Key("000-1#", form="number")),
        ),
    ),
    "text-repeated-after-refund": (
        FULL,
        (
            refund(1_000, key=Key("a", form="text")),
            refund(500),
            refund(1_000, key=Key("a", form="text")),
        ),
    ),
    "second-key-repeated": (
        FULL,
        (KEYED, refund(500, key=Key("second")), refund(500, key=Key("second"))),
    ),
    "third-key-repeated": (
        FULL,
        (
            KEYED,
            refund(500, key=Key("second")),
            refund(400, key=Key("third")),
            refund(400, key=Key("third")),
        ),
    ),
    "six-refunds-then-repeated": (FULL, (*(refund(100),) * 6, KEYED, KEYED)),
    "repeated-part": (PART, (KEYED, KEYED)),
    "repeated-two-captures": (TWO_CAPTURES, (KEYED, KEYED)),
    "repeated-large": (_BIG, (refund(10**8, key=Key("first")),) * 2),
}
_OTHERS: Mapping[str, _Example] = {
    "extension-off-by-1": (FULL, (extend(offered(0, plus=1)),)),
    "release": (PART, (release(),)),
    "extension": (FULL, (extend(offered(0)),)),
    "capture": (NONE, (capture(1_000),)),
    "two-unkeyed-alike": (FULL, (refund(1_000), refund(1_000))),
    "release-none": (NONE, (release(),)),
    "release-full": (FULL, (release(),)),
    "release-full-twice": (FULL, (release(), release())),
    "release-two-captures": (TWO_CAPTURES, (release(),)),
    "release-cancelled": (CANCELLED, (release(),)),
    "release-released": (RELEASED, (release(),)),
    "release-of-two": (_order(FULL, captures=(2_000, 3_000)), (release(),)),
    "extension-last": (FULL, (extend(offered(-1)),)),
    "extension-second": (FULL, (extend(offered(1)),)),
    "extension-card": (CARD, (extend(30),)),
    "extension-pay-now": (_order(FULL, payment_method="pay_now"), (extend(30),)),
    "extension-pay-in-4": (_order(FULL, payment_method="pay_in_4"), (extend(offered(0)),)),
    "extension-twice": (FULL, (extend(offered(0)), extend(offered(0)))),
    "extension-second-capture": (TWO_CAPTURES, (extend(offered(0), capture=1),)),
    "extension-unknown-capture": (FULL, (extend(30, capture="unknown"),)),
    "options": (FULL, (get_options(),)),
    "options-twice": (FULL, (get_options(), get_options())),
    "options-unknown-capture": (FULL, (get_options("unknown"),)),
    "order": (FULL, (get_order(),)),
    "order-three-captures": (_order(FULL, captures=(1_000, 2_000, 7_000)), (get_order(),)),
    "order-unknown": (FULL, (get_order(order="unknown"),)),
    "captures": (TWO_CAPTURES, (get_captures(),)),
    "capture-read": (FULL, (get_capture(),)),
    "capture-read-unknown": (FULL, (get_capture("unknown"),)),
    "capture-of-the-rest": (PART, (capture(4_000),)),
    "capture-above": (PART, (capture(4_001),)),
    "capture-released": (RELEASED, (capture(1),)),
    "capture-cancelled": (CANCELLED, (capture(1),)),
    "capture-negative": (NONE, (capture(-1),)),
    "capture-zero": (NONE, (capture(0),)),
    "cancel": (NONE, (cancel(),)),
    "cancel-captured": (PART, (cancel(),)),
    "cancel-twice": (NONE, (cancel(), cancel())),
    "hundred-reads": (FULL, (get_order(),) * 100),
    "release-of-one-unit": (_order(FULL, captures=(9_999,)), (release(),)),
    "release-of-one-captured": (_order(FULL, captures=(1,)), (release(),)),
    "release-card": (_order(PART, payment_method="card"), (release(),)),
    "release-several-then-capture": (
        _order(FULL, captures=(2_000, 3_000)),
        (release(), capture(1)),
    ),
    "release-in-no": (_order(FULL, market="NO", currency="NOK", captures=(6_000,)), (release(),)),
    "release-in-us": (_order(FULL, market="US", currency="USD", captures=(6_000,)), (release(),)),
    "release-three": (_order(FULL, captures=(1_000, 2_000, 3_000)), (release(),)),
    "release-large": (_order(_BIG, captures=(6_000,)), (release(),)),
    "extension-then-release": (PART, (extend(offered(0)), release())),
    "extension-of-31-second": (TWO_CAPTURES, (extend(31, capture=1),)),
    "extension-after-extension-31": (FULL, (extend(offered(0)), extend(31))),
    "extension-third": (THREE_CAPTURES, (extend(offered(0), capture=2),)),
    "extension-first-of-two": (TWO_CAPTURES, (extend(offered(0)),)),
    "extensions-of-both": (TWO_CAPTURES, (extend(offered(0)), extend(offered(0), capture=1))),
    "options-third": (THREE_CAPTURES, (get_options(2),)),
    "extension-part-then-order": (PART, (extend(offered(0)), get_order())),
    "options-part": (PART, (get_options(), get_order())),
    "extension-released": (RELEASED, (extend(offered(0)),)),
    "options-released": (RELEASED, (get_options(),)),
    "extension-second-pay-in-4": (
        _order(PAY_IN_4, captures=(6_000, 4_000)),
        (extend(offered(0), capture=1),),
    ),
    "extension-of-31-pay-in-4": (PAY_IN_4, (extend(31),)),
    "extension-of-31-in-no": (_order(FULL, market="NO", currency="NOK"), (extend(31),)),
    "reference-non-ascii": (FULL, (refund(1_000, reference="größe 🙂 <b>"),)),
    "line-names": (
        FULL,
        (
            refund(
                1_000,
                order_lines=[
                    goods(
                        1_000,
                        name="Größe 🙂",
                        quantity=2,
                        reference="r" * 200,
                        total_discount_amount=10,
                    )
                ],
            ),
            get_refund(),
        ),
    ),
    "line-names-long": (
        FULL,
        (
            refund(1_000, order_lines=[goods(1_000, name="n" * 255, reference="r" * 200)]),
            get_refund(),
        ),
    ),
    "captures-then-order": (TWO_CAPTURES, (get_captures(), get_order())),
    "refused-twice": (FULL, (refund(-1), refund(10_001), refund(-1), refund(10_001))),
    "extension-refused-twice": (CARD, (extend(30), extend(30))),
    "options-refused-twice": (CARD, (get_options(), get_options())),
}
_CONCURRENT: Mapping[str, _Example] = {
    "together-refunds-beyond": (FULL, (Together((refund(6_000), refund(6_000))),)),
    "together-refunds": (FULL, (Together((refund(2_000), refund(3_000))),)),
    "together-three-refunds": (FULL, (Together((refund(2_000), refund(3_000), refund(1_000))),)),
    "together-key": (FULL, (Together((KEYED, KEYED)),)),
    "together-key-four": (FULL, (Together((KEYED,) * 4), KEYED)),
    "together-captures": (NONE, (Together((capture(6_000), capture(6_000))),)),
    "together-captures-fit": (NONE, (Together((capture(3_000), capture(4_000))),)),
    "together-release-capture": (PART, (Together((release(), capture(4_000))),)),
    "together-release-refund": (PART, (Together((release(), refund(1_000))),)),
    "together-releases": (PART, (Together((release(), release())),)),
}

_BESIDE: Mapping[str, tuple[Action, ...]] = {
    "get-capture-of-other": (get_capture("other"),),
    "get-refund-of-other": (refund(1_000, order="other"), get_refund("other")),
    "extension-of-other": (extend(30, capture="other"),),
    "options-of-other": (get_options("other"),),
    "refund-beside": (refund(1_000),),
    "release-and-key": (KEYED, release(key=Key("first"))),
    "refused-on-both": (refund(10_001), refund(10_001, order="other")),
    "orders-3": (
        get_order(),
        get_order(order="other"),
        get_order(order="other"),
        get_order(order="other"),
    ),
}
"""Steps with a second order."""

_BODIES: Mapping[str, str] = {
    "amount-array": '{"refunded_amount": [1]}',
    "amount-fraction": '{"refunded_amount": 1.5}',
    "amount-text": '{"refunded_amount": "all"}',
    "amount-true": '{"refunded_amount": true}',
    "array": "[]",
    "captured-fraction": '{"captured_amount": 1.5}',
    "days-array": '{"number_of_days": [30]}',
    "days-fraction": '{"number_of_days": 1.5}',
    "days-true": '{"number_of_days": true}',
    "empty": "",
    "empty-object": "{}",
    "lines-text": '{"refunded_amount": 1, "order_lines": "x"}',
    "open-brace": "{",
}
"""Malformed bodies."""

_DAYS = (-1, 0, 1, 7, 30, 31, 60, 61, 365, 366)


def examples(spec: Spec) -> Mapping[str, Scenario]:
    """All examples by name, including those for each market, kind of credentials and body."""
    alone = {**_REFUNDS, **_FEES, **_KEYS, **_OTHERS, **_CONCURRENT, **_of_calls(), **_of_bodies()}
    scenarios = {name: Scenario(plan=plan, steps=steps) for name, (plan, steps) in alone.items()}
    for market, facts in spec.markets.items():
        plan = _order(FULL, market=market, currency=facts.currency)
        for name, step in (("fee", FEE_REFUND), ("extension", extend(offered(0)))):
            scenarios[f"{name}-in-{market.lower()}"] = Scenario(plan=plan, steps=(step,))
    for name, steps in _BESIDE.items():
        scenarios[name] = Scenario(plan=FULL, steps=steps, other=FULL)
        scenarios[f"{name}-part"] = Scenario(plan=PART, steps=steps, other=PART)
    return scenarios


def _of_calls() -> dict[str, _Example]:
    """Each call alone, repeated, on unknown resources, and with each kind of credentials."""
    made: dict[str, _Example] = {}
    for name, (plan, step) in _CALLS.items():
        made[name] = (plan, (step,))
        made[f"{name}-twenty-times"] = (_hundredfold(plan), (step,) * 20)
        made[f"{name}-of-unknown-order"] = (plan, (_with(step, order="unknown"),))
        if step.capture is not None:
            made[f"{name}-of-unknown-capture"] = (plan, (_with(step, capture="unknown"),))
    calls: dict[str, tuple[OrderPlan, tuple[Step, ...]]] = {
        **{name: (plan, (step,)) for name, (plan, step) in _CALLS.items()},
        "refund-above": (FULL, (refund(20_000),)),
        "refund-keyed": (FULL, (KEYED,)),
        "get-refund": (FULL, (refund(1), get_refund())),
        "repeat": (FULL, (KEYED, KEYED)),
    }
    for name, (plan, steps) in calls.items():
        for kind in get_args(Credentials):
            how = "without-credentials" if kind == "none" else f"with-{kind.replace('_', '-')}"
            last = _with(steps[-1], credentials=kind)
            made[f"{name}-{how}"] = (plan, (*steps[:-1], last))
    return made


def _of_bodies() -> dict[str, _Example]:
    """Each malformed body with each call that has a body, and extensions by each number of days."""
    made: dict[str, _Example] = {}
    for name, text in _BODIES.items():
        for call, (plan, step) in _CALLS.items():
            if call in ("refund", "capture", "extension", "release"):
                made[f"{call}-body-{name}"] = (plan, (_with(step, body=Raw(text=text)),))
    for days in _DAYS:
        made[f"extension-of-{days}"] = (FULL, (extend(days),))
    return made


def _hundredfold(plan: OrderPlan) -> OrderPlan:
    return _order(plan, order_amount=10**6, captures=tuple(100 * each for each in plan.captures))


def _with(step: Step, **members: Any) -> Step:
    return msgspec.structs.replace(step, **members)
