"""The catalogue as a whole: nothing named in vain, nothing that is never seen, nothing left out."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

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


def test_another_seed_draws_other_scenarios() -> None:
    first, second = (
        make_plan(SPEC, scope=Scope(), seed=seed, examples=10, dry_run=False).scenarios
        for seed in (1, 2)
    )

    assert first != second


def test_the_mock_is_conformant(full_run: dict[str, Any]) -> None:
    assert (full_run["verdict"], full_run["exit_code"], full_run["findings"]) == (
        "CONFORMANT",
        0,
        [],
    )


def test_every_must_of_the_page_passes_on_the_mock_with_evidence(full_run: dict[str, Any]) -> None:
    page = {name for name, operation in SPEC.operations.items() if operation.on_page}
    seen = [
        (each["verdict"], each["evidence"] > 0)
        for each in full_run["requirements"]
        if each["level"] == "MUST" and each["operation"] in page
    ]

    assert (len(page), set(seen)) == (4, {("PASS", True)})


def test_every_requirement_is_seen_on_the_mock(full_run: dict[str, Any]) -> None:
    unseen = [
        r["id"]
        for r in full_run["requirements"]
        if r["verdict"] != "NOT_APPLICABLE" and (r["goals_missing"] or not r["evidence"])
    ]

    assert unseen == []


def test_a_default_run_sends_at_least_fifteen_hundred_requests(full_run: dict[str, Any]) -> None:
    assert full_run["requests_sent"] >= 1_500


def test_every_contradiction_that_can_be_observed_is_observed_on_the_mock(
    full_run: dict[str, Any],
) -> None:
    silent = [
        each["id"]
        for each in full_run["contradictions"]
        if not each["followed"] and not each["unobserved"]
    ]

    assert silent == []


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
