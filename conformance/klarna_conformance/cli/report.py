"""`report`: render a report again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import FOLDER, specs_option, terminal_option

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_reports.record.record import Record
    from klarna_reports.render import Format

__all__ = ["report"]


@click.command()
@click.argument("directories", nargs=-1, type=FOLDER)
@click.option(
    "--output", type=FOLDER, help="Folder for the files; by default that of the first record."
)
@click.option(
    "--format",
    "formats",
    default="json,junit,html",
    show_default=True,
    help="Comma-separated formats: json, junit, html, sarif, ctrf, markdown (also for GitHub's "
    "step summary), github (annotations), badge (SVG), har, pytest, certificate (of a client), "
    "in-toto (a statement over the other files, to be signed).",
)
@click.option(
    "--suggest-deviations",
    is_flag=True,
    help="Print a file of accepted deviations with all failures, for `run --deviations`.",
)
@click.option(
    "--previous",
    type=FOLDER,
    help="Folder of an earlier run; the report shows what changed since then.",
)
@click.option("--recheck", is_flag=True, help="Judge the recorded exchanges again.")
@terminal_option
@specs_option
def report(
    directories: tuple[Path, ...],
    output: Path | None,
    formats: str,
    suggest_deviations: bool,
    previous: Path | None,
    recheck: bool,
    terminal: "Terminal",
    specs: Path | None,
) -> int:
    """Render the report of a run again, or merge the parts of a run.

    It needs only the journal. DIRECTORIES are the folder of one run (by default the default
    --output of `run`), or the folders of all parts of a run with --shard. Exits with the code of
    the verdict.
    """
    from datetime import UTC, datetime

    from klarna_conformance.errors import UsageError, writable
    from klarna_conformance.run.deviations_file import suggested_deviations
    from klarna_conformance.run.keeping import collected, keep_counterexamples
    from klarna_conformance.run.previous import previous_summary
    from klarna_conformance.traffic.rechecking import judged_again
    from klarna_reports.render import FORMATS, format_problem, write_renderings
    from klarna_reports.summary.changes import changes_since
    from klarna_reports.summary.judged import recorded_spec
    from klarna_reports.summary.summary import summarise

    chosen = _chosen(formats)
    folders = directories or (defaults.OUTPUT,)
    directory = output or folders[0]
    record = _merged(folders, directory)
    spec = recorded_spec(record.header, specs)
    if problem := format_problem(record, chosen):
        raise UsageError(problem)
    if recheck:
        record = collected(judged_again(spec, record))
    if suggest_deviations:
        click.echo(
            suggested_deviations(summarise(spec, record), datetime.now(UTC).date()), nl=False
        )
        return 0
    earlier = previous_summary(specs, previous) if previous else None
    with writable(directory):
        summary = write_renderings(directory, spec, record, chosen, previous=earlier)
        keep_counterexamples(directory, spec, record, summary)
    changes = changes_since(earlier, summary)
    terminal.summary(summary, [directory / FORMATS[name] for name in chosen], changes)
    return summary.exit_code


def _chosen(formats: str) -> "list[Format]":
    """Raises UsageError for a format that does not exist."""
    from klarna_conformance.errors import check_names
    from klarna_reports.render import FORMATS

    wanted = [name.strip() for name in formats.split(",")]
    check_names("format", wanted, FORMATS)
    return [name for name in FORMATS if name in wanted]


def _merged(folders: Sequence[Path], directory: Path) -> "Record":
    """The record of a run, with the folder where the counterexamples of its parts are written."""
    import msgspec

    from klarna_reports.record.journal import FILE_NAME, read_journal
    from klarna_reports.summary.merging import merged

    record = merged([read_journal(folder / FILE_NAME) for folder in folders])
    if len(folders) == 1:
        return record
    header = msgspec.structs.replace(record.header, output=str(directory))
    return msgspec.structs.replace(record, header=header)
