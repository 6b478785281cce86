"""For tests of clients: what the fixtures of the pytest plugin are made of."""

from klarna_conformance.testing.mock import KlarnaMock
from klarna_conformance.testing.scenarios import klarna_scenarios
from klarna_conformance.testing.warned import KlarnaWarning

__all__ = ["KlarnaMock", "KlarnaWarning", "klarna_scenarios"]
