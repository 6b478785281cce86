"""`replay`: send a saved counterexample again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli import completing
from klarna_conformance.cli.options import FILE, color_option, specs_option

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal

__all__ = ["replay"]

_ATTEMPTS = 10
"""How often concurrent calls are replayed at most: whether they violate depends on their timing."""


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--target",
    shell_complete=completing.targets,
    help="`mock`, a playground, a URL or a target file; by default the one that FILE names.",
)
@click.option(
    "--mutant", shell_complete=completing.mutants, help="Replay against this mutant of the mock."
)
@click.option("-v", "--verbose", is_flag=True, help="Print the whole requests and responses.")
@specs_option
@color_option
def replay(
    file: Path,
    target: str | None,
    mutant: str | None,
    verbose: bool,
    specs: Path | None,
    terminal: "Terminal",
) -> int:
    """Send the saved counterexample in FILE again, and judge it.

    FILE names the target that it failed on, and the profile; their files are looked up where the
    run was started.
    Prints the exchanges. Concurrent calls are replayed up to ten times, until they violate a
    requirement, because that depends on their timing.
    Exits with 1 if a requirement is violated, or the recommendation that FILE is about, with 0 if
    none is, with 3 if the replay does not show whether the one of FILE is met, because its call
    breaks another rule too or its situation did not occur, and with 4 if its order cannot be
    provisioned.
    """
    import asyncio
    import uuid

    from klarna_conformance.errors import PreflightError
    from klarna_conformance.play.counterexample_file import (
        failure_of,
        is_verified,
        read_counterexample,
    )
    from klarna_conformance.play.replaying import replay_on
    from klarna_conformance.target.opening import open_target
    from klarna_specs.loader import load
    from klarna_specs.scenario import Together

    saved = read_counterexample(file)
    spec = load(specs, saved.profile)
    if target is None and mutant is None:
        target, mutant = saved.target, saved.mutant or None
    concurrent = any(isinstance(action, Together) for action in saved.scenario.steps)
    more = _ATTEMPTS if concurrent else 1
    while True:
        opened = open_target(target or "mock", spec, seed=defaults.SEED, mutant=mutant)
        played = asyncio.run(replay_on(spec, opened, saved.scenario, nonce=str(uuid.uuid4())))
        if played.unavailable:
            raise PreflightError(f"no order can be provisioned: {played.unavailable.reason}")
        violated = any(finding.verdict == "FAIL" for finding in played.findings)
        more -= 1
        if violated or not more:
            break
    terminal.exchanges(spec, played, verbose=verbose)
    terminal.replayed(spec, saved, played, opened.facts)
    if violated or failure_of(spec, played, saved.requirement, ("WARN",)):
        return 1
    return 0 if is_verified(spec, played, saved.requirement) else 3
