"""Behaviours of mutants that changed rules and rewritten responses cannot express, by name."""

from collections.abc import Callable, Mapping

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.wrong import variants
from klarna_conformance.wrong.behaviours import (
    answering,
    booking,
    deciding,
    keys,
    racing,
    showing,
    understanding,
)
from klarna_conformance.wrong.named import functions_of

__all__ = ["BEHAVIOURS"]

BEHAVIOURS: Mapping[str, Callable[..., Deviation]] = {
    **functions_of(answering, booking, deciding, keys, racing, showing, understanding),
    **keys.READ_AS,
    **variants.BEHAVIOURS,
}
"""Functions that make a deviation, by the names that the catalogue uses for them."""
