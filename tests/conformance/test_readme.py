"""The commands of README.md work."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from klarna_conformance.cli.main import _group  # pyright: ignore[reportPrivateUsage]
from klarna_conformance.mock.server import Mock
from klarna_conformance.target.target_file import read_target
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("klarna-conformance ")]


def test_the_readme_opens_with_the_two_commands_that_do_all_the_set_up() -> None:
    assert BLOCKS[0][1].splitlines() == [
        "pip install . && klarna-conformance run",
        "pip install -e '.[test]' && pytest",
    ]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_exists_with_its_options(line: str) -> None:
    name, *arguments = shlex.split(line.split("#")[0])[1:]
    printed = CliRunner().invoke(_group, [name, "--help"]).output

    options = [argument for argument in arguments if argument.startswith("--")]
    assert [option for option in options if option not in printed] == []
    assert printed.startswith(f"Usage: cli {name}") or f" {name} [OPTIONS]" in printed


def test_the_target_file_of_the_readme_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = [block for kind, block in BLOCKS if kind == "yaml"]
    monkeypatch.setenv("KLARNA_USERNAME", "merchant")
    monkeypatch.setenv("KLARNA_PASSWORD", "secret")
    path = tmp_path / "sandbox.yaml"
    path.write_text(block, encoding="utf-8")

    assert read_target(path).name == yaml.safe_load(block)["name"]


def test_the_order_plan_of_the_readme_makes_an_order() -> None:
    import msgspec

    (written,) = re.findall(r'`(\{"market".*?\})`', TEXT, re.DOTALL)
    plan = msgspec.json.decode(written, type=OrderPlan)

    assert len(Mock(load()).make_order(plan).capture_ids) == len(plan.captures)
