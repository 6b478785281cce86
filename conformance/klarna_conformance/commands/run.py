"""`run`: judge a server."""

import sys
from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.commands.options import chosen_scope, plan_options, target_argument

__all__ = ["run"]


@click.command()
@target_argument
@plan_options
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=defaults.OUTPUT,
    show_default=True,
    help="The folder for journal, report and the other files.",
)
@click.option("--concurrency", type=click.IntRange(1, 64), help="How many scenarios at a time.")
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails the run.")
@click.option("--no-shrink", is_flag=True, help="Do not look for smaller counterexamples.")
@click.option("--quiet", is_flag=True, help="Print the verdict only.")
@click.option("--no-color", is_flag=True, help="Print without colours.")
def run(
    target: str,
    operations: tuple[str, ...],
    requirements: tuple[str, ...],
    markets: tuple[str, ...],
    seed: int,
    examples: int,
    max_requests: int | None,
    specs: Path | None,
    output: Path,
    concurrency: int | None,
    strict: bool,
    no_shrink: bool,
    quiet: bool,
    no_color: bool,
) -> int:
    """Judge the server TARGET by the documentation.

    TARGET is `mock` (the default), the URL of a server, or a target file (YAML). Credentials come
    from the environment: KLARNA_USERNAME and KLARNA_PASSWORD.
    """
    import asyncio

    from klarna_conformance.planning import make_plan
    from klarna_conformance.preflight import preflight
    from klarna_conformance.running import RunOptions
    from klarna_conformance.running import run as run_plan_on
    from klarna_conformance.target_file import open_target
    from klarna_conformance.terminal import Terminal
    from klarna_reports.journal import Journal, read_journal
    from klarna_reports.render import discard_renderings, write_renderings
    from klarna_specs.loader import load

    spec = load(specs)
    scope = chosen_scope(spec, operations, requirements, markets)
    opened = open_target(target, spec, seed=seed)
    terminal = Terminal(quiet=quiet, color=not no_color)

    async def try_first() -> None:
        async with open_target(target, spec, seed=seed) as tried:
            await preflight(tried)

    try:
        discard_renderings(output)
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _unwritable(output, exc) from exc
    asyncio.run(try_first())
    terminal.planning()
    plan = make_plan(
        spec,
        scope=scope,
        seed=seed,
        examples=examples,
        max_requests=max_requests,
        rehearsed=opened.facts.kind != "mock",
    )
    try:
        journal = Journal(output)
    except OSError as exc:
        raise _unwritable(output, exc) from exc
    options = RunOptions(
        seed=seed,
        scope=scope,
        concurrency=concurrency or opened.concurrency,
        strict=strict,
        shrink=not no_shrink,
        command=" ".join(["klarna-conformance", *sys.argv[1:]]),
    )

    async def go() -> None:
        async with opened:
            await run_plan_on(spec, opened, plan, options, journal, terminal.played)

    try:
        with journal, terminal.progress(len(plan.scenarios)):
            asyncio.run(go())
    except KeyboardInterrupt:
        if not journal.path.stat().st_size:
            raise click.Abort from None
        terminal.interrupted()
    summary = write_renderings(output, spec, read_journal(journal.path))
    terminal.summary(summary, output)
    return summary.exit_code


def _unwritable(output: Path, exc: OSError) -> Exception:
    from klarna_conformance.errors import UsageError

    return UsageError(f"cannot write to {output}: {exc.strerror or exc}; choose --output")
