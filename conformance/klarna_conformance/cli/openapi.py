"""`openapi`: the specs as an OpenAPI document."""

from pathlib import Path
from typing import Literal

import click

from klarna_conformance.cli.options import (
    FILE,
    formats_option,
    loaded,
    profile_option,
    specs_option,
)

__all__ = ["openapi"]


@click.command()
@click.option(
    "--version",
    type=click.Choice(["3.1", "3.0"]),
    default="3.1",
    show_default=True,
    help="OpenAPI version; 3.0 for tools that do not support 3.1.",
)
@formats_option("yaml", "json", shown="Format of the document.")
@click.option("--output", type=FILE, help="Output file; standard output by default.")
@profile_option
@specs_option
def openapi(
    version: Literal["3.1", "3.0"],
    form: Literal["yaml", "json"],
    output: Path | None,
    profile: str | None,
    specs: Path | None,
) -> None:
    """Compile the specs to an OpenAPI document.

    It is for code generators, editors and other test tools.
    """
    from klarna_conformance.errors import writable
    from klarna_conformance.openapi import compile_openapi

    text = _written(compile_openapi(loaded(specs, profile), version=version), form)
    if output is None:
        click.echo(text, nl=False)
        return
    with writable(output):
        output.write_text(text, encoding="utf-8")


def _written(document: object, form: Literal["yaml", "json"]) -> str:
    if form == "json":
        import json

        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return yaml.dump(document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100)


def _dumper() -> type:
    """A dumper without anchors, which are hard to read."""
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    return Plain
