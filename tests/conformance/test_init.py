"""`init` writes the first files of a project."""

import io
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from klarna_conformance.cli.defaults_file import defaults_of
from klarna_conformance.cli.main import _group
from klarna_conformance.target.provisioners.pool import pool_schema
from klarna_conformance.target.target_file import read_target, target_schema
from klarna_specs.yaml_text import parse_yaml

from .conftest import AUTH, Cli, Served

SERVERS = ("http://127.0.0.1:8080", "playground-eu", "kustom-playground")
CI = {"github": ".github/workflows/klarna.yaml", "gitlab": "klarna.gitlab-ci.yml", "none": ""}


@pytest.fixture(autouse=True)
def _credentials(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("KLARNA_USERNAME", "KLARNA_PASSWORD"), AUTH, strict=True):
        monkeypatch.setenv(name, value)
    for name in ("KLARNA_TOKEN", "ORDERS_URL"):
        monkeypatch.setenv(name, "https://orders.example")


def _written(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield str(path.relative_to(folder)), path.read_text("utf-8")


def _accepted(schema: dict[str, Any], text: str) -> bool:
    return jsonschema_rs.validator_for(schema).is_valid(parse_yaml("", text).root)


@pytest.mark.parametrize(
    ("server", "orders"), list(product(SERVERS, ("pool", "http", "command", "customer_token")))
)
def test_written_files_keep_our_schemas_and_are_read(
    cli: Cli, tmp_path: Path, server: str, orders: str
) -> None:
    assert cli("init", "--server", server, "--orders", orders, "--ci", "none").code == 0
    written = dict(_written(tmp_path))
    target = read_target(tmp_path / "sandbox.yaml")

    assert written.keys() - {"orders.yaml"} == {"klarna-conformance.toml", "sandbox.yaml"}
    assert _accepted(target_schema(), written["sandbox.yaml"])
    assert ("orders.yaml" in written) == (orders == "pool")
    assert orders != "pool" or _accepted(pool_schema(), written["orders.yaml"])
    assert defaults_of(_group, tmp_path)["run"] == {"max_time": "30m"}
    assert (target.limits.rate_per_s is None) == ("127.0.0.1" in server)
    assert ("profile: kustom" in written["sandbox.yaml"]) == ("kustom" in server)


def test_run_against_the_mock_works_at_once(cli: Cli, tmp_path: Path, served: Served) -> None:
    cli("init", "--server", served.base_url, "--orders", "http", "--ci", "github")
    scope = ("--requirement", "refund.created-status", "--examples", "0", "--max-requests", "60")

    assert cli("doctor", "sandbox.yaml").code == 0
    assert cli("run", "sandbox.yaml", *scope).code == 0


@pytest.mark.parametrize("system", CI)
def test_questions_have_answers_that_fit_what_is_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    if system == "github":
        (tmp_path / ".github").mkdir()
    if system == "gitlab":
        (tmp_path / ".gitlab-ci.yml").write_text("")
    monkeypatch.setattr(sys, "stdin", Terminal("\n\n\n"))
    finished = cli("init")

    assert finished.out.count("]: ") == 3
    assert {name for name, _ in _written(tmp_path)} >= {
        "sandbox.yaml",
        CI[system] or "sandbox.yaml",
    }
    assert "  klarna-conformance mock --port 8080" in finished.out
    assert ("include: [{local: klarna.gitlab-ci.yml}]" in finished.out) == (system == "gitlab")


def test_without_a_terminal_the_missing_options_are_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    finished = cli("init", "--server", "playground-eu")

    assert (finished.code, list(tmp_path.iterdir())) == (2, [])
    assert "give --server, --orders and --ci" in finished.err


@pytest.mark.parametrize("server", ["https://api.klarna.com", "http://192.0.2.1", "nowhere"])
def test_server_that_a_run_would_refuse_is_refused(cli: Cli, tmp_path: Path, server: str) -> None:
    finished = cli("init", "--server", server, "--orders", "pool", "--ci", "none")

    assert (finished.code, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize("there", ["sandbox.yaml", "klarna-conformance.toml", CI["github"]])
def test_existing_file_is_kept_and_nothing_is_written(cli: Cli, tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("# mine\n")
    arguments = ("--server", "playground-eu", "--orders", "http", "--ci", "github")
    finished = cli("--no-defaults", "init", *arguments)

    assert finished.code == 2
    assert there in finished.err
    assert list(_written(tmp_path)) == [(there, "# mine\n")]


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_job_installs_what_install_names(cli: Cli, tmp_path: Path, system: str) -> None:
    source = "git+https://git.example/team/klarna-conformance"
    options = ("--server", "playground-eu", "--orders", "http", "--ci", system)
    named = cli("init", *options, "--install", source)
    job = (tmp_path / CI[system]).read_text("utf-8")

    assert f"- pip install {source}\n" in job.replace("run: ", "")
    assert "klarna-conformance doctor sandbox.yaml\n" in job
    assert "until the package index has a release" not in named.out
    for name, _ in _written(tmp_path):
        (tmp_path / name).unlink()
    assert "until the package index has a release" in cli("init", *options).out


def test_jobs_are_the_documented_ones() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ci.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    starters = files("klarna_conformance.cli") / "starters"

    assert blocks[0] == (starters / "github.yaml").read_text("utf-8")
    for name in ("github.yaml", "gitlab.yaml"):
        text = (starters / name).read_text("utf-8")
        assert "klarna-conformance doctor sandbox.yaml\n" in text
        assert yaml.safe_load(text)
