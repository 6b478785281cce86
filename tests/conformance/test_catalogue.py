"""The catalogue as a whole: nothing named in vain, nothing that is never seen, nothing left out."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from klarna_conformance import defaults
from klarna_conformance.judge.server.checks import CHECKS, LATER_CHECKS
from klarna_conformance.judge.server.interpretations import OBSERVERS
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_specs.checks import SERVER_CHECKS
from klarna_specs.goals import Scope
from klarna_specs.loader import load

ROOT = Path(__file__).parents[2]
SPEC = load()


def test_every_check_of_the_specs_exists_and_none_is_unused() -> None:
    named = {requirement.check for requirement in SPEC.requirements if requirement.check}

    assert named == SERVER_CHECKS == {*CHECKS, *LATER_CHECKS}


def test_no_check_is_decided_both_at_once_and_later() -> None:
    assert {*CHECKS} & {*LATER_CHECKS} == set()


def test_every_observer_of_the_specs_exists_and_none_is_unused() -> None:
    named = {each.observe for each in SPEC.contradictions if each.observe}

    assert named == {*OBSERVERS}


def test_the_default_plan_serves_every_goal() -> None:
    plan = make_plan(
        SPEC,
        scope=Scope(),
        seed=defaults.SEED,
        examples=defaults.EXAMPLES,
        cache=PlanningCache.of_user(),
    )

    assert plan.unserved == ()
    assert plan.requests >= 1_500


def test_another_seed_draws_other_scenarios() -> None:
    first, second = (
        make_plan(SPEC, scope=Scope(), seed=seed, examples=10, dry_run=False).scenarios
        for seed in (1, 2)
    )

    assert first != second


def test_the_mock_meets_every_binding_requirement_in_nine_hundred_requests(
    shared_run: Callable[..., Path],
) -> None:
    folder = shared_run("goals", "--max-requests", 900)
    run = json.loads((folder / "run.json").read_text())
    binding = {r["verdict"] for r in run["requirements"] if r["level"] == "MUST"}

    assert (run["verdict"], run["exit_code"], run["findings"]) == ("CONFORMANT", 0, [])
    assert (binding, run["requests_sent"] <= 900) == ({"PASS"}, True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_that_the_packages_need(wheel: set[str]) -> None:
    roots = ("specs", "strategies", "reports", "conformance")
    needed = {
        path.relative_to(ROOT / root).as_posix()
        for root in roots
        for pattern in ("*.py", "*.yaml", "*.json", "*.j2", "*.css", "*.xz", "py.typed")
        for path in (ROOT / root).rglob(pattern)
    }

    assert needed - wheel == set()


@pytest.mark.parametrize(
    "package", ["klarna_specs", "klarna_strategies", "klarna_reports", "klarna_conformance"]
)
def test_every_package_in_the_wheel_is_typed(package: str, wheel: set[str]) -> None:
    assert f"{package}/py.typed" in wheel


def test_the_wheel_has_the_packages_and_its_metadata_only(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}

    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "klarna_specs",
        "klarna_strategies",
        "klarna_reports",
        "klarna_conformance",
    }
