"""Tests of clients: what the fixtures of the pytest plugin consist of."""

from klarna_conformance.testing.complaint import KlarnaWarning
from klarna_conformance.testing.mock import KlarnaMock
from klarna_conformance.testing.scenarios import klarna_scenarios

__all__ = ["KlarnaMock", "KlarnaWarning", "klarna_scenarios"]
