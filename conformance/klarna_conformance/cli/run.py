"""`run`: test a server."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance.cli.options import (
    DURATION,
    RATE,
    SHARD,
    PlanOptions,
    command_line,
    format_option,
    output_option,
    plan_options,
    strict_option,
    target_argument,
    terminal_option,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_conformance.sharding import Shard

__all__ = ["run"]


@click.command()
@target_argument
@plan_options
@output_option
@click.option("--max-time", type=DURATION, help="Time limit, for example 10m.")
@click.option("--rate", type=RATE, help="Rate limit, for example 20/s.")
@click.option("--concurrency", type=click.IntRange(1, 64), help="Number of concurrent scenarios.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Number of processes; by default one per core for the mock, and one for other targets.",
)
@strict_option
@click.option("--no-shrink", is_flag=True, help="Do not search for smaller counterexamples.")
@click.option(
    "--deviations",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML file of accepted deviations, each with an expiry date.",
)
@click.option(
    "--suggest-deviations",
    "suggestions",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a new file of accepted deviations with all failures, to be filled in.",
)
@click.option("--shard", type=SHARD, help="Run part I of N, for example 1/4; `report` merges them.")
@click.option("--mutant", help="Test this mutant of the mock: a server with a deliberate defect.")
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the interrupted run in --output; starts a new run if there is none.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of an earlier run to compare with; by default the last run in --output.",
)
@format_option
@click.option("--github", is_flag=True, help="Also write GitHub's step summary and annotations.")
@terminal_option
def run(
    target: str,
    plan: PlanOptions,
    output: Path,
    max_time: float | None,
    rate: float | None,
    concurrency: int | None,
    workers: int | None,
    strict: bool,
    no_shrink: bool,
    deviations: Path | None,
    suggestions: Path | None,
    shard: "Shard | None",
    mutant: str | None,
    resume: bool,
    previous: Path | None,
    form: str,
    github: bool,
    terminal: "Terminal",
) -> int:
    """Test the server TARGET against the documentation.

    TARGET is `mock` (the default), a playground (playground-eu, -na, -oc, kustom-playground, or a
    preset of --profile), the URL of a server, or a target file (YAML). Credentials come from the
    environment variables KLARNA_USERNAME and KLARNA_PASSWORD.
    """
    began_s = time.monotonic()
    from datetime import UTC, datetime

    from klarna_conformance.errors import UsageError
    from klarna_conformance.run.deviations_file import save_suggestions
    from klarna_conformance.run.keeping import Keeper
    from klarna_conformance.run.previous import previous_summary
    from klarna_conformance.run.starting import Wanted, judge_server

    if suggestions and suggestions.exists():
        raise UsageError(f"{suggestions} exists; choose another file for --suggest-deviations")
    spec, scope = plan.load(target)
    earlier = previous_summary(plan.specs, previous) if previous else None
    keeper = Keeper(spec, output, previous=earlier)
    wanted = Wanted(
        target=target,
        scope=scope,
        seed=plan.seed,
        examples=plan.examples,
        mutant=mutant,
        max_requests=plan.max_requests,
        no_cache=plan.no_cache,
        max_time_s=max_time,
        rate_per_s=rate,
        concurrency=concurrency,
        workers=workers,
        strict=strict,
        shrink=not no_shrink,
        deviations=deviations,
        shard=shard,
        command=command_line(),
        began_s=began_s,
    )
    with terminal.following() as follow:
        summary = judge_server(spec, wanted, keeper, follow, resume=resume)
    if form == "json":
        from klarna_reports.formats.run_json import run_json

        click.echo(run_json(summary))
    else:
        terminal.summary(summary, keeper.page, keeper.changes)
    terminal.note(keeper.note)
    if suggestions and save_suggestions(suggestions, summary, datetime.now(UTC).date()):
        terminal.note(f"Fill in the owners and reasons in {suggestions}; docs/deviations.md")
    if github:
        from klarna_conformance.cli.output.github import write_to_github

        write_to_github(summary)
    return summary.exit_code
