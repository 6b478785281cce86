"""Options of a project come from its defaults file, unless the command line gives them."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from klarna_conformance.cli.defaults_file import NO_DEFAULTS, defaults_of, defaults_schema
from klarna_conformance.cli.main import _group
from klarna_conformance.errors import UsageError

from .conftest import Cli

FILE = "klarna-conformance.toml"
SMALL = '[run]\nexamples = 0\nmax-requests = 40\nworkers = 1\nmarket = ["SE"]\noutput = "here"\n'
DOCUMENTED = Path(__file__).parents[2] / "docs" / "defaults.md"


def _from(text: str, folder: Path, name: str = FILE) -> dict[str, dict[str, Any]]:
    (folder / name).write_text(text, encoding="utf-8")
    return defaults_of(_group, folder)


def test_recorded_command_repeats_the_run_without_the_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"seed = 7\n{SMALL}", encoding="utf-8")
    cli("run", "--quiet", "--examples=1")
    first = json.loads((tmp_path / "here" / "run.json").read_text())
    (tmp_path / FILE).unlink()

    assert first["seed"] == 7
    assert first["command"] == (
        "klarna-conformance --no-defaults run --market SE --seed 7 --max-requests 40 "
        "--output here --workers 1 --quiet --examples=1"
    )

    cli(*shlex.split(first["command"])[1:])
    again = json.loads((tmp_path / "here" / "run.json").read_text())
    assert {**again, "wall_s": 0}.keys() == first.keys()
    for same in ("command", "seed", "requests_sent", "scenarios", "verdict", "exit_code"):
        assert again[same] == first[same]


def test_recorded_command_without_defaults_is_as_typed(cli: Cli, tmp_path: Path) -> None:
    cli("run", "--quiet", "--max-requests", "20", "--examples", "0", "--workers", "1")
    record = json.loads((tmp_path / "conformance-report" / "run.json").read_text())

    assert record["command"] == (
        "klarna-conformance run --quiet --max-requests 20 --examples 0 --workers 1"
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "shown"),
    [((), "", "7"), (("--no-defaults",), "", "20260101"), ((), "1", "20260101")],
)
def test_help_shows_the_default_that_holds(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environment: str,
    shown: str,
) -> None:
    (tmp_path / FILE).write_text("seed = 7\n", encoding="utf-8")
    monkeypatch.setenv(NO_DEFAULTS, environment)

    assert f"[default: {shown}]" in cli(*arguments, "run", "--help").out


def test_table_of_a_command_comes_before_shared_options(tmp_path: Path) -> None:
    found = _from('seed = 7\n[plan]\nseed = 8\nmarket = "SE,DE"\n', tmp_path)

    assert (found["run"]["seed"], found["plan"]["seed"]) == (7, 8)
    assert found["plan"]["markets"] == ["SE,DE"]
    assert "seed" not in found["doctor"]


def test_pyproject_counts_unless_the_folder_has_a_file_of_its_own(tmp_path: Path) -> None:
    table = "[tool.other]\nx = 1\n[tool.klarna-conformance]\nseed = 7\n"

    assert _from(table, tmp_path, "pyproject.toml")["run"] == {"seed": 7}
    assert _from("seed = 9\n", tmp_path)["run"] == {"seed": 9}


def test_nearest_file_up_to_the_top_of_the_repository_counts(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "service" / "tests"
    inner.mkdir(parents=True)
    _from("seed = 1\n", tmp_path)
    _from("seed = 2\n", tmp_path / "repository")
    assert defaults_of(_group, inner) == {}  # no repository: only the folder itself

    (tmp_path / "repository" / ".git").mkdir()
    assert defaults_of(_group, inner)["run"] == {"seed": 2}
    assert _from("seed = 3\n", inner.parent)["run"] == {"seed": 3}
    (tmp_path / "repository" / FILE).unlink()
    (inner.parent / FILE).unlink()
    assert defaults_of(_group, inner) == {}


def test_path_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "service").mkdir()
    monkeypatch.chdir(tmp_path / "service")
    _from('profile = "a.yaml"\n[run]\ndeviations = "b.yaml"\n', tmp_path)
    found = defaults_of(_group, tmp_path / "service")["run"]

    assert found == {"profile": "../a.yaml", "deviations": "../b.yaml"}
    assert _from('profile = "kustom"\n', tmp_path)["run"]["profile"] == "kustom"


WRONG = {
    "wrkers = 2": "wrkers: there is no option or command 'wrkers'; did you mean workers",
    "[run]\nwrkers = 2": "run.wrkers: there is no option of run 'wrkers'; did you mean workers?",
    "[rnu]\nseed = 2": "rnu: there is no option or command 'rnu'; did you mean run",
    "output = 'x'": "output: an option of run, ",
    "[run]\nmax-requests = '2'": "run.max-requests: '2' is not of type 'integer'",
    "[plan]\nexamples = -1": "plan.examples: -1 is less than the minimum of 0",
    "[run]\nstrict = 'yes'": "run.strict: 'yes' is not of type 'boolean'",
    "[run]\nformat = 'xml'": "run.format: 'xml' is not one of ['text', 'json']",
    "[run]\nrate = '20'": "run.rate: '20' is no rate; write for example 20/s",
    "run = 3": "run: 3 is not of type 'object'",
    "seed = ": "cannot be read: Invalid value",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_file_is_a_usage_error_with_file_and_key(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    finished = cli("list")

    assert finished.code == 2
    assert finished.err.startswith(f"Error: {tmp_path / FILE}")
    assert WRONG[text] in finished.err


@pytest.mark.parametrize(
    "text",
    [
        "password = 'hunter2'",
        "[mock]\npassword = 'hunter2'",
        "[mock]\nusername = 'hunter2'",
        "[run]\nprofile = 'https://me:hunter2@example.com/p.yaml'",
        "[run]\nmarket = ['https://me:hunter2@example.com']",
    ],
)
def test_credential_in_the_file_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="come from the environment only") as refused:
        _from(text, tmp_path)
    assert "hunter2" not in str(refused.value)


def test_shared_default_does_not_count_as_given(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("strict = true\n[mock]\nport = 1\n", encoding="utf-8")

    assert "need --judge" in cli("mock", "--strict").err
    assert "cannot listen on 203.0.113.1:1" in cli("mock", "--host", "203.0.113.1").err


def test_documented_file_is_one_and_keeps_the_schema(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
    found = _from(block, tmp_path)
    schema = defaults_schema(_group)

    assert found["run"]["max_time"] == "20m"
    assert jsonschema_rs.validator_for(schema).is_valid(tomllib.loads(block))
    assert set(_group.commands) < schema["properties"].keys()
