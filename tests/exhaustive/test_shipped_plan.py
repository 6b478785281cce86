"""The default plan in the package is the one that the specs, strategies, mock and judge give."""

from klarna_conformance.plan.planning import made_for_package
from klarna_conformance.plan.shipped import shipped
from klarna_specs.loader import load


def test_package_holds_the_plan_that_would_be_made_now() -> None:
    """If this fails, run scripts/ship_plan.py."""
    assert shipped(load()) == made_for_package(load())
