"""docs/client-certification.md agrees with the code."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from klarna_conformance.adapter_protocol import adapter_schema
from klarna_conformance.cli.client import client
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load

from ..mutant_servers import spec

OPERATIONS = client_operations(load())

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "client-certification.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]


def test_every_kind_of_fault_is_documented_once() -> None:
    cells = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(.*?)`", cell)]
    assert sorted(named) == sorted(FAULT_KINDS)


def test_every_operation_is_documented() -> None:
    assert [name for name in OPERATIONS if f"`{name}`" not in TEXT] == []


def test_every_line_of_the_protocol_in_it_is_right() -> None:
    validator = jsonschema.Draft202012Validator(adapter_schema())
    lines = [json.loads(block) for kind, block in BLOCKS if kind == "json"]
    assert {line.get("outcome") for line in lines} >= {"done", "refused", "unknown", "unsupported"}
    for line in lines:
        validator.validate(line)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_it_exists_with_its_options(line: str) -> None:
    name, command, *arguments = shlex.split(line.split("#")[0])
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    printed = CliRunner().invoke(client, ["--help"]).output

    assert (name, command) == ("klarna-conformance", "client")
    assert [option for option in own if option.startswith("--") and option not in printed] == []


def test_every_option_in_its_text_exists() -> None:
    printed = CliRunner().invoke(client, ["--help"]).output
    named = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert {option for option in named if option not in printed} - {"--clients"} == set()


def test_every_file_that_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_the_requirements_that_it_names_exist() -> None:
    known = {each.id for each in spec().client_requirements}
    named = set(re.findall(r"\bclient\.[a-z-]+", TEXT)) - {"client.yaml"}
    assert named
    assert {name.removesuffix(".yaml") for name in named} <= known
