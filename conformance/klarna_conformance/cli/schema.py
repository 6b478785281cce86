"""`schema`: the JSON Schemas of the files that the commands read and write."""

import json
from typing import Any

import click

from klarna_conformance.cli.defaults_file import defaults_schema

__all__ = ["published_schemas", "schema"]


@click.command()
@click.argument("name", required=False)
@click.pass_context
def schema(context: click.Context, name: str | None) -> None:
    """Print the JSON Schema (2020-12) of a kind of file, or list them.

    Editors complete and validate target files, specs, deviations and counterexamples with them.
    """
    from klarna_conformance.errors import check_names

    group = context.find_root().command
    assert isinstance(group, click.Group)
    schemas = published_schemas(group)
    if name is None:
        for each, published in schemas.items():
            click.echo(f"{each:<22} {published['title']}")
        return
    check_names("schema", [name], schemas)
    click.echo(json.dumps(schemas[name], indent=2))


def published_schemas(group: click.Group) -> dict[str, dict[str, Any]]:
    """Every published JSON Schema by its name; that of the defaults has the group's options."""
    from klarna_conformance.adapter_protocol import adapter_schema
    from klarna_conformance.certify.saved import saved_schema
    from klarna_conformance.play.counterexample_file import counterexample_schema
    from klarna_conformance.run.deviations_file import deviations_schema
    from klarna_conformance.target.provisioners.pool import pool_schema
    from klarna_conformance.target.target_file import target_schema
    from klarna_reports.formats.comparison_json import comparison_schema
    from klarna_reports.formats.run_json import run_schema
    from klarna_specs.loader import spec_schemas
    from klarna_specs.profile import profile_schema

    return {
        "target": target_schema(),
        "pool": pool_schema(),
        "deviations": deviations_schema(),
        "counterexample": counterexample_schema(),
        "client-counterexample": saved_schema(),
        "profile": profile_schema(),
        **spec_schemas(),
        "run": run_schema(),
        "comparison": comparison_schema(),
        "adapter": adapter_schema(),
        "defaults": defaults_schema(group),
    }
