"""Scenarios for a client as plain values: for fixtures and for parametrization."""

import re
from collections.abc import Collection

from klarna_conformance import defaults
from klarna_conformance.drawing import draw
from klarna_reports.words.client_wording import scenario_text
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_strategies.clients import client_scenarios, client_table

__all__ = ["klarna_scenarios", "scenario_id"]

_LONGEST_ID = 100


def klarna_scenarios(
    *,
    operations: Collection[str] | None = None,
    faults: Collection[str] = FAULT_KINDS,
    examples: int = 0,
    seed: int = defaults.SEED,
    profile: str = DEFAULT_PROFILE,
) -> tuple[ClientScenario, ...]:
    """Every enumerated scenario, and so many random ones: the same with the same seed.

    They have commands for these operations (operationIds) only, and these kinds of faults only; a
    client in a test is not restarted. `profile` is the name of a profile or the path of one.
    Raises ValueError for unknown names.
    """
    spec = load(profile=profile)
    if operations is not None:
        _known("operations", operations, client_operations(spec))
    _known("faults", faults, FAULT_KINDS)
    drawn = client_scenarios(spec, operations=operations, faults=faults)
    table = client_table(spec, operations=operations, faults=faults)
    return (
        *(each for each in table if not each.restarts),
        *draw(drawn, count=examples, seed=seed),
    )


def scenario_id(scenario: ClientScenario) -> str:
    """The name of a scenario in the name of a test: `one-refund-of-1-response-lost-...`."""
    return re.sub(r"[^a-z0-9]+", "-", scenario_text(scenario).lower())[:_LONGEST_ID].strip("-")


def _known(what: str, named: Collection[str], existing: tuple[str, ...]) -> None:
    if isinstance(named, str) or not set(named) <= set(existing):
        raise ValueError(f"{what} {named!r}: these are {', '.join(existing)}")
