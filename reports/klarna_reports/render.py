"""Writing what a record comes to beside its journal."""

import os
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from klarna_reports.changes import changes_between
from klarna_reports.html import render_html
from klarna_reports.journal import FILE_NAME
from klarna_reports.junit import junit
from klarna_reports.record import Record
from klarna_reports.results import Summary
from klarna_reports.run_json import run_json
from klarna_reports.summary import summarise
from klarna_specs.spec import Spec

__all__ = ["FORMATS", "Format", "discard_renderings", "write_renderings"]

Format = Literal["json", "junit", "html"]
FORMATS: dict[Format, str] = {"json": "run.json", "junit": "junit.xml", "html": "report.html"}
"""The formats that a record can be rendered in, and the names of their files."""


def write_renderings(
    directory: Path,
    spec: Spec,
    record: Record,
    formats: Collection[Format] = tuple(FORMATS),
    *,
    previous: Summary | None = None,
) -> Summary:
    """Writes the record in these formats, each file whole or not at all; answers the summary.

    With the summary of a `previous` run the page tells what changed since then.
    """
    summary = summarise(spec, record)
    changes = changes_between(previous, summary) if previous else None
    rendered: dict[Format, Callable[[], bytes]] = {
        "json": lambda: run_json(summary),
        "junit": lambda: junit(summary).encode(),
        "html": lambda: render_html(spec, record, summary, changes).encode(),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name in formats:
        _replace(directory / FORMATS[name], rendered[name]())
    return summary


def discard_renderings(directory: Path) -> None:
    """Takes away what an earlier run left, so that it is not taken for that of the next one."""
    leftovers = [directory / name for name in (FILE_NAME, *FORMATS.values())]
    leftovers += sorted((directory / "counterexamples").glob("*.yaml"))
    for path in leftovers:
        path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
