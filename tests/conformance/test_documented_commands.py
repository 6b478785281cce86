"""Every command that a page of the documentation shows exists, with its options."""

import shlex
from pathlib import Path

import click
import pytest

from klarna_conformance.cli.main import _group  # pyright: ignore[reportPrivateUsage]

from ..documented import DOCS, blocks, commands

PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    lines = [line for block in blocks(page.read_text("utf-8")) for line in commands(block)]
    words = [shlex.split(line, comments=True) for line in lines]
    shown = [each[1:] for each in words if each[:1] == ["klarna-conformance"]]

    assert [each for each in shown if _unknown(*each)] == []


def _unknown(name: str, *arguments: str) -> list[str]:
    """The options that the command does not have; its name if there is no such command."""
    command = _group.commands.get(name)
    if command is None:
        return [name]
    known = {flag for each in command.get_params(click.Context(command)) for flag in each.opts}
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return [each for each in own if each.startswith("-") and each not in known]
