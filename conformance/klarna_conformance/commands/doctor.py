"""`doctor`: preflight only."""

import click

from klarna_conformance import defaults
from klarna_conformance.commands.options import specs_option, target_argument

__all__ = ["doctor"]


@click.command()
@target_argument
@specs_option
def doctor(target: str, specs: object) -> int:
    """Try the connection, the credentials and the making of an order, and judge nothing.

    Exits with 2 where the configuration is wrong, and with 4 where the target does not work.
    """
    import asyncio
    from pathlib import Path

    from klarna_conformance.checkup import check_up
    from klarna_conformance.opening import open_target
    from klarna_reports.printable import inert
    from klarna_specs.loader import load

    spec = load(specs if isinstance(specs, Path) else None)
    click.echo(f"specs       {len(spec.requirements)} requirements, fingerprint {spec.fingerprint}")
    opened = open_target(target, spec, seed=defaults.SEED)
    click.echo(f"target      {opened.facts.name} at {opened.facts.base_url}")

    async def go() -> None:
        async with opened:
            async for step, result in check_up(spec, opened):
                click.echo(inert(f"{step:<11} {result}"))

    asyncio.run(go())
    click.echo("All is in order.")
    return 0
