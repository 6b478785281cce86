"""The earlier run that a run is compared with."""

from pathlib import Path

from klarna_reports.formats.run_json import read_run_json
from klarna_reports.record.journal import FILE_NAME, read_journal
from klarna_reports.record.results import Summary
from klarna_reports.render import FORMATS
from klarna_reports.summary.judged import recorded_spec
from klarna_reports.summary.summary import summarise

__all__ = ["previous_summary"]


def previous_summary(specs: Path | None, folder: Path) -> Summary:
    """The summary of the run in a folder; raises JournalError if there is none.

    `specs` is the folder of its specs, if they are not the built-in ones. `run.json` is faster to
    read than the journal, but of one version of this program only.
    """
    summary = read_run_json(folder / FORMATS["json"])
    if summary is not None:
        return summary
    record = read_journal(folder / FILE_NAME)
    return summarise(recorded_spec(record.header, specs), record)
