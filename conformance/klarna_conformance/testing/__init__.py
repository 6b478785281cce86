"""Tests of clients: what the fixtures of the pytest plugin consist of.

The names are imported when they are first used: the mock needs nothing that draws scenarios.
"""

from typing import TYPE_CHECKING

from klarna_specs.on_use import imported_on_use

if TYPE_CHECKING:
    from klarna_conformance.testing.complaint import KlarnaWarning
    from klarna_conformance.testing.mock import KlarnaMock
    from klarna_conformance.testing.scenarios import klarna_scenarios

__all__ = ["KlarnaMock", "KlarnaWarning", "klarna_scenarios"]

_NAMES = {
    "complaint": ("KlarnaWarning",),
    "mock": ("KlarnaMock",),
    "scenarios": ("klarna_scenarios",),
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name
    __getattr__ = imported_on_use(__name__, _NAMES)
