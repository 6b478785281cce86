"""Examples of concurrent calls."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import FULL, KEYED, NONE, PART, Example
from klarna_specs.scenario import Together
from klarna_strategies.steps import capture, refund, release

__all__ = ["CONCURRENT"]

CONCURRENT: Mapping[str, Example] = {
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
