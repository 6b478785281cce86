"""`report`: render a record again."""

from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import color_option, quiet_option, specs_option

__all__ = ["report"]


@click.command()
@click.argument("directories", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the files; by default that of the first record.",
)
@click.option(
    "--format",
    "formats",
    default="json,junit,html",
    show_default=True,
    help="Comma-separated: json, junit, html, sarif, ctrf, markdown (also for the step summary of "
    "GitHub Actions), github (its annotations), badge (SVG), har, "
    "pytest, certificate (of a client).",
)
@click.option(
    "--suggest-deviations",
    is_flag=True,
    help="Print a first file of known deviations, with all that failed, for --deviations of `run`.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of an earlier run: the report tells what changed since then.",
)
@click.option("--recheck", is_flag=True, help="Judge the recorded exchanges again.")
@quiet_option
@color_option
@specs_option
def report(
    directories: tuple[Path, ...],
    output: Path | None,
    formats: str,
    suggest_deviations: bool,
    previous: Path | None,
    recheck: bool,
    quiet: bool,
    no_color: bool,
    specs: Path | None,
) -> int:
    """Render the record in a folder again, from its journal alone, or merge those of several.

    DIRECTORIES are the folder of one run (by default the one that `run` writes to), or those of
    all parts of a run that was sent with --shard. Exits with the code of the run's verdict.
    """
    from datetime import UTC, datetime

    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.errors import UsageError
    from klarna_conformance.run.deviations_file import suggested_deviations
    from klarna_conformance.traffic.rechecking import judged_again
    from klarna_reports.record.journal import FILE_NAME, read_journal
    from klarna_reports.render import FORMATS, format_problem, write_renderings
    from klarna_reports.summary.merging import merged
    from klarna_reports.summary.summary import summarise
    from klarna_specs.loader import load

    wanted = [name.strip() for name in formats.split(",")]
    if unknown := [name for name in wanted if name not in FORMATS]:
        raise UsageError(f"there is no format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    spec = load(specs)
    folders = directories or (defaults.OUTPUT,)
    directory = output or folders[0]
    record = merged([read_journal(folder / FILE_NAME) for folder in folders])
    if problem := format_problem(record, wanted):
        raise UsageError(problem)
    if recheck:
        record = judged_again(spec, record)
    if suggest_deviations:
        click.echo(
            suggested_deviations(summarise(spec, record), datetime.now(UTC).date()), nl=False
        )
        return 0
    earlier = summarise(spec, read_journal(previous / FILE_NAME)) if previous else None
    summary = write_renderings(
        directory, spec, record, [n for n in FORMATS if n in wanted], previous=earlier
    )
    Terminal(quiet=quiet, color=not no_color).summary(summary, directory)
    return summary.exit_code
