"""Examples of concurrent calls."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import (
    FEE_REFUND,
    FULL,
    KEYED,
    NONE,
    PART,
    Example,
    on,
)
from klarna_specs.scenario import Together
from klarna_strategies.steps import capture, refund, release

__all__ = ["CONCURRENT"]

CONCURRENT: Mapping[str, Example] = {
    "together-refunds-beyond": on(FULL, Together((refund(6_000), refund(6_000)))),
    "together-fees-beyond": on(FULL, Together((FEE_REFUND, FEE_REFUND))),
    "together-refunds": on(FULL, Together((refund(2_000), refund(3_000)))),
    "together-three-refunds": on(FULL, Together((refund(2_000), refund(3_000), refund(1_000)))),
    "together-key": on(FULL, Together((KEYED, KEYED))),
    "together-key-four": on(FULL, Together((KEYED,) * 4), KEYED),
    "together-captures": on(NONE, Together((capture(6_000), capture(6_000)))),
    "together-captures-fit": on(NONE, Together((capture(3_000), capture(4_000)))),
    "together-release-capture": on(PART, Together((release(), capture(4_000)))),
    "together-release-refund": on(PART, Together((release(), refund(1_000)))),
    "together-refund-release": on(PART, Together((refund(1_000), release()))),
    "together-releases": on(PART, Together((release(), release()))),
}
