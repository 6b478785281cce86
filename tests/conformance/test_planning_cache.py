"""Results of planning are used again as long as nothing that they depend on has changed."""

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from subprocess import PIPE

import msgspec
import pytest

from klarna_conformance.plan import planning_cache
from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.plan.planning_cache import (
    DEFAULT_PARAMETERS,
    PlanningCache,
)
from klarna_conformance.plan.shipped import packaged, shipped
from klarna_conformance.wrong.examples.orders import FULL, TWO_CAPTURES
from klarna_specs.cache_files import DIRECTORY_VARIABLE
from klarna_specs.goals import Scope
from klarna_specs.scenario import Raw, Scenario
from klarna_specs.spec import Spec
from klarna_strategies.steps import refund
from klarna_strategies.tables import scenario_table

from .conftest import COMMAND
from .mutant_servers import spec

ODD = msgspec.structs.replace(refund(1), body=Raw(text='{"refunded_amount": 1e2}\x00\u2028'))
SCENARIOS = (
    Scenario(plan=FULL, steps=(refund(1), refund(10_001))),
    Scenario(plan=TWO_CAPTURES, steps=(refund(10**30), refund(1.0))),
    Scenario(plan=FULL, steps=(ODD,)),
)


class _Counted:
    """Makes scenarios and their dry runs, and counts both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = self.dry_runs = 0
        monkeypatch.setattr(planning_cache, "dry_run", self._dry_run)

    def make(self) -> Iterable[Scenario]:
        self.made += 1
        return SCENARIOS

    def _dry_run(self, spec: Spec, scenarios: Iterable[Scenario]) -> list[DryRun]:
        chosen = list(scenarios)
        self.dry_runs += len(chosen)
        return dry_run(spec, chosen)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> _Counted:
    return _Counted(monkeypatch)


def test_second_plan_needs_no_generation_and_no_dry_run(tmp_path: Path, counted: _Counted) -> None:
    for _ in range(2):
        cache = PlanningCache(tmp_path / "new")
        assert cache.candidates(spec(), (1, 20), counted.make) == SCENARIOS
        assert cache.dry_runs(spec(), SCENARIOS) == dry_run(spec(), SCENARIOS)
        cache.keep(spec())
    assert (counted.made, counted.dry_runs) == (1, len(SCENARIOS))


def test_only_new_scenarios_get_a_dry_run(tmp_path: Path, counted: _Counted) -> None:
    cache = PlanningCache(tmp_path)
    cache.dry_runs(spec(), SCENARIOS[:2])
    cache.keep(spec())
    cache = PlanningCache(tmp_path)
    assert cache.dry_runs(spec(), SCENARIOS[1:]) == dry_run(spec(), SCENARIOS[1:])
    assert counted.dry_runs == len(SCENARIOS)


def test_other_parameters_specs_or_code_miss_the_cache(
    tmp_path: Path, counted: _Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = PlanningCache(tmp_path)
    other = msgspec.structs.replace(spec(), fingerprint="another")
    for loaded, parameters in ((spec(), (1,)), (spec(), (2,)), (other, (1,))):
        cache.candidates(loaded, parameters, counted.make)
    monkeypatch.setattr(planning_cache, "_state", lambda: "changed")
    cache.candidates(spec(), (1,), counted.make)
    assert counted.made == 4


def _changed(content: bytes) -> bytes:
    return content.replace(b"1", b"2")


def _emptied(content: bytes) -> bytes:
    return content.partition(b"\n")[0] + b"\n[]"


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "spoil", [_changed, _emptied, _cut, lambda _: b"", lambda _: b"[" * 99_999]
)
def test_damaged_file_is_computed_again(
    tmp_path: Path, counted: _Counted, spoil: Callable[[bytes], bytes]
) -> None:
    for _ in range(2):
        cache = PlanningCache(tmp_path)
        assert cache.candidates(spec(), (), counted.make) == SCENARIOS
        assert cache.dry_runs(spec(), SCENARIOS) == dry_run(spec(), SCENARIOS)
        cache.keep(spec())
        for path in tmp_path.iterdir():
            path.write_bytes(spoil(path.read_bytes()))
    assert (counted.made, counted.dry_runs) == (2, 2 * len(SCENARIOS))


def test_temporary_file_of_a_killed_run_is_ignored(tmp_path: Path, counted: _Counted) -> None:
    (tmp_path / "tmp1234").write_bytes(b"half of a")
    for _ in range(2):
        assert PlanningCache(tmp_path).candidates(spec(), (), counted.make) == SCENARIOS
    assert counted.made == 1


def test_plan_is_made_once(tmp_path: Path, counted: _Counted) -> None:
    scope = Scope(requirements=("release.fully-captured-refused",), markets=("SE",))
    plans = [
        make_plan(
            spec(), scope=scope, seed=1, examples=0, max_requests=20, cache=PlanningCache(tmp_path)
        )
        for _ in range(2)
    ]
    before = counted.dry_runs
    assert plans[0] == plans[1]
    for path in tmp_path.glob("dry-runs-*"):
        path.unlink()
    cache = PlanningCache(tmp_path)
    assert make_plan(spec(), scope=scope, seed=1, examples=0, max_requests=20, cache=cache)
    assert counted.dry_runs == before


def test_processes_that_plan_at_the_same_time_share_a_folder(tmp_path: Path) -> None:
    command = [str(COMMAND), "plan", "--requirement", "release.fully-captured-refused"]
    small = ("--market", "SE", "--seed", "3", "--examples", "0", "--max-requests", "60")
    environment = {**os.environ, DIRECTORY_VARIABLE: str(tmp_path)}
    running = [subprocess.Popen([*command, *small], env=environment, stdout=PIPE) for _ in range(2)]
    printed = {process.communicate()[0] for process in running}

    assert [process.returncode for process in running] == [0, 0]
    assert len(printed) == 1
    assert not list(tmp_path.glob("tmp*"))


def test_no_cache_reads_and_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: _Counted
) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    parameters = DEFAULT_PARAMETERS
    PlanningCache.of_user(disabled=True).candidates(spec(), parameters, counted.make)
    assert (counted.made, list(tmp_path.iterdir())) == (1, [])


def test_package_holds_the_scenarios_of_the_tables() -> None:
    """If this fails, run scripts/ship_plan.py."""
    held = packaged()
    table = tuple(scenario_table(spec()))
    assert held.candidates[: len(table)] == table


def test_default_plan_of_the_package_needs_no_generation_and_no_dry_run(
    counted: _Counted,
) -> None:
    cache = PlanningCache(None, lambda _: packaged())
    candidates = cache.candidates(spec(), DEFAULT_PARAMETERS, counted.make)
    cache.dry_runs(spec(), candidates)
    assert (counted.made, counted.dry_runs) == (0, 0)


def test_default_plan_of_other_specs_is_not_used(counted: _Counted) -> None:
    other = msgspec.structs.replace(spec(), fingerprint="another")
    cache = PlanningCache(None, shipped)
    assert cache.candidates(other, DEFAULT_PARAMETERS, counted.make) == SCENARIOS


def test_unwritable_folder_disables_the_cache(tmp_path: Path, counted: _Counted) -> None:
    (tmp_path / "file").touch()
    cache = PlanningCache(tmp_path / "file" / "below")
    for _ in range(2):
        assert cache.candidates(spec(), (), counted.make) == SCENARIOS
    assert counted.made == 2


def test_most_recently_used_files_are_kept(tmp_path: Path, counted: _Counted) -> None:
    cache = PlanningCache(tmp_path)
    for number in range(40):
        cache.candidates(spec(), (number,), counted.make)
        cache.candidates(spec(), (0,), counted.make)
    assert counted.made == 40
    assert len(list(tmp_path.iterdir())) < 40


def test_environment_variable_selects_another_folder_or_none(
    tmp_path: Path, counted: _Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path / "named"))
    PlanningCache.of_user().candidates(spec(), (), counted.make)
    assert list((tmp_path / "named").iterdir())

    monkeypatch.setenv(DIRECTORY_VARIABLE, "")
    for _ in range(2):
        PlanningCache.of_user().candidates(spec(), (), counted.make)
    assert counted.made == 3
