"""What planning worked out is used again where nothing that it follows from has changed."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.plan import planning_cache
from klarna_conformance.plan.planning_cache import DIRECTORY_VARIABLE, PlanningCache
from klarna_conformance.plan.rehearsal import Rehearsed, rehearse
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
    """Makes and rehearses scenarios, and counts how many."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = self.rehearsed = 0
        monkeypatch.setattr(planning_cache, "rehearse", self._rehearse)

    def make(self) -> Iterable[Scenario]:
        self.made += 1
        return SCENARIOS

    def _rehearse(self, spec: Spec, scenarios: Iterable[Scenario]) -> list[Rehearsed]:
        chosen = list(scenarios)
        self.rehearsed += len(chosen)
        return rehearse(spec, chosen)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> _Counted:
    return _Counted(monkeypatch)


def test_the_second_time_nothing_is_drawn_or_rehearsed(tmp_path: Path, counted: _Counted) -> None:
    for _ in range(2):
        cache = PlanningCache(tmp_path / "new")
        assert cache.candidates(spec(), (1, 20), counted.make) == SCENARIOS
        assert cache.rehearsed(spec(), SCENARIOS) == rehearse(spec(), SCENARIOS)
        cache.keep()
    assert (counted.made, counted.rehearsed) == (1, len(SCENARIOS))


def test_only_what_is_new_is_rehearsed(tmp_path: Path, counted: _Counted) -> None:
    cache = PlanningCache(tmp_path)
    cache.rehearsed(spec(), SCENARIOS[:2])
    cache.keep()
    cache = PlanningCache(tmp_path)
    assert cache.rehearsed(spec(), SCENARIOS[1:]) == rehearse(spec(), SCENARIOS[1:])
    assert counted.rehearsed == len(SCENARIOS)


def test_other_parameters_specs_and_code_are_something_else(
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
def test_what_is_not_as_it_was_written_is_worked_out_again(
    tmp_path: Path, counted: _Counted, spoil: Callable[[bytes], bytes]
) -> None:
    for _ in range(2):
        cache = PlanningCache(tmp_path)
        assert cache.candidates(spec(), (), counted.make) == SCENARIOS
        assert cache.rehearsed(spec(), SCENARIOS) == rehearse(spec(), SCENARIOS)
        cache.keep()
        for path in tmp_path.iterdir():
            path.write_bytes(spoil(path.read_bytes()))
    assert (counted.made, counted.rehearsed) == (2, 2 * len(SCENARIOS))


def test_a_folder_that_cannot_be_made_costs_time_only(tmp_path: Path, counted: _Counted) -> None:
    (tmp_path / "file").touch()
    cache = PlanningCache(tmp_path / "file" / "below")
    for _ in range(2):
        assert cache.candidates(spec(), (), counted.make) == SCENARIOS
    assert counted.made == 2


def test_the_files_that_were_used_last_are_kept(tmp_path: Path, counted: _Counted) -> None:
    cache = PlanningCache(tmp_path)
    for number in range(40):
        cache.candidates(spec(), (number,), counted.make)
        cache.candidates(spec(), (0,), counted.make)
    assert counted.made == 40
    assert len(list(tmp_path.iterdir())) < 40


def test_the_environment_names_another_folder_or_none(
    tmp_path: Path, counted: _Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path / "named"))
    PlanningCache.of_user().candidates(spec(), (), counted.make)
    assert list((tmp_path / "named").iterdir())

    monkeypatch.setenv(DIRECTORY_VARIABLE, "")
    for _ in range(2):
        PlanningCache.of_user().candidates(spec(), (), counted.make)
    assert counted.made == 3
