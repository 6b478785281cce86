"""`run`: judge a server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance.cli.options import (
    DURATION,
    RATE,
    SHARD,
    PlanOptions,
    color_option,
    format_option,
    output_option,
    plan_options,
    quiet_option,
    target_argument,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.limits import Limits
    from klarna_conformance.plan.planning import Plan
    from klarna_conformance.run.running import RunOptions
    from klarna_conformance.sharding import Shard
    from klarna_conformance.target.target import OpenTarget
    from klarna_reports.record.record import Record
    from klarna_specs.goals import Scope
    from klarna_specs.spec import Spec

__all__ = ["run"]


@click.command()
@target_argument
@plan_options
@output_option
@click.option("--max-time", type=DURATION, help="Start nothing after so long, such as 10m.")
@click.option("--rate", type=RATE, help="Send no more than so many requests, such as 20/s.")
@click.option("--concurrency", type=click.IntRange(1, 64), help="How many scenarios at a time.")
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails the run.")
@click.option("--no-shrink", is_flag=True, help="Do not look for smaller counterexamples.")
@click.option(
    "--deviations",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file (YAML) of violations that are known and accepted for a while.",
)
@click.option("--shard", type=SHARD, help="Send only the I-th of N parts; `report` merges them.")
@click.option("--mutant", help="Judge this mutant of the mock: a server that is wrong on purpose.")
@click.option("--resume", is_flag=True, help="Go on with the run in --output that was cut short.")
@format_option
@click.option("--github", is_flag=True, help="Write GitHub's step summary and annotations too.")
@quiet_option
@color_option
def run(
    target: str,
    plan: PlanOptions,
    output: Path,
    max_time: float | None,
    rate: float | None,
    concurrency: int | None,
    strict: bool,
    no_shrink: bool,
    deviations: Path | None,
    shard: "Shard | None",
    mutant: str | None,
    resume: bool,
    form: str,
    github: bool,
    quiet: bool,
    no_color: bool,
) -> int:
    """Judge the server TARGET by the documentation.

    TARGET is `mock` (the default), a playground (playground-eu, -na, -oc), the URL of a server, or
    a target file (YAML). Credentials come from the environment: KLARNA_USERNAME and
    KLARNA_PASSWORD.
    """
    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.errors import UsageError
    from klarna_conformance.run.deviations_file import read_deviations
    from klarna_conformance.run.running import RunOptions
    from klarna_conformance.target.opening import open_target
    from klarna_reports.formats.run_json import run_json
    from klarna_reports.record.journal import read_journal
    from klarna_reports.render import write_renderings
    from klarna_reports.summary.summary import summarise

    spec, scope = plan.load()
    opened = open_target(target, spec, seed=plan.seed, mutant=mutant, rate_per_s=rate)
    if shard and opened.pool is not None:
        raise UsageError("--shard: the parts would use the same orders of the pool; run it whole")
    terminal = Terminal(quiet=quiet or form == "json", color=not no_color)
    earlier = _prepare(output, resume=resume)
    _try_first(target, spec, plan.seed, mutant)
    terminal.planning()
    options = RunOptions(
        seed=plan.seed,
        scope=scope,
        limits=_limits(opened.limits, plan.max_requests, max_time, concurrency),
        strict=strict,
        shrink=not no_shrink,
        command=" ".join(["klarna-conformance", *sys.argv[1:]]),
        deviations=read_deviations(deviations, spec) if deviations else (),
        shard=shard,
    )
    made = _plan(spec, scope, plan, options, opened, earlier)
    path = _play(spec, opened, made, options, output, terminal, earlier)
    record = read_journal(path)
    try:
        summary = write_renderings(output, spec, record)
    except OSError as exc:
        terminal.unwritten(f"cannot write the report to {output}: {exc.strerror or exc}")
        summary = summarise(spec, record)
    if form == "json":
        click.echo(run_json(summary))
    else:
        terminal.summary(summary, output)
    if github:
        from klarna_conformance.cli.github import tell_github

        tell_github(summary)
    return summary.exit_code


def _limits(
    limits: "Limits", max_requests: int | None, max_time: float | None, concurrency: int | None
) -> "Limits":
    """The target's limits, or tighter ones where the command line has them."""
    import msgspec

    return msgspec.structs.replace(
        limits,
        requests=min(filter(None, (limits.requests, max_requests)), default=None),
        time_s=min(filter(None, (limits.time_s, max_time)), default=None),
        concurrency=concurrency or limits.concurrency,
    )


def _prepare(output: Path, *, resume: bool) -> "Record | None":
    """The record of an earlier part to go on with; without one, nothing is left of other runs."""
    from klarna_reports.record.journal import FILE_NAME, read_journal
    from klarna_reports.render import discard_renderings

    journal = output / FILE_NAME
    try:
        if resume and journal.exists() and journal.stat().st_size:
            return read_journal(journal)
        discard_renderings(output)
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _unwritable(output, exc) from exc
    return None


def _try_first(target: str, spec: "Spec", seed: int, mutant: str | None) -> None:
    import asyncio

    from klarna_conformance.play.preflight import preflight
    from klarna_conformance.target.opening import open_target

    async def go() -> None:
        async with open_target(target, spec, seed=seed, mutant=mutant) as tried:
            await preflight(tried)

    asyncio.run(go())


def _plan(
    spec: "Spec",
    scope: "Scope",
    plan: PlanOptions,
    options: "RunOptions",
    opened: "OpenTarget",
    earlier: "Record | None",
) -> "Plan":
    from klarna_conformance.plan.planning import make_plan
    from klarna_conformance.plan.planning_cache import PlanningCache
    from klarna_conformance.run.resuming import recorded_plan

    if earlier is not None:
        return recorded_plan(
            spec,
            earlier,
            facts=opened.facts,
            seed=options.seed,
            scope=scope,
            strict=options.strict,
            shard=str(options.shard or ""),
        )
    return make_plan(
        spec,
        scope=scope,
        seed=plan.seed,
        examples=plan.examples,
        max_requests=options.limits.requests,
        stock=opened.pool,
        rehearsed=not opened.abilities.is_instant or options.limits.time_s is not None,
        cache=PlanningCache.of_user(),
    )


def _play(
    spec: "Spec",
    opened: "OpenTarget",
    plan: "Plan",
    options: "RunOptions",
    output: Path,
    terminal: "Terminal",
    earlier: "Record | None",
) -> Path:
    """Plays the plan; what was found is kept however that ends. Answers where the journal is."""
    import asyncio

    from klarna_conformance.run.running import run as run_plan_on
    from klarna_reports.record.journal import Journal

    try:
        journal = Journal(output, resume=earlier is not None)
    except OSError as exc:
        raise _unwritable(output, exc) from exc

    async def go() -> Any:
        async with opened:
            await run_plan_on(spec, opened, plan, options, journal, terminal.played, earlier)

    try:
        with journal, terminal.progress(len(plan.scenarios)):
            asyncio.run(go())
    except KeyboardInterrupt:
        if not journal.path.stat().st_size:
            raise click.Abort from None
        terminal.interrupted()
    except OSError as exc:
        terminal.unwritten(f"cannot write to {journal.path}: {exc.strerror or exc}")
    return journal.path


def _unwritable(output: Path, exc: OSError) -> Exception:
    from klarna_conformance.errors import UsageError

    return UsageError(f"cannot write to {output}: {exc.strerror or exc}; choose --output")
