"""`verify`: whether a record, its verdicts and its files belong together."""

from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import FILE, FOLDER, format_option, specs_option

__all__ = ["verify"]


@click.command()
@click.argument("directory", default=defaults.OUTPUT, type=FOLDER)
@click.option("--statement", type=FILE, help="The in-toto statement, if it is not in DIRECTORY.")
@format_option
@specs_option
def verify(directory: Path, statement: Path | None, form: str, specs: Path | None) -> int:
    """Recompute the verdicts and digests of a record, offline.

    Judges the recorded exchanges again, and compares findings, run.json, the other files and the
    statement of `report --format in-toto`. Exits with 1 if something does not match.
    """
    import msgspec

    from klarna_conformance.traffic.verifying import verified
    from klarna_reports.words.printable import inert

    result = verified(directory, statement, specs)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result)))
    else:
        for title, lines in (
            ("MISMATCH", result.mismatches),
            ("verified", result.verified),
            ("note", result.notes),
        ):
            for line in lines:
                click.echo(inert(f"{title:<8}  {line}"))
    return 1 if result.mismatches else 0
