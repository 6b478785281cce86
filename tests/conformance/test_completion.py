"""Shells complete the names that options and arguments take."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click_man.core import write_man_pages

from klarna_conformance.cli.main import _group
from klarna_specs.loader import load

from .conftest import Cli

Completed = Callable[[str], list[str]]
"""What bash is offered for the last word of a command line."""


@pytest.fixture
def completed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Completed:
    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_KLARNA_CONFORMANCE_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", f"klarna-conformance {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
        return cli().out.split()

    return complete


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("run --requirement refund.within", ["plain,refund.within-captured-amount"]),
        ("check --requirement client.key-s", ["plain,client.key-sent"]),
        ("run --market S", ["plain,SE", "plain,SK"]),
        ("run --market DE,S", ["plain,DE,SE", "plain,DE,SK"]),
        ("plan --operation refundO", ["plain,refundOrder"]),
        ("client --operation captureO", []),
        ("client --fault los", ["plain,lost"]),
        ("run --mutant replay-booked-again-", ["plain,replay-booked-again-in-the-sum"]),
        ("mutants --mutant replay-booked-again-", ["plain,replay-booked-again-in-the-sum"]),
        ("list --profile klarna-2", ["file,klarna-2", "plain,klarna-2024"]),
        ("doctor playground-e", ["file,playground-e", "plain,playground-eu"]),
        ("run mock kustom-p", ["file,kustom-p", "plain,kustom-playground"]),
        ("replay --target moc", ["file,moc", "plain,mock"]),
        ("sche", ["plain,schema"]),
        ("run --deviat", ["plain,--deviations"]),
        ("run --specs /nowhere --market S", []),
    ],
)
def test_bash_completes_names(completed: Completed, line: str, offered: list[str]) -> None:
    assert completed(line) == offered


def test_profile_on_the_command_line_counts(completed: Completed) -> None:
    requirement = "--requirement extension."

    assert len(completed(f"run {requirement}")) > 5
    assert len(completed(f"run --profile kustom {requirement}")) == 1


def test_completion_loads_nothing_that_sends_or_draws() -> None:
    program = (
        "import sys\n"
        "from klarna_conformance.cli.main import main\n"
        "sys.argv = ['klarna-conformance']\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules)\n"
    )
    environment = {
        **os.environ,
        "_KLARNA_CONFORMANCE_COMPLETE": "bash_complete",
        "COMP_WORDS": "klarna-conformance run --requirement refund.within",
        "COMP_CWORD": "3",
    }
    finished = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    first, modules = finished.stdout.splitlines()

    assert first == "plain,refund.within-captured-amount"
    heavy = {"asyncio", "httpx", "hypothesis", "jinja2", "jsonschema", "rich", "schemathesis"}
    assert heavy & set(modules.split()) == set()


def test_version_has_those_of_python_dependencies_and_specs(cli: Cli) -> None:
    versions = json.loads(cli("--version", "--json").out)

    assert versions["klarna-conformance"] in cli("--version").out
    assert versions["python"] == platform.python_version()
    assert versions["dependencies"]["httpx"] == importlib.metadata.version("httpx")
    assert "pytest" not in versions["dependencies"]
    assert versions["specs"] == versions["profiles"]["klarna"] == load().fingerprint
    assert versions["profiles"]["kustom"] == load(profile="kustom").fingerprint


@pytest.mark.parametrize(
    ("arguments", "problem"), [(("--json",), "--version"), (("--no-defaults",), "Missing command")]
)
def test_global_option_alone_is_a_usage_error(
    cli: Cli, arguments: tuple[str, ...], problem: str
) -> None:
    finished = cli(*arguments)

    assert finished.code == 2
    assert problem in finished.err


@pytest.mark.filterwarnings("ignore:.click.utils:DeprecationWarning")
def test_every_command_has_a_man_page(tmp_path: Path) -> None:
    write_man_pages("klarna-conformance", _group, version="1", target_dir=str(tmp_path))
    pages = {f"klarna-conformance-{name}.1" for name in _group.commands}

    assert {path.name for path in tmp_path.iterdir()} == pages | {"klarna-conformance.1"}
    assert r"\-\-max\-requests" in (tmp_path / "klarna-conformance-run.1").read_text()
