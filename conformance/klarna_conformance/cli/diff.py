"""`diff`: what changed between two runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance.cli.options import FOLDER, formats_option, specs_option

if TYPE_CHECKING:
    from klarna_reports.summary.changes import Changes

__all__ = ["diff"]

_LONGEST_TEXT = 600


@click.command()
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@formats_option("text", "json", "markdown")
@specs_option
def diff(old: Path, new: Path, form: str, specs: Path | None) -> int:
    """Compare the run in the folder OLD with the run in NEW.

    Lists requirements as broken, fixed, changed, added or removed, each with its violation. A
    violation with another cause than before is changed. Exits with 1 if one is newly broken.
    """
    import msgspec

    from klarna_reports.formats.markdown import changes_markdown
    from klarna_reports.record.journal import FILE_NAME, read_journal
    from klarna_reports.summary.changes import changes_between
    from klarna_reports.summary.judged import recorded_spec
    from klarna_reports.summary.summary import summarise

    records = [read_journal(each / FILE_NAME) for each in (old, new)]
    before, after = (summarise(recorded_spec(r.header, specs), r) for r in records)
    changes = changes_between(before, after)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(changes)))
    elif form == "markdown":
        click.echo(changes_markdown(changes), nl=False)
    else:
        for line in _lines(changes):
            click.echo(line)
    return 1 if changes.of_kind("broken") else 0


def _lines(changes: "Changes") -> "Iterator[str]":
    from klarna_reports.summary.changes import KINDS
    from klarna_reports.words.printable import inert
    from klarna_reports.words.wording import cut

    yield f"{changes.old_verdict} -> {changes.new_verdict}"
    yield from (f"Note: {caveat}" for caveat in changes.caveats)
    for kind in KINDS:
        for change in changes.of_kind(kind):
            was, now = change.was or "-", change.now or "-"
            yield f"{kind:<8} {change.level:<6} {change.requirement} ({was} -> {now})"
            if change.text:
                yield f"         {inert(cut(change.text, _LONGEST_TEXT))}"
    counts = ", ".join(f"{len(changes.of_kind(kind))} {kind}" for kind in KINDS)
    yield f"{counts}, {changes.unchanged} unchanged"
