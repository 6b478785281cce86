"""`doctor`: preflight only."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import format_option, specs_option, target_argument

__all__ = ["doctor"]


@click.command()
@target_argument
@format_option
@specs_option
def doctor(target: str, form: str, specs: Path | None) -> int:
    """Check the connection, the credentials and the orders of a target.

    Exits with 2 if the configuration is wrong, and with 4 if the target does not work. With
    --format json the output is one object: the steps with their results, and the `problem`.
    """
    import asyncio

    from klarna_conformance.errors import ConformanceError
    from klarna_reports.words.printable import inert

    steps: list[dict[str, str]] = []

    async def go() -> None:
        async for step, result in _steps(target, specs):
            steps.append({"step": step, "result": result})
            if form == "text":
                click.echo(inert(f"{step:<11} {result}"))

    try:
        asyncio.run(go())
    except ConformanceError as exc:
        if form == "json":
            click.echo(_as_json(exc.exit_code, steps, str(exc)))
        raise
    click.echo(_as_json(0, steps, "") if form == "json" else "No problems found.")
    return 0


async def _steps(target: str, specs: Path | None) -> AsyncIterator[tuple[str, str]]:
    from klarna_conformance.play.checkup import check_up
    from klarna_conformance.target.opening import open_target
    from klarna_specs.loader import load

    spec = load(specs)
    yield "specs", f"{len(spec.requirements)} requirements, fingerprint {spec.fingerprint}"
    opened = open_target(target, spec, seed=defaults.SEED)
    yield "target", f"{opened.facts.name} at {opened.facts.base_url}"
    async with opened:
        async for step in check_up(spec, opened):
            yield step


def _as_json(exit_code: int, steps: list[dict[str, str]], problem: str) -> str:
    return json.dumps({"exit_code": exit_code, "steps": steps, "problem": problem}, indent=2)
