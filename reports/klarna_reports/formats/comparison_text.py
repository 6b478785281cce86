"""A comparison of targets as lines for a terminal, and as Markdown."""

from collections.abc import Iterable, Iterator

from klarna_reports.formats.markdown import plain
from klarna_reports.summary.comparison import Column, Comparison, Row, Shown
from klarna_reports.words.printable import printable
from klarna_reports.words.wording import cut, outcome_text

__all__ = ["comparison_lines", "comparison_markdown", "totals"]

_LONGEST = 200
_KINDS = {
    "verdict": "one target meets it, another one does not",
    "answer": "the answers differ",
    "unseen": "not verified everywhere",
    "question": "no request that several targets received shows it",
}


def totals(comparison: Comparison) -> str:
    """The numbers of a comparison in one sentence."""
    found, binding = len(comparison.differences), len(comparison.binding)
    differences = "1 difference" if found == 1 else f"{found} differences"
    also = f", {more} more follow from them" if (more := len(comparison.consequences)) else ""
    must = "1 MUST differs" if binding == 1 else f"{binding} MUSTs differ"
    shared = comparison.shared
    sent = "1 scenario was" if shared == 1 else f"{shared} scenarios were"
    return f"{differences}{also}; {must}. {sent} sent to every target."


def comparison_lines(comparison: Comparison, *, whole: bool = False) -> Iterator[str]:
    """The targets, the differences, what limits the comparison, and the totals.

    The `whole` table also has the rows where nothing differs.
    """
    yield from (f"{column.name}: {_state(column)}" for column in comparison.targets)
    for row in comparison.differences:
        difference = row.difference
        assert difference
        yield f"{row.level:<6} {row.id}"
        yield f"  {difference.sentence}"
        yield from (f"  {line}" for shown in difference.shown for line in _exchanges(shown))
    if comparison.consequences:
        yield "Differences that follow from others:"
    for row in comparison.consequences:
        assert row.difference
        yield f"  {row.level:<6} {row.id} (follows {row.difference.follows})"
    for row in comparison.rows if whole else ():
        if row.difference is None:
            verdicts = ", ".join(cell.verdict or "-" for cell in row.cells)
            yield f"{row.level:<6} {row.id}: {verdicts}"
    yield from (f"Note: {sentence}" for sentence in comparison.caveats)
    if rows := comparison.incomparable:
        yield f"Not compared: {', '.join(row.id for row in rows)}"
    yield totals(comparison)


def comparison_markdown(comparison: Comparison, *, whole: bool = False) -> str:
    """The comparison as Markdown: the rows that differ, or the `whole` table."""
    return "\n".join(_markdown(comparison, whole=whole)) + "\n"


def _markdown(comparison: Comparison, *, whole: bool) -> Iterator[str]:
    names = [plain(column.name) for column in comparison.targets]
    yield f"## {' and '.join(names)}"
    yield from ("", plain(totals(comparison)))
    for sentence in comparison.caveats:
        yield from ("", plain(sentence))
    rows = [row for row in comparison.rows if whole or row.difference]
    if rows:
        yield ""
        yield f"| level | requirement | {' | '.join(names)} | difference |"
        yield "|---" * (3 + len(names)) + "|"
    for row in rows:
        cells = " | ".join(plain(cell.verdict or "-") for cell in row.cells)
        yield f"| {row.level} | {plain(row.id)} | {cells} | {plain(_difference(row))} |"
    yield from _evidence(comparison.differences)


def _difference(row: Row) -> str:
    if row.difference is None:
        return ""
    kind, follows = _KINDS[row.difference.kind], row.difference.follows
    return f"{row.difference.sentence} ({f'follows {follows}' if follows else kind})"


def _evidence(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        assert row.difference
        yield from ("", f"**{plain(row.id)}**: {plain(row.statement)}", "")
        for shown in row.difference.shown:
            yield from (f"- {plain(line)}" for line in _exchanges(shown))


def _exchanges(shown: Shown) -> Iterator[str]:
    for index, exchange in zip(shown.indices, shown.exchanges, strict=True):
        request = exchange.request
        body = f" {request.body.text}" if request.body.text else ""
        sent = cut(f"{request.method} {request.path}{body}", _LONGEST)
        place = f"{shown.target}, {shown.scenario}, exchange {index + 1}"
        yield printable(f"{place}: {sent} -> {outcome_text(exchange)}")


def _state(column: Column) -> str:
    if column.verdict is None:
        return f"not tested: {column.reason}"
    return f"{column.verdict}, {column.requests_sent} requests, seed {column.seed}"
