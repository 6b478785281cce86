"""Results of planning are used again as long as nothing that they depend on has changed."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.plan import planning_cache
from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.plan.planning_cache import DIRECTORY_VARIABLE, PlanningCache
from klarna_specs.scenario import Raw, Scenario
from klarna_specs.spec import Spec
from klarna_strategies.steps import refund

from .museum import FULL, TWO_CAPTURES, spec

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
        cache.keep()
    assert (counted.made, counted.dry_runs) == (1, len(SCENARIOS))


def test_only_new_scenarios_get_a_dry_run(tmp_path: Path, counted: _Counted) -> None:
    cache = PlanningCache(tmp_path)
    cache.dry_runs(spec(), SCENARIOS[:2])
    cache.keep()
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
        cache.keep()
        for path in tmp_path.iterdir():
            path.write_bytes(spoil(path.read_bytes()))
    assert (counted.made, counted.dry_runs) == (2, 2 * len(SCENARIOS))


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
