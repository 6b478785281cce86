"""`list`: the requirements."""

import json
from pathlib import Path

import click

from klarna_conformance.cli.options import (
    formats_option,
    operation_option,
    profile_option,
    specs_option,
)

__all__ = ["list_requirements"]


@click.command("list")
@formats_option(
    "table",
    "json",
    "page",
    shown="`page` lists the statements of the documentation page with their requirements.",
)
@operation_option
@click.option(
    "--clients", is_flag=True, help="List the requirements for clients instead of servers."
)
@profile_option
@specs_option
def list_requirements(
    form: str,
    operations: tuple[str, ...],
    clients: bool,
    profile: str | None,
    specs: Path | None,
) -> None:
    """List the requirements: id, level, statement, section and source."""
    from klarna_conformance.cli.options import chosen_scope, loaded
    from klarna_conformance.errors import UsageError
    from klarna_specs.client.requirements import client_spec

    if clients and form == "page":
        raise UsageError("--format page cannot be used with --clients")
    spec = loaded(specs, profile)
    scope = chosen_scope(spec, operations)
    if clients:
        spec = client_spec(spec, operations=operations or None)
        scope = chosen_scope(spec)
    if form == "page":
        _echo_page(specs)
        return
    requirements = [requirement for requirement in spec.requirements if scope.admits(requirement)]
    if form == "json":
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(requirements), indent=2))
        return
    operation = ""
    for requirement in requirements:
        if requirement.operation != operation:
            operation = requirement.operation
            click.echo(f"\n{operation}: {spec.operations[operation].summary}")
        click.echo(f"  {requirement.level:<6} {requirement.id:<40} {requirement.statement}")


def _echo_page(specs: Path | None) -> None:
    from klarna_specs.loader import load_page_index

    for section in load_page_index(specs).sections:
        click.echo(f"\n{section.title}")
        for claim in section.statements:
            by = ", ".join(claim.claimed_by) or f"states nothing ({claim.states_nothing})"
            click.echo(f"  {claim.fingerprint}  {claim.gist}\n{'':16}{by}")
