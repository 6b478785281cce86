"""Markdown for pull requests and step summaries, and annotations for GitHub Actions."""

import re
from collections.abc import Iterable, Iterator

from klarna_reports.record.results import ReportedFinding, RequirementResult, Summary
from klarna_reports.summary.changes import KINDS, ChangeKind, Changes
from klarna_reports.words.printable import printable
from klarna_reports.words.wording import cut

__all__ = ["annotations", "changes_markdown", "markdown", "plain"]

_SIGNS = {"FAIL": "❌", "ERROR": "💥", "NOT_RUN": "⬜", "WARN": "⚠️", "KNOWN": "🟡"}
_URGENT = ("ERROR", "FAIL", "KNOWN", "NOT_RUN", "WARN")
_LONGEST_TEXT = 300
_MOST_ROWS = 50
_LONGEST_LINE = 4_000
"""Keeps a step summary below GitHub's limit of one mebibyte."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&:@-])")


def markdown(summary: Summary) -> str:
    """The summary as Markdown: the verdict, the numbers, and what needs action."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    yield f"## {_sign(summary)} {summary.headline}"
    yield ""
    yield plain(summary.reason)
    yield ""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary.counts.items() if count)
    yield (
        f"{plain(summary.target.name)} · {summary.requests_sent} requests in "
        f"{summary.scenarios} scenarios, {summary.wall_s:.1f} s · {plain(counts)} · "
        f"seed {summary.seed}"
    )
    places = {cause.root: place for place, cause in enumerate(summary.causes)}
    rows = [r for r in summary.requirements if r.verdict in _URGENT and _matters(r)]
    rows.sort(
        key=lambda r: (_URGENT.index(r.verdict), places.get(r.beside or r.id, 0), bool(r.beside))
    )
    if rows:
        yield from ("", "| verdict | level | requirement | observed |", "|---|---|---|---|")
        yield from map(_row, rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        yield ""
        yield f"And {len(rows) - _MOST_ROWS} more in the report."
    failed = [
        finding
        for finding in summary.findings
        if finding.verdict == "FAIL" and (finding.saved or not finding.replay)
    ]
    if failed:
        yield from ("", "<details><summary>How to reproduce it</summary>", "")
        yield "Replay commands are for the folder where the run was started."
        yield ""
        yield from _by_hand(failed)
        yield from ("", "</details>")


def _sign(summary: Summary) -> str:
    return _SIGN_OF[summary.exit_code] if summary.in_full or summary.exit_code else "🔵"


_SIGN_OF = {0: "✅", 1: "❌", 3: "⬜", 4: "⬜", 5: "💥"}


def _matters(result: RequirementResult) -> bool:
    return result.verdict != "NOT_RUN" or result.level == "MUST"


def _row(result: RequirementResult) -> str:
    text = f"Probably a consequence of {result.beside}." if result.beside else result.reason
    seen = plain(cut(text or result.statement, _LONGEST_TEXT))
    return (
        f"| {_SIGNS[result.verdict]} {plain(result.verdict)} | {result.level} | "
        f"{plain(result.id)} | {seen} |"
    )


def _by_hand(findings: Iterable[ReportedFinding]) -> Iterator[str]:
    for finding in list(findings)[:_MOST_ROWS]:
        lines = [line for line in (finding.replay, finding.curl) if 0 < len(line) <= _LONGEST_LINE]
        fence = "`" * (3 + max(map(len, re.findall("`+", "\n".join(lines))), default=0))
        if lines:
            yield from (plain(finding.requirement), "", f"{fence}sh", *lines, fence, "")


def plain(text: str) -> str:
    """A text on one line, escaped for Markdown."""
    return _SPECIAL.sub(r"\\\1", printable(" ".join(text.split())))


_SIGN_OF_CHANGE: dict[ChangeKind, str] = {
    "broken": "❌",
    "fixed": "✅",
    "changed": "🔁",
    "added": "🆕",
    "removed": "⬜",
}


def changes_markdown(changes: Changes) -> str:
    """The changes between two runs as Markdown: verdicts, numbers, one row per change."""
    return "\n".join(_change_lines(changes)) + "\n"


def _change_lines(changes: Changes) -> Iterator[str]:
    yield f"## {changes.old_verdict} → {changes.new_verdict}"
    yield ""
    counts = ", ".join(f"{len(changes.of_kind(kind))} {kind}" for kind in KINDS)
    yield f"{counts}, {changes.unchanged} unchanged"
    for caveat in changes.caveats:
        yield from ("", plain(caveat))
    if changes.changes:
        yield from ("", "| change | level | requirement | was | is | observed |", "|---" * 6 + "|")
    for change in changes.changes:
        was, now = (plain(verdict or "-") for verdict in (change.was, change.now))
        yield (
            f"| {_SIGN_OF_CHANGE[change.kind]} {change.kind} | {change.level} | "
            f"{plain(change.requirement)} | {was} | {now} | "
            f"{plain(cut(change.text, _LONGEST_TEXT))} |"
        )


def annotations(summary: Summary) -> str:
    """Workflow commands that GitHub Actions shows as annotations when they are printed."""
    lines = [_annotation("error", summary.headline, summary.reason)] if summary.exit_code else []
    for result in summary.requirements:
        if result.verdict in ("FAIL", "ERROR"):
            lines.append(_annotation("error", result.id, result.reason))
        elif result.verdict == "WARN":
            kind = "error" if summary.strict else "warning"
            lines.append(_annotation(kind, result.id, result.reason))
        elif result.verdict == "KNOWN":
            lines.append(_annotation("notice", result.id, f"accepted: {result.reason}"))
    return "".join(f"{line}\n" for line in lines)


def _annotation(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(cut(printable(message), _LONGEST_TEXT))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
