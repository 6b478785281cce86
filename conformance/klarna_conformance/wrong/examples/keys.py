"""Examples of idempotency keys and repeated calls."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import (
    BIG,
    FULL,
    KEYED,
    NONE,
    PART,
    TWO_CAPTURES,
    Example,
)
from klarna_specs.scenario import Key
from klarna_strategies.steps import capture, extend, offered, refund, release

__all__ = ["KEYS"]

KEYS: Mapping[str, Example] = {
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
    "repeated-large": (BIG, (refund(10**8, key=Key("first")),) * 2),
}
