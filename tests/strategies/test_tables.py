import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

import klarna_strategies
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_specs.goals import Goal, goals
from klarna_specs.plan import LAYOUTS
from klarna_specs.scenario import Scenario, Wait, steps_of
from klarna_strategies import scenario_table

from .walks import SPEC


def _served(table: Iterable[Scenario]) -> set[Goal]:
    cache = PlanningCache.of_user()
    served = {goal for run in cache.dry_runs(SPEC, table) for goal in run.goals}
    cache.keep(SPEC)
    return served


@pytest.fixture(scope="module")
def table() -> list[Scenario]:
    return list(scenario_table(SPEC))


def test_every_goal_is_served(table: list[Scenario]) -> None:
    served = _served(table)
    assert [str(goal) for goal in goals(SPEC) if goal not in served] == []


def test_scenarios_are_unique(table: list[Scenario]) -> None:
    written = [msgspec.json.encode(scenario) for scenario in table]
    assert len(written) == len(set(written))


def test_tables_are_the_same_every_time(table: list[Scenario]) -> None:
    assert list(scenario_table(SPEC)) == table


def test_there_are_hundreds_of_scenarios(table: list[Scenario]) -> None:
    assert len(table) > 500


def test_every_scenario_survives_json(table: list[Scenario]) -> None:
    again = [msgspec.json.decode(msgspec.json.encode(each), type=Scenario) for each in table]
    assert again == table


def test_every_scenario_survives_yaml(table: list[Scenario]) -> None:
    short = [each for each in table if len(msgspec.json.encode(each)) < 20_000]
    again = [msgspec.yaml.decode(msgspec.yaml.encode(each), type=Scenario) for each in short]
    assert again == short
    assert len(table) - len(short) < 10


def test_all_layouts_and_operations_are_in_the_tables(table: list[Scenario]) -> None:
    assert {each.plan.layout for each in table if each.plan} == set(LAYOUTS)
    called = {step.operation for each in table for step in steps_of(each)}
    assert called == set(SPEC.operations)


def test_most_scenarios_are_short(table: list[Scenario]) -> None:
    short = sum(1 for scenario in table if len(scenario.steps) <= 3)
    assert short > 0.9 * len(table)


def test_only_some_scenarios_need_a_clock(table: list[Scenario]) -> None:
    waiting = [each for each in table if any(isinstance(step, Wait) for step in each.steps)]
    assert 0 < len(waiting) < 20


@pytest.mark.parametrize("market", ["SE", "GB", "US"])
def test_tables_can_be_limited_to_one_market(market: str) -> None:
    table = list(scenario_table(SPEC, markets=[market]))
    assert {each.plan.market for each in table if each.plan} == {market}
    assert {each.other.market for each in table if each.other} == {market}


def test_goals_of_one_market_are_served_there() -> None:
    """All but those that need a market of another kind."""
    table = scenario_table(SPEC, markets=["SE"])
    served = _served(table)
    missing = [goal for goal in goals(SPEC) if goal not in served]
    assert {goal.requirement for goal in missing if not goal.aspect.startswith("market=")} == {
        "refund.fee-market",
        "extension.market",
        "options.market",
    }


def test_unknown_markets_are_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        list(scenario_table(SPEC, markets=["XX"]))
    with pytest.raises(ValueError, match="markets"):
        list(scenario_table(SPEC, markets=[]))


def test_every_public_name_is_documented() -> None:
    for name in klarna_strategies.__all__:
        assert getattr(klarna_strategies, name).__doc__, name


def test_strategies_import_nothing_above_them() -> None:
    """In a fresh interpreter: what a test process has imported already proves nothing."""
    code = "import sys, klarna_strategies; print('klarna_conformance' in sys.modules)"
    root = Path(__file__).parents[2]
    roots = ":".join(str(root / name) for name in ("specs", "strategies"))
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": roots}, capture_output=True, text=True
    )
    assert ran.stdout == "False\n"
