"""`run`: test a server."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance.cli import completing
from klarna_conformance.cli.options import (
    DURATION,
    FILE,
    FOLDER,
    RATE,
    SHARD,
    PlanOptions,
    command_line,
    format_option,
    grouped,
    output_option,
    plan_options,
    strict_option,
    targets_argument,
    terminal_option,
    workers_option,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_conformance.executors.workers import Workers
    from klarna_conformance.run.keeping import Keeper
    from klarna_conformance.run.several import SeveralRuns
    from klarna_conformance.run.starting import Wanted
    from klarna_conformance.sharding import Shard
    from klarna_reports.record.results import Summary
    from klarna_specs.spec import Spec

__all__ = ["run"]

_SENDING_OPTIONS = (
    click.option("--max-time", type=DURATION, help="Time limit of this command, for example 10m."),
    click.option("--rate", type=RATE, help="Rate limit, for example 20/s."),
    click.option(
        "--concurrency", type=click.IntRange(1, 64), help="Number of concurrent scenarios."
    ),
    workers_option("one process per core for the mock, and one otherwise"),
    strict_option,
    click.option("--no-shrink", is_flag=True, help="Do not search for smaller counterexamples."),
    click.option(
        "--deviations",
        type=FILE,
        help="YAML file of accepted deviations, each with an expiry date.",
    ),
    click.option(
        "--shard",
        type=SHARD,
        help="Run part I of N, for example 1/4, or `auto`: the part of this CI job (docs/ci.md). "
        "`report` merges them.",
    ),
    click.option(
        "--mutant",
        shell_complete=completing.mutants,
        help="Test this mutant of the mock: a server with a deliberate defect.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SendingOptions:
    """The options that decide how requests are sent, and which results are accepted."""

    max_time: float | None
    rate: float | None
    concurrency: int | None
    workers: "Workers | None"
    strict: bool
    no_shrink: bool
    deviations: Path | None
    shard: "Shard | None"
    mutant: str | None

    def wanted(self, target: str, plan: PlanOptions, began_s: float) -> "tuple[Spec, Wanted]":
        """The specs for a target and the options of its run; raises UsageError."""
        from klarna_conformance.run.starting import Wanted

        spec, scope = plan.load(target)
        return spec, Wanted(
            target=target,
            scope=scope,
            seed=plan.seed,
            examples=plan.examples,
            mutant=self.mutant,
            max_requests=plan.max_requests,
            no_cache=plan.no_cache,
            max_time_s=self.max_time,
            rate_per_s=self.rate,
            concurrency=self.concurrency,
            workers=self.workers,
            strict=self.strict,
            shrink=not self.no_shrink,
            deviations=self.deviations,
            shard=self.shard,
            command=command_line(),
            began_s=began_s,
        )


def _sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return grouped(command, "sending", _SendingOptions, _SENDING_OPTIONS)


@click.command()
@targets_argument
@plan_options
@output_option
@_sending_options
@click.option(
    "--suggest-deviations",
    "suggestions",
    type=FILE,
    help="Write a new file of accepted deviations with all failures, to be filled in.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the interrupted run in --output; starts a new run if there is none. --max-time "
    "counts anew, and --max-requests is for the whole run.",
)
@click.option(
    "--previous",
    type=FOLDER,
    help="Folder of an earlier run to compare with; by default the last run in --output.",
)
@format_option
@click.option("--github", is_flag=True, help="Also write GitHub's step summary and annotations.")
@terminal_option
def run(
    targets: tuple[str, ...],
    plan: PlanOptions,
    sending: _SendingOptions,
    output: Path,
    suggestions: Path | None,
    resume: bool,
    previous: Path | None,
    form: str,
    github: bool,
    terminal: "Terminal",
) -> int:
    """Test each server TARGET against the documentation.

    TARGET is `mock` (the default), a playground (playground-eu, -na, -oc, kustom-playground, or a
    preset of --profile), the URL of a server, or a target file (YAML). Credentials come from the
    environment variables KLARNA_USERNAME and KLARNA_PASSWORD. Several targets get the same
    requests, and a folder each in --output, with an index.html that compares them; the exit code is
    the worst one.
    """
    began_s = time.monotonic()
    from klarna_conformance.errors import UsageError

    if len(targets) > 1 and (suggestions or previous):
        raise UsageError("--previous and --suggest-deviations are for one target")
    if suggestions and suggestions.exists():
        raise UsageError(f"{suggestions} exists; choose another file for --suggest-deviations")
    first, *others = [sending.wanted(each, plan, began_s) for each in targets or ("mock",)]
    if others:
        runs = _run_each((first, *others), output, terminal, resume=resume, form=form)
        summaries = [each.summary for each in runs.targets if each.summary]
        exit_code = runs.exit_code
    else:
        keeper = _keeper(first[0], output, plan.specs, previous)
        summary = _run_one(*first, keeper, terminal, resume=resume, form=form)
        summaries, exit_code = [summary], summary.exit_code
    if suggestions:
        _suggest(suggestions, summaries[0], terminal)
    if github:
        from klarna_conformance.cli.output.github import write_to_github

        for each in summaries:
            write_to_github(each)
    return exit_code


def _suggest(path: Path, summary: "Summary", terminal: "Terminal") -> None:
    from datetime import UTC, datetime

    from klarna_conformance.run.deviations_file import save_suggestions

    if save_suggestions(path, summary, datetime.now(UTC).date()):
        terminal.note(f"Fill in the owners and reasons in {path}; docs/deviations.md")


def _keeper(spec: "Spec", output: Path, specs: Path | None, previous: Path | None) -> "Keeper":
    from klarna_conformance.run.keeping import Keeper
    from klarna_conformance.run.previous import previous_summary

    return Keeper(spec, output, previous=previous_summary(specs, previous) if previous else None)


def _run_one(
    spec: "Spec",
    wanted: "Wanted",
    keeper: "Keeper",
    terminal: "Terminal",
    *,
    resume: bool,
    form: str,
) -> "Summary":
    from klarna_conformance.run.starting import judge_server

    with terminal.following() as follow:
        summary = judge_server(spec, wanted, keeper, follow, resume=resume)
    if form == "json":
        from klarna_reports.formats.run_json import run_json

        click.echo(run_json(summary))
    else:
        terminal.summary(summary, keeper.page, keeper.changes)
    terminal.note(keeper.note)
    return summary


def _run_each(
    wanted: "Sequence[tuple[Spec, Wanted]]",
    output: Path,
    terminal: "Terminal",
    *,
    resume: bool,
    form: str,
) -> "SeveralRuns":
    from klarna_conformance.run.several import judge_servers

    with terminal.following_each() as follow:
        runs = judge_servers(wanted, output, follow, resume=resume)
    if form == "json":
        from klarna_reports.formats.comparison_json import comparison_json

        click.echo(comparison_json(runs.comparison))
    else:
        terminal.several(runs)
    return runs
