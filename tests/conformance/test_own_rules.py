"""The page on rules of one's own, followed step by step."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from klarna_conformance.plan.dry_run import dry_run
from klarna_specs.errors import SpecFileError
from klarna_specs.goals import Scope, goals
from klarna_specs.loader import load
from klarna_specs.scenario import steps_of
from klarna_strategies.tables import scenario_table

PAGE = Path(__file__).parents[2] / "docs" / "own-rules.md"
RULE = "refund.large-needs-description"
BLOCKS = re.findall(r"```yaml\n# (append to )?(\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """The folder that the page makes."""
    subprocess.run([sys.executable, "-m", "klarna_specs", "house-specs"], cwd=tmp_path, check=True)
    for appended, name, text in BLOCKS:
        path = tmp_path / name
        path.write_text((path.read_text() if appended else "") + text)
    return tmp_path / "house-specs"


def test_the_scenarios_of_the_page_show_every_goal_of_its_rule(specs: Path) -> None:
    spec = load(specs)
    assert [step.operation for each in spec.scenarios for step in steps_of(each)] == [
        "refundOrder",
        "refundOrder",
    ]
    served = {goal for run in dry_run(spec, spec.scenarios) for goal in run.goals}
    assert served >= set(goals(spec, Scope(requirements=(RULE,))))
    table = list(scenario_table(spec, markets=["SE"]))
    assert all(scenario in table for scenario in spec.scenarios)


def test_a_misspelled_member_is_an_error_with_file_and_line(specs: Path) -> None:
    path = specs / "operations" / "refund-order.yaml"
    path.write_text(path.read_text().replace("has(request.description)", "has(request.descripton)"))
    with pytest.raises(SpecFileError, match=r"refund-order.yaml:\d+: .*did you mean description"):
        load(specs)


def test_a_scenario_of_an_unknown_operation_is_an_error_with_file_and_line(specs: Path) -> None:
    path = specs / "scenarios.yaml"
    path.write_text(path.read_text().replace("refundOrder", "refundOder"))
    with pytest.raises(SpecFileError, match=r"scenarios.yaml:\d+: .*did you mean refundOrder"):
        load(specs)


def test_a_copy_never_overwrites_a_folder(specs: Path) -> None:
    again = subprocess.run(
        [sys.executable, "-m", "klarna_specs", str(specs)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert "cannot be written" in again.stderr
