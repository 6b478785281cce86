"""Tests of clients: what the fixtures of the pytest plugin consist of.

The names are imported when they are first used: the mock needs nothing that draws scenarios.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klarna_conformance.testing.complaint import KlarnaWarning
    from klarna_conformance.testing.mock import KlarnaMock
    from klarna_conformance.testing.scenarios import klarna_scenarios

__all__ = ["KlarnaMock", "KlarnaWarning", "klarna_scenarios"]

_MODULES = {
    "KlarnaMock": "mock",
    "KlarnaWarning": "complaint",
    "klarna_scenarios": "scenarios",
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
