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
    on,
)
from klarna_specs.scenario import Key
from klarna_strategies.steps import capture, extend, offered, refund, release

__all__ = ["KEYS"]

KEYS: Mapping[str, Example] = {
    "extension-key-with-other-days": on(
        FULL, extend(offered(0), key=Key("first")), extend(7, key=Key("first"))
    ),
    "repeated": on(FULL, KEYED, KEYED),
    "repeated-after-another": on(FULL, KEYED, refund(1_000, key=Key("second")), KEYED),
    "repeated-after-others": on(
        FULL, KEYED, *(refund(100, key=Key(f"{n}")) for n in range(10)), KEYED
    ),
    "repeated-after-fifty": on(
        FULL, KEYED, *(refund(100, key=Key(f"{n}")) for n in range(50)), KEYED
    ),
    "repeated-after-refusal": on(FULL, KEYED, refund(20_000), KEYED),
    "repeated-refusal": on(FULL, *(refund(20_000, key=Key("first")),) * 2),
    "repeated-uuid5": on(FULL, *(refund(1_000, key=Key("first", form="uuid5")),) * 2),
    "repeated-text": on(FULL, *(refund(1_000, key=Key("first", form="text")),) * 2),
    "two-keys": on(FULL, KEYED, refund(1_000, key=Key("second"))),
    "two-keys-text": on(
        FULL, refund(1_000, key=Key("a-1", form="text")), refund(1_000, key=Key("b-1", form="text"))
    ),
    "two-keys-case": on(
        FULL, refund(1_000, key=Key("a", form="text")), refund(1_000, key=Key("A", form="text"))
    ),
    "two-keys-number": on(
        FULL,
        refund(1_000, key=Key("1", form="number")),
        refund(1_000, key=Key("1.0", form="number")),
    ),
    "release-repeated": on(PART, *(release(key=Key("first")),) * 2),
    "refund-then-release-repeated": on(PART, KEYED, release(), KEYED),
    "extension-repeated": on(FULL, *(extend(offered(0), key=Key("first")),) * 2),
    "capture-repeated": on(NONE, *(capture(1_000, key=Key("first")),) * 2),
    "text-keys-alike-at-end": on(
        FULL,
        refund(1_000, key=Key("a-000001", form="text")),
        refund(1_000, key=Key("b-000001", form="text")),
    ),
    "number-keys": on(
        FULL,
        refund(1_000, key=Key("0001-#", form="number")),
        refund(1_000, key=Key("000-1#", form="number")),
    ),
    "text-repeated-after-refund": on(
        FULL,
        refund(1_000, key=Key("a", form="text")),
        refund(500),
        refund(1_000, key=Key("a", form="text")),
    ),
    "second-key-repeated": on(
        FULL, KEYED, refund(500, key=Key("second")), refund(500, key=Key("second"))
    ),
    "third-key-repeated": on(
        FULL,
        KEYED,
        refund(500, key=Key("second")),
        refund(400, key=Key("third")),
        refund(400, key=Key("third")),
    ),
    "six-refunds-then-repeated": on(FULL, *(refund(100),) * 6, KEYED, KEYED),
    "repeated-part": on(PART, KEYED, KEYED),
    "repeated-two-captures": on(TWO_CAPTURES, KEYED, KEYED),
    "repeated-large": on(BIG, *(refund(10**8, key=Key("first")),) * 2),
}
