"""The record of a run, and the reports that are made from it.

The names below are imported when they are first used. The examples in this package run after these
lines, in a directory where `klarna-conformance run` has written its report.

>>> from pathlib import Path
>>> from klarna_reports import *
>>> from klarna_specs import load
>>> spec = load()
>>> record = read_journal(Path("conformance-report/journal.ndjson"))
>>> summary = summarise(spec, record)
"""

from typing import TYPE_CHECKING

from klarna_specs.on_use import imported_on_use

if TYPE_CHECKING:
    from klarna_reports.errors import ComparisonError, JournalError, MergeError
    from klarna_reports.page.html import render_html
    from klarna_reports.record.journal import Journal, read_journal
    from klarna_reports.record.record import Finding, Played, Record
    from klarna_reports.record.results import ReportedFinding, RequirementResult, Summary
    from klarna_reports.render import write_renderings
    from klarna_reports.summary.changes import Changes, changes_between
    from klarna_reports.summary.compared_target import Source
    from klarna_reports.summary.comparing import compared, compared_folders
    from klarna_reports.summary.comparison import Comparison
    from klarna_reports.summary.merging import merged
    from klarna_reports.summary.summary import summarise

__all__ = [
    "Changes",
    "Comparison",
    "ComparisonError",
    "Finding",
    "Journal",
    "JournalError",
    "MergeError",
    "Played",
    "Record",
    "ReportedFinding",
    "RequirementResult",
    "Source",
    "Summary",
    "changes_between",
    "compared",
    "compared_folders",
    "merged",
    "read_journal",
    "render_html",
    "summarise",
    "write_renderings",
]

_NAMES = {
    "errors": ("ComparisonError", "JournalError", "MergeError"),
    "page.html": ("render_html",),
    "record.journal": ("Journal", "read_journal"),
    "record.record": ("Finding", "Played", "Record"),
    "record.results": ("ReportedFinding", "RequirementResult", "Summary"),
    "render": ("write_renderings",),
    "summary.changes": ("Changes", "changes_between"),
    "summary.compared_target": ("Source",),
    "summary.comparing": ("compared", "compared_folders"),
    "summary.comparison": ("Comparison",),
    "summary.merging": ("merged",),
    "summary.summary": ("summarise",),
}

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports a misspelled name
    __getattr__ = imported_on_use(__name__, _NAMES)
