"""Examples of refunds without fees."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import (
    CANCELLED,
    CARD,
    FULL,
    LARGE,
    NONE,
    PART,
    PAY_IN_4,
    PAY_NOW,
    RELEASED,
    THREE_CAPTURES,
    TWO_CAPTURES,
    Example,
    changed,
)
from klarna_specs.scenario import Raw, Step
from klarna_strategies.lines import discount, goods
from klarna_strategies.steps import (
    capture,
    extend,
    get_capture,
    get_refund,
    offered,
    refund,
    release,
)

__all__ = ["REFUNDS"]

REFUNDS: Mapping[str, Example] = {
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
    "refund-large": (LARGE, (refund(20_000_001),)),
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
    "refund-in-us": (changed(FULL, market="US", currency="USD"), (refund(1_000),)),
    "refund-in-pl": (changed(FULL, market="PL", currency="PLN"), (refund(1_000),)),
    "refund-one-above-in-fi": (changed(FULL, market="FI", currency="EUR"), (refund(10_001),)),
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
