"""Renders a record in the formats of `FORMATS` and writes the files."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from klarna_reports.formats.badge import badge
from klarna_reports.formats.comparison_json import comparison_json
from klarna_reports.formats.comparison_text import comparison_markdown
from klarna_reports.formats.ctrf import ctrf
from klarna_reports.formats.har import har
from klarna_reports.formats.in_toto import in_toto
from klarna_reports.formats.junit import junit
from klarna_reports.formats.markdown import annotations, markdown
from klarna_reports.formats.run_json import run_json
from klarna_reports.formats.sarif import sarif
from klarna_reports.page.certificate import render_certificate
from klarna_reports.page.comparison_page import render_comparison
from klarna_reports.page.html import render_html
from klarna_reports.record.journal import FILE_NAME, journal_digest
from klarna_reports.record.record import Record
from klarna_reports.record.results import Summary
from klarna_reports.summary.changes import Changes, changes_since
from klarna_reports.summary.comparison import Comparison
from klarna_reports.summary.history import HISTORY, PastRun, history_text, parsed_history, trend
from klarna_reports.summary.judged import sides
from klarna_reports.summary.replay import COUNTEREXAMPLES
from klarna_reports.summary.summary import summarise
from klarna_reports.words.reproducing import pytest_file
from klarna_specs.spec import Spec

__all__ = [
    "COMPARISON_FORMATS",
    "FORMATS",
    "WITH_EVERY_CERTIFICATION",
    "WITH_EVERY_RUN",
    "ComparisonFormat",
    "Format",
    "add_to_history",
    "discard_renderings",
    "file_digests",
    "format_problem",
    "rendered_comparison",
    "renderers",
    "write_comparison",
    "write_renderings",
]

Format = Literal[
    "json",
    "junit",
    "html",
    "sarif",
    "ctrf",
    "markdown",
    "github",
    "badge",
    "har",
    "pytest",
    "certificate",
    "in-toto",
]
FORMATS: dict[Format, str] = {
    "json": "run.json",
    "junit": "junit.xml",
    "html": "report.html",
    "sarif": "report.sarif",
    "ctrf": "ctrf.json",
    "markdown": "report.md",
    "github": "annotations.txt",
    "badge": "badge.svg",
    "har": "exchanges.har",
    "pytest": "test_counterexamples.py",
    "certificate": "certificate.html",
    "in-toto": "statement.intoto.json",
}
"""The supported formats and their file names; the last one is about the files before it."""
WITH_EVERY_RUN: tuple[Format, ...] = ("json", "junit", "html")
WITH_EVERY_CERTIFICATION: tuple[Format, ...] = (*WITH_EVERY_RUN, "certificate")

ComparisonFormat = Literal["json", "markdown", "html"]
COMPARISON_FORMATS: dict[ComparisonFormat, str] = {
    "json": "comparison.json",
    "markdown": "comparison.md",
    "html": "index.html",
}
"""The formats of a comparison of targets and their file names."""


def format_problem(record: Record, formats: Collection[str]) -> str:
    """Why this record cannot be rendered in one of these formats; empty if it can."""
    if "certificate" in formats and record.header.certified is None:
        return "the format certificate needs the record of a client certification"
    if "pytest" in formats and sides(record) != ("server",):
        return "the format pytest replays counterexamples of servers; this record is of clients"
    if "in-toto" in formats and not journal_digest(record):
        return "the format in-toto needs the journal of one run, as it was recorded"
    return ""


def write_renderings(
    directory: Path,
    spec: Spec,
    record: Record,
    formats: Collection[Format] = WITH_EVERY_RUN,
    *,
    previous: Summary | None = None,
) -> Summary:
    """Writes the record in these formats, each file atomically, and returns the summary.

    With the summary of a `previous` run, the HTML report shows what changed since then. It gets the
    runs of the history in the directory too.

    >>> write_renderings(Path("rendered"), spec, record, ("junit", "sarif")).verdict
    'NONCONFORMANT'
    >>> sorted(path.name for path in Path("rendered").iterdir())
    ['junit.xml', 'report.sarif']
    """
    summary = summarise(spec, record)
    changes = changes_since(previous, summary)
    rendered = renderers(directory, spec, record, summary, changes)
    directory.mkdir(parents=True, exist_ok=True)
    for name in formats:
        _replace(directory / FORMATS[name], rendered[name]().encode(errors="replace"))
    return summary


def renderers(
    directory: Path,
    spec: Spec,
    record: Record,
    summary: Summary,
    changes: Changes | None = None,
) -> Mapping[Format, Callable[[], str]]:
    """What makes the text of each format, for a directory with a history and maybe other files."""
    runs = trend(_history(directory), summary)
    return {
        "json": lambda: run_json(summary).decode(),
        "junit": lambda: junit(summary),
        "html": lambda: render_html(spec, record, summary, changes, runs),
        "sarif": lambda: sarif(summary),
        "ctrf": lambda: ctrf(summary),
        "markdown": lambda: markdown(summary),
        "github": lambda: annotations(summary),
        "badge": lambda: badge(summary),
        "har": lambda: har(record),
        "pytest": lambda: pytest_file(record, summary),
        "certificate": lambda: render_certificate(record, summary),
        "in-toto": lambda: in_toto(spec, summary, file_digests(directory)),
    }


def file_digests(directory: Path) -> dict[str, str]:
    """The SHA-256 (hex) of the journal and of each rendering in a directory, by file name."""
    digests: dict[str, str] = {}
    for name in (FILE_NAME, *FORMATS.values()):
        path = directory / name
        if path.is_file() and name != FORMATS["in-toto"]:
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def rendered_comparison(
    comparison: Comparison,
    form: ComparisonFormat,
    place: Path,
    *,
    whole: bool = False,
) -> bytes:
    """The comparison in a format; its links begin in the folder `place`."""
    match form:
        case "json":
            return comparison_json(comparison)
        case "markdown":
            return comparison_markdown(comparison, whole=whole).encode(errors="replace")
        case "html":
            links = {each.name: _report_link(each.folder, place) for each in comparison.targets}
            page = render_comparison(comparison, links, whole=whole)
            return page.encode(errors="replace")


def write_comparison(
    directory: Path,
    comparison: Comparison,
    formats: Collection[ComparisonFormat],
    *,
    whole: bool = False,
) -> None:
    """Writes the comparison in these formats, each file atomically."""
    directory.mkdir(parents=True, exist_ok=True)
    for form in formats:
        content = rendered_comparison(comparison, form, directory, whole=whole)
        _replace(directory / COMPARISON_FORMATS[form], content)


def _report_link(folder: str, place: Path) -> str:
    """The relative address of the report in a folder; empty if there is none."""
    page = Path(folder) / FORMATS["html"]
    if not page.is_file():
        return ""
    return quote(Path(os.path.relpath(page, place)).as_posix())


def add_to_history(directory: Path, summary: Summary) -> None:
    """Adds a run to the history in a directory, in which discarded runs are kept."""
    text = history_text(_history(directory), summary)
    _replace(directory / HISTORY, text.encode())


def _history(directory: Path) -> tuple[PastRun, ...]:
    try:
        return parsed_history((directory / HISTORY).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ()


def discard_renderings(directory: Path) -> None:
    """Deletes the files of an earlier run, so that they are not mistaken for the next run's."""
    leftovers = [directory / name for name in (FILE_NAME, *FORMATS.values())]
    leftovers += sorted((directory / COUNTEREXAMPLES).glob("*.yaml"))
    leftovers += sorted((directory / COUNTEREXAMPLES).glob("*.sh"))
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
