"""Dry runs as they are stored: by the digest of their scenario, each goal written once."""

from collections.abc import Iterable

import msgspec

from klarna_conformance.plan.dry_run import DryRun
from klarna_specs.cache_files import digest
from klarna_specs.goals import Goal
from klarna_specs.scenario import Scenario

__all__ = ["DryRunTable"]


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """A dry run; a goal is its index in the list of goals of the table."""

    goals: tuple[int, ...]
    shown: tuple[int, ...]
    requests: int
    outcomes: tuple[str, ...]


class DryRunTable(msgspec.Struct, array_like=True):
    """Dry runs without their scenarios."""

    goals: list[Goal] = []
    entries: dict[str, _Entry] = {}

    def missing(self, scenarios: Iterable[Scenario]) -> list[Scenario]:
        """The scenarios that have no dry run here, each once."""
        named = {_name(scenario): scenario for scenario in scenarios}
        return [scenario for name, scenario in named.items() if name not in self.entries]

    def add(self, runs: Iterable[DryRun]) -> None:
        """Adds dry runs."""
        place = {goal: number for number, goal in enumerate(self.goals)}

        def places(goals: Iterable[Goal]) -> tuple[int, ...]:
            return tuple(place.setdefault(goal, len(place)) for goal in sorted(goals))

        for each in runs:
            self.entries[_name(each.scenario)] = _Entry(
                places(each.goals), places(each.shown), each.requests, each.outcomes
            )
        self.goals = list(place)

    def of(self, scenarios: Iterable[Scenario]) -> list[DryRun]:
        """The dry run of each scenario, which must be here."""
        return [self._decoded(each, self.entries[_name(each)]) for each in scenarios]

    def _decoded(self, scenario: Scenario, entry: _Entry) -> DryRun:
        return DryRun(
            scenario=scenario,
            goals=frozenset(self.goals[place] for place in entry.goals),
            shown=frozenset(self.goals[place] for place in entry.shown),
            requests=entry.requests,
            outcomes=entry.outcomes,
        )


def _name(scenario: Scenario) -> str:
    return digest(msgspec.json.encode(scenario, order="deterministic").decode())
