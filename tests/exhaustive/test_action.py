"""The steps of the GitHub action, run as a runner does, against the mock."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


class Runner:
    """Runs the scripts of the action in a workspace; actions of others are left out."""

    def __init__(self, folder: Path, environment: dict[str, str], **inputs: str) -> None:
        self._folder = folder
        self._environment = environment
        defaults = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        self._values = {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
        self._values |= {
            "github.action_path": str(ROOT),
            "github.event.pull_request.number": "7",
            "github.repository": "owner/shop",
            "github.token": "token",
        }
        self.summary = folder / "summary.md"

    def run(self) -> int:
        """The exit code of the first step that fails, 0 if none does."""
        failed = 0
        for step in ACTION["runs"]["steps"]:
            if "run" in step and self._applies(step.get("if", "true"), failed):
                failed = failed or self._step(step)
        return failed

    def _applies(self, condition: str, failed: int) -> bool:
        compared = re.fullmatch(r"inputs\.([a-z]+) == '(.*)'|true", condition)
        assert compared, condition
        return not failed and (
            condition == "true" or self._values[f"inputs.{compared[1]}"] == compared[2]
        )

    def _step(self, step: Any) -> int:
        output = self._folder / "output.txt"
        output.write_text("")
        given = {name: self._value(text) for name, text in step.get("env", {}).items()}
        runner = {
            "RUNNER_TEMP": str(self._folder / "temp"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTIONS": "true",
        }
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self._folder,
            env={**self._environment, **runner, **given},
            check=False,
        )
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self._values[f"steps.{step['id']}.outputs.{name}"] = value
        return ended.returncode

    def _value(self, text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda named: self._values[named[1]], text)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "temp").mkdir()
    return folder


def test_the_action_tests_the_mock_and_reports_its_defects(
    workspace: Path, environment: dict[str, str]
) -> None:
    comments = workspace / "comments.txt"
    (workspace / "gh").write_text(f'#!/bin/sh\nprintf "%s " "$@" >>{comments}\ncat >>{comments}\n')
    (workspace / "gh").chmod(0o755)
    environment = {name: each for name, each in environment.items() if name != "VIRTUAL_ENV"}
    environment["PATH"] = os.pathsep.join((str(workspace), environment["PATH"]))
    common = {"target": "mock", "sarif": "true", "doctor": "true"}
    args = "--operation cancelOrder --examples 0"
    right = Runner(workspace, environment, **common, args=args)
    args_of_wrong = f"{args} --mutant cancel-answered-302"
    wrong = Runner(workspace, environment, **common, args=args_of_wrong, comment="true")

    assert right.run() == 0
    assert "CONFORMANT" in right.summary.read_text()
    assert not comments.exists()
    assert wrong.run() == 1
    assert "NONCONFORMANT" in wrong.summary.read_text()
    assert comments.read_text().startswith("pr comment 7 --body-file -")
    assert "NONCONFORMANT" in comments.read_text()
    assert (workspace / "conformance-report" / "report.sarif").exists()
    history = (workspace / "conformance-report" / "history.ndjson").read_text().splitlines()
    assert len(history) == 2
    assert os.environ.get("GITHUB_OUTPUT") is None
