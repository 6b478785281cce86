import asyncio
from itertools import combinations, product
from typing import Any

import pytest

from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.engine import play_and_judge
from klarna_specs.scenario import Scenario
from klarna_strategies.pairwise import pairwise
from klarna_strategies.tables.combinations import combinations_of
from klarna_strategies.tables.corners import corners
from klarna_strategies.tables.pairs import pairs
from klarna_strategies.tables.stage import Stage

from .walks import SPEC

CALLS = ("refund", "fee refund", "release", "extension", "repeat")


def met(row: dict[str, Any]) -> set[Any]:
    return set(combinations(row.items(), 2))


def troubles(scenarios: list[Scenario]) -> list[str]:
    found: list[str] = []
    for scenario in scenarios:
        target = MockTarget(Mock(SPEC))
        played = asyncio.run(play_and_judge(SPEC, target, scenario, identifier="pairs"))
        if played.error or played.unavailable:
            found.append(f"{scenario}: {played.error or played.unavailable}")
        found += [
            f"{finding.requirement} {finding.verdict}: {scenario}"
            for finding in played.findings
            if finding.verdict in ("FAIL", "WARN", "ERROR")
        ]
    return found


@pytest.mark.parametrize("call", CALLS)
def test_every_possible_pair_of_values_occurs(call: str) -> None:
    dimensions, fits = combinations_of(Stage(SPEC))[call]
    possible: set[Any] = set()
    for values in product(*dimensions.values()):
        row = dict(zip(dimensions, values, strict=True))
        if fits(row):
            possible |= met(row)
    occurring: set[Any] = set()
    for row in pairwise(dimensions, fits):
        assert fits(row)
        occurring |= met(row)
    assert occurring == possible


def test_impossible_pairs_do_not_prevent_possible_ones() -> None:
    dimensions = {"a": (0, 1), "b": (0, 1), "c": (0, 1)}
    rows = list(pairwise(dimensions, lambda row: (row.get("a"), row.get("b")) != (1, 1)))
    assert {(row["a"], row["b"]) for row in rows} == {(0, 0), (0, 1), (1, 0)}
    assert {(row["b"], row["c"]) for row in rows} == set(product((0, 1), repeat=2))


def test_table_is_the_same_each_time() -> None:
    assert list(pairs(Stage(SPEC))) == list(pairs(Stage(SPEC)))


def test_every_market_occurs() -> None:
    placed = {scenario.plan.market for scenario in pairs(Stage(SPEC)) if scenario.plan}
    assert placed == set(SPEC.markets)


def test_pairs_are_short() -> None:
    assert max(len(scenario.steps) for scenario in pairs(Stage(SPEC))) <= 4


def test_conformant_server_passes_every_scenario() -> None:
    stage = Stage(SPEC)
    assert troubles([*pairs(stage), *corners(stage)]) == []


def test_only_the_intended_calls_are_refused() -> None:
    """Refused is only what is meant as the refused call before, or between two repeats."""
    for scenario in pairs(Stage(SPEC)):
        mock = Mock(SPEC)
        asyncio.run(play_and_judge(SPEC, MockTarget(mock), scenario, identifier="pairs"))
        refused = [e.request for e in mock.exchanges if not e.outcome.is_success]  # pyright: ignore
        assert len(refused) <= 1, scenario
        assert all(request.path.endswith("/refunds") for request in refused), scenario
