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
    on,
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
    "refund": on(FULL, refund(1_000)),
    "refund-of-everything": on(FULL, refund(10_000)),
    "refund-one-above": on(FULL, refund(10_001)),
    "refund-above-twice": on(FULL, refund(10_001), refund(10_002)),
    "refunds-beyond": on(FULL, refund(6_000), refund(6_000)),
    "refund-when-nothing-is-left": on(FULL, refund(10_000), refund(1)),
    "refund-of-uncaptured": on(PART, refund(10_000)),
    "refund-before-capture": on(NONE, refund(1)),
    "refund-after-capture": on(NONE, capture(1_000), refund(1_000)),
    "refund-beyond-32-bits": on(FULL, refund(2**32 + 1)),
    "negative-refund": on(FULL, refund(-1)),
    "refund-of-zero": on(FULL, refund(0)),
    "refund-over-captures": on(TWO_CAPTURES, refund(6_001)),
    "refund-two-captures": on(TWO_CAPTURES, refund(6_000)),
    "refund-one-above-two-captures": on(TWO_CAPTURES, refund(10_001)),
    "refund-released": on(RELEASED, refund(6_000)),
    "refund-above-released": on(RELEASED, refund(6_001)),
    "refund-cancelled": on(CANCELLED, refund(1)),
    "refund-card": on(CARD, refund(10_000)),
    "refund-part": on(PART, refund(1_000)),
    "two-refunds": on(FULL, refund(1_000), refund(2_000)),
    "three-refunds": on(FULL, refund(1_000), refund(2_000), refund(3_000)),
    "refunds-to-the-end": on(FULL, refund(1_000), refund(9_000)),
    "many-refunds": on(FULL, *(refund(100),) * 12),
    "refund-large": on(LARGE, refund(20_000_001)),
    "refund-empty-lines": on(FULL, refund(100, order_lines=[])),
    "refund-lines": on(
        FULL,
        refund(
            1_000, order_lines=[goods(1_000, reference="A-1", tax_rate=2_500, total_tax_amount=200)]
        ),
    ),
    "refund-lines-less": on(FULL, refund(900, order_lines=[goods(1_000)])),
    "refund-three-lines-less": on(FULL, refund(2_900, order_lines=[goods(1_000)] * 3)),
    "refund-discount": on(FULL, refund(900, order_lines=[goods(1_000), discount(100)])),
    "refund-described": on(FULL, refund(1_000, description="Returned", reference="RMA-1")),
    "refund-described-non-ascii": on(
        FULL, refund(1_000, description="größe 🙂 e\u0301", reference="RMA-1")
    ),
    "refund-described-odd": on(
        FULL, refund(1_000, description=' <b>"A" & B</b>\n two  lines ', reference="RMA-1")
    ),
    "refund-described-nul": on(FULL, refund(1_000, description="Returned\0")),
    "refund-described-joiner": on(FULL, refund(1_000, description="👩\u200d👧", reference="RMA-1")),
    "refund-longest": on(FULL, refund(100, description="d" * 255, reference="r" * 255)),
    "refund-longest-utf8": on(FULL, refund(100, description="ä" * 255)),
    "refund-text-then-none": on(
        FULL, refund(1_000, description="Two shirts", reference="RMA-1"), refund(500)
    ),
    "release-then-refund": on(PART, release(), refund(1_000)),
    "refund-then-release": on(PART, refund(1_000), release()),
    "extension-then-refund": on(FULL, extend(offered(0)), refund(7_000)),
    "refund-then-extension": on(FULL, refund(1_000), extend(offered(0))),
    "capture-read-refunded": on(FULL, refund(1_000), get_capture()),
    "refund-read": on(FULL, refund(1_000), get_refund()),
    "get-refund-of-unknown-order": on(FULL, refund(1_000), get_refund(order="unknown")),
    "refund-read-unknown": on(FULL, get_refund("unknown")),
    "refund-read-unknown-after": on(FULL, refund(1_000), get_refund("unknown")),
    "refund-one-above-three-captures": on(THREE_CAPTURES, refund(10_001)),
    "refund-of-three-captures": on(THREE_CAPTURES, refund(1_000)),
    "refund-one-above-with-lines": on(FULL, refund(10_001, order_lines=[goods(10_001)])),
    "refund-one-above-with-texts": on(
        FULL, refund(10_001, description="Two shirts", reference="RMA-1")
    ),
    "refund-one-above-card": on(CARD, refund(10_001)),
    "refund-one-above-pay-in-4": on(PAY_IN_4, refund(10_001)),
    "refund-pay-in-4": on(PAY_IN_4, refund(1_000)),
    "refund-pay-now": on(PAY_NOW, refund(1_000)),
    "refund-three-times-the-order": on(FULL, refund(30_000)),
    "ten-refunds-above": on(FULL, *(refund(10_001),) * 10),
    "thirty-refunds": on(FULL, *(refund(10),) * 30),
    "refund-in-us": on(changed(FULL, market="US", currency="USD"), refund(1_000)),
    "refund-in-pl": on(changed(FULL, market="PL", currency="PLN"), refund(1_000)),
    "refund-one-above-in-fi": on(changed(FULL, market="FI", currency="EUR"), refund(10_001)),
    "refund-one-above-two-captures-lines": on(
        TWO_CAPTURES, refund(10_001, order_lines=[goods(10_001)])
    ),
    "refund-two-captures-lines": on(TWO_CAPTURES, refund(1_000, order_lines=[goods(1_000)])),
    "refund-described-card": on(CARD, refund(1_000, description="Two shirts", reference="RMA-1")),
    "release-after-full-refund": on(FULL, refund(10_000), release()),
    "full-refund-then-release": on(PART, refund(6_000), release()),
    "fifty-refunds": on(FULL, *(refund(10),) * 50),
    "refund-content-type-none": on(
        FULL,
        Step(operation="refundOrder", body=Raw(text='{"refunded_amount": 1}', content_type="")),
    ),
}
