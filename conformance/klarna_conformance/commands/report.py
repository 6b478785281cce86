"""`report`: render a record again."""

from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.commands.options import specs_option

__all__ = ["report"]


@click.command()
@click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False), default=defaults.OUTPUT
)
@click.option(
    "--format", "formats", default="json,junit,html", show_default=True, help="Comma-separated."
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
@specs_option
def report(
    directory: Path,
    formats: str,
    suggest_deviations: bool,
    previous: Path | None,
    recheck: bool,
    specs: Path | None,
) -> int:
    """Render the record in DIRECTORY again, from its journal alone.

    Exits with the code of the run's verdict.
    """
    from datetime import UTC, datetime

    import msgspec

    from klarna_conformance.deviations_file import suggested_deviations
    from klarna_conformance.errors import UsageError
    from klarna_conformance.judge import judge
    from klarna_conformance.terminal import Terminal
    from klarna_reports.journal import FILE_NAME, read_journal
    from klarna_reports.render import FORMATS, write_renderings
    from klarna_reports.summary import summarise
    from klarna_specs.loader import load

    wanted = [name.strip() for name in formats.split(",")]
    if unknown := [name for name in wanted if name not in FORMATS]:
        raise UsageError(f"there is no format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    spec = load(specs)
    record = read_journal(directory / FILE_NAME)
    if recheck:
        again = tuple(
            msgspec.structs.replace(
                played, findings=judge(spec, record.header.target, played.orders, played.exchanges)
            )
            for played in record.played
        )
        record = msgspec.structs.replace(record, played=again)
    if suggest_deviations:
        click.echo(
            suggested_deviations(summarise(spec, record), datetime.now(UTC).date()), nl=False
        )
        return 0
    earlier = summarise(spec, read_journal(previous / FILE_NAME)) if previous else None
    summary = write_renderings(
        directory, spec, record, [n for n in FORMATS if n in wanted], previous=earlier
    )
    Terminal(quiet=False, color=True).summary(summary, directory)
    return summary.exit_code
