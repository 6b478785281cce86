"""Examples of captures, releases, cancellations, extensions and reads."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import (
    BIG,
    CANCELLED,
    CARD,
    FULL,
    NONE,
    PART,
    PAY_IN_4,
    RELEASED,
    THREE_CAPTURES,
    TWO_CAPTURES,
    Example,
    changed,
    on,
)
from klarna_specs.scenario import Key
from klarna_strategies.lines import goods
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

__all__ = ["OTHER_CALLS"]

OTHER_CALLS: Mapping[str, Example] = {
    "extension-off-by-1": on(FULL, extend(offered(0, plus=1))),
    "release": on(PART, release()),
    "extension": on(FULL, extend(offered(0))),
    "capture": on(NONE, capture(1_000)),
    "two-unkeyed-alike": on(FULL, refund(1_000), refund(1_000)),
    "release-none": on(NONE, release()),
    "release-full": on(FULL, release()),
    "release-full-twice": on(FULL, release(), release()),
    "release-two-captures": on(TWO_CAPTURES, release()),
    "release-cancelled": on(CANCELLED, release()),
    "release-released": on(RELEASED, release()),
    "release-of-two": on(changed(FULL, captures=(2_000, 3_000)), release()),
    "extension-last": on(FULL, extend(offered(-1))),
    "extension-second": on(FULL, extend(offered(1))),
    "extension-card": on(CARD, extend(30)),
    "extension-pay-now": on(changed(FULL, payment_method="pay_now"), extend(30)),
    "extension-pay-in-4": on(changed(FULL, payment_method="pay_in_4"), extend(offered(0))),
    "extension-twice": on(FULL, extend(offered(0)), extend(offered(0))),
    "extension-second-capture": on(TWO_CAPTURES, extend(offered(0), capture=1)),
    "extension-unknown-capture": on(FULL, extend(30, capture="unknown")),
    "options": on(FULL, get_options()),
    "options-twice": on(FULL, get_options(), get_options()),
    "options-three-times": on(FULL, *(get_options(),) * 3),
    "options-after-refused-days": on(FULL, extend(0), get_options()),
    "options-beside-an-extension": on(
        TWO_CAPTURES, get_options(), extend(offered(0), capture=1), get_options()
    ),
    "two-of-one-reference": on(
        FULL, refund(100, reference="RMA-1"), refund(200, reference="RMA-1")
    ),
    "one-key-of-two-operations": on(
        PART, capture(1_000, key=Key("one")), refund(1_000, key=Key("one"))
    ),
    "second-refund-smaller": on(FULL, refund(1_000), refund(500)),
    "options-unknown-capture": on(FULL, get_options("unknown")),
    "order": on(FULL, get_order()),
    "order-three-captures": on(changed(FULL, captures=(1_000, 2_000, 7_000)), get_order()),
    "order-unknown": on(FULL, get_order(order="unknown")),
    "captures": on(TWO_CAPTURES, get_captures()),
    "capture-read": on(FULL, get_capture()),
    "capture-read-unknown": on(FULL, get_capture("unknown")),
    "capture-of-the-rest": on(PART, capture(4_000)),
    "capture-above": on(PART, capture(4_001)),
    "capture-released": on(RELEASED, capture(1)),
    "capture-cancelled": on(CANCELLED, capture(1)),
    "capture-negative": on(NONE, capture(-1)),
    "capture-zero": on(NONE, capture(0)),
    "cancel": on(NONE, cancel()),
    "cancel-captured": on(PART, cancel()),
    "cancel-twice": on(NONE, cancel(), cancel()),
    "hundred-reads": on(FULL, *(get_order(),) * 100),
    "release-of-one-unit": on(changed(FULL, captures=(9_999,)), release()),
    "release-of-one-captured": on(changed(FULL, captures=(1,)), release()),
    "release-card": on(changed(PART, payment_method="card"), release()),
    "release-several-then-capture": on(
        changed(FULL, captures=(2_000, 3_000)), release(), capture(1)
    ),
    "release-in-no": on(changed(FULL, market="NO", currency="NOK", captures=(6_000,)), release()),
    "release-in-us": on(changed(FULL, market="US", currency="USD", captures=(6_000,)), release()),
    "release-three": on(changed(FULL, captures=(1_000, 2_000, 3_000)), release()),
    "release-large": on(changed(BIG, captures=(6_000,)), release()),
    "extension-then-release": on(PART, extend(offered(0)), release()),
    "extension-of-31-second": on(TWO_CAPTURES, extend(31, capture=1)),
    "extension-after-extension-31": on(FULL, extend(offered(0)), extend(31)),
    "extension-third": on(THREE_CAPTURES, extend(offered(0), capture=2)),
    "extension-first-of-two": on(TWO_CAPTURES, extend(offered(0))),
    "extensions-of-both": on(TWO_CAPTURES, extend(offered(0)), extend(offered(0), capture=1)),
    "options-third": on(THREE_CAPTURES, get_options(2)),
    "extension-part-then-order": on(PART, extend(offered(0)), get_order()),
    "options-part": on(PART, get_options(), get_order()),
    "extension-released": on(RELEASED, extend(offered(0))),
    "options-released": on(RELEASED, get_options()),
    "extension-second-pay-in-4": on(
        changed(PAY_IN_4, captures=(6_000, 4_000)), extend(offered(0), capture=1)
    ),
    "extension-of-31-pay-in-4": on(PAY_IN_4, extend(31)),
    "extension-of-31-in-no": on(changed(FULL, market="NO", currency="NOK"), extend(31)),
    "reference-non-ascii": on(FULL, refund(1_000, reference="größe 🙂 <b>")),
    "line-names": on(
        FULL,
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
    "line-names-long": on(
        FULL,
        refund(1_000, order_lines=[goods(1_000, name="n" * 255, reference="r" * 200)]),
        get_refund(),
    ),
    "captures-then-order": on(TWO_CAPTURES, get_captures(), get_order()),
    "refused-twice": on(FULL, refund(-1), refund(10_001), refund(-1), refund(10_001)),
    "extension-refused-twice": on(CARD, extend(30), extend(30)),
    "options-refused-twice": on(CARD, get_options(), get_options()),
}
