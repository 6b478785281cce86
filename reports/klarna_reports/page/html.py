"""`report.html`: the whole run in one self-contained HTML file."""

from collections.abc import Sequence
from urllib.parse import quote

from klarna_reports.page.page import page_values
from klarna_reports.page.shown import visible
from klarna_reports.page.templating import page_template
from klarna_reports.record.record import Record
from klarna_reports.record.results import Summary
from klarna_reports.summary.changes import Changes
from klarna_reports.summary.history import PastRun
from klarna_reports.summary.judged import judged_spec
from klarna_reports.words.requirement_page import requirement_page
from klarna_specs.spec import Spec

__all__ = ["render_html"]

_STYLES = ("theme.css", "report.css", "charts.css", "explorer.css")
_SCRIPTS = ("report.js", "filter.js", "explorer.js")


def render_html(
    spec: Spec,
    record: Record,
    summary: Summary,
    changes: Changes | None = None,
    runs: Sequence[PastRun] = (),
) -> str:
    """The record as one HTML page, with the `changes` since an earlier run, if any.

    `runs` are the last runs into the same folder up to this one, oldest first.

    >>> render_html(spec, record, summary).lstrip().startswith("<!DOCTYPE html>")
    True
    """
    values = page_values(judged_spec(spec, record.header), record, summary, changes, runs)
    links = (
        ("explorer_link", _explorer_link),
        ("passage", _passage),
        ("requirement_page", requirement_page),
    )
    template = page_template("report.html.j2", styles=_STYLES, scripts=_SCRIPTS, functions=links)
    return template.render(values)


def _explorer_link(**state: str) -> str:
    """The link to the explorer in this state: `x` is an exchange, the others are filters."""
    query = "&".join(f"{name}={quote(visible(text), safe='')}" for name, text in state.items())
    return f"#explore?{query}"


def _passage(address: str, section: str) -> str:
    """The address of a section of a page, by its heading."""
    return f"{address}#:~:text={quote(section, safe='')}" if section else address
