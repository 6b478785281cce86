"""Examples with a second order."""

from collections.abc import Mapping

from klarna_conformance.wrong.examples.orders import KEYED
from klarna_specs.scenario import Action, Key
from klarna_strategies.steps import (
    extend,
    get_capture,
    get_options,
    get_order,
    get_refund,
    refund,
    release,
)

__all__ = ["BESIDE"]

BESIDE: Mapping[str, tuple[Action, ...]] = {
    "get-capture-of-other": (get_capture("other"),),
    "get-refund-of-other": (refund(1_000, order="other"), get_refund("other")),
    "extension-of-other": (extend(30, capture="other"),),
    "options-of-other": (get_options("other"),),
    "refund-beside": (refund(1_000),),
    "release-and-key": (KEYED, release(key=Key("first"))),
    "one-key-on-two-orders": (KEYED, refund(2_000, order="other", key=KEYED.key)),
    "refused-on-both": (refund(10_001), refund(10_001, order="other")),
    "orders-3": (
        get_order(),
        get_order(order="other"),
        get_order(order="other"),
        get_order(order="other"),
    ),
}
"""Steps with a second order."""
