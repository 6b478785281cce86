"""`doctor`: preflight only."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import (
    format_option,
    loaded,
    profile_option,
    specs_option,
    target_argument,
)

if TYPE_CHECKING:
    from klarna_conformance.play.checkup import Checked

__all__ = ["doctor"]

_NO_PROBLEMS = "No problems found."


@click.command()
@target_argument
@format_option
@profile_option
@specs_option
def doctor(target: str, form: str, profile: str | None, specs: Path | None) -> int:
    """Check the connection, the credentials and the orders of a target.

    Exits with 2 if the configuration is wrong, and with 4 if the target does not work. What does
    not prevent a run is listed at the end. With --format json the output is one object: the steps
    with their results, the `problem`, and the steps that `failed`.
    """
    import asyncio

    from klarna_conformance.errors import ConformanceError
    from klarna_reports.words.printable import inert

    steps: list[Checked] = []

    async def go() -> None:
        async for checked in _steps(target, profile, specs):
            steps.append(checked)
            if form == "text":
                click.echo(inert(f"{checked.step:<11} {checked.result}"))

    try:
        asyncio.run(go())
    except ConformanceError as exc:
        if form == "json":
            click.echo(_as_json(exc.exit_code, steps, str(exc)))
        raise
    failed = ", ".join(checked.step for checked in steps if checked.failed)
    ending = f"A run is possible, but something failed: {failed}." if failed else _NO_PROBLEMS
    click.echo(_as_json(0, steps, "") if form == "json" else ending)
    return 0


async def _steps(target: str, profile: str | None, specs: Path | None) -> AsyncIterator["Checked"]:
    from klarna_conformance.play.checkup import Checked, check_up
    from klarna_conformance.target.opening import open_target

    spec = loaded(specs, profile, target)
    count = len(spec.requirements)
    about = f"{count} requirements, profile {spec.profile.name}, fingerprint {spec.fingerprint}"
    yield Checked("specs", about)
    opened = open_target(target, spec, seed=defaults.SEED)
    yield Checked("target", f"{opened.facts.name} at {opened.facts.base_url}")
    async with opened:
        async for step in check_up(spec, opened):
            yield step


def _as_json(exit_code: int, steps: list["Checked"], problem: str) -> str:
    values = {
        "exit_code": exit_code,
        "steps": [{"step": checked.step, "result": checked.result} for checked in steps],
        "problem": problem,
        "failed": [checked.step for checked in steps if checked.failed],
    }
    return json.dumps(values, indent=2)
