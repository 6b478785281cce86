"""`index.html`: targets side by side in one self-contained HTML file."""

from collections import defaultdict
from collections.abc import Mapping

from klarna_reports.page.shown import ShownExchange, shown_exchange
from klarna_reports.page.templating import page_template
from klarna_reports.summary.comparison import Comparison, Row, Shown
from klarna_reports.words.wording import VERDICT_MEANINGS

__all__ = ["render_comparison"]

_STYLES = ("theme.css", "report.css", "comparison.css")


def render_comparison(
    comparison: Comparison, links: Mapping[str, str], *, whole: bool = False
) -> str:
    """The comparison as one HTML page.

    `links` are the addresses of the targets' reports by name, as far as there are any. The page
    shows differences, or at first the `whole` table; operations and rows that differ come first.
    """
    operations: defaultdict[str, list[Row]] = defaultdict(list)
    differing = {row.id for row in (*comparison.differences, *comparison.consequences)}
    for row in sorted(comparison.rows, key=lambda row: row.id not in differing):
        operations[row.operation].append(row)
    return page_template("comparison.html.j2", styles=_STYLES).render(
        comparison=comparison,
        operations=operations,
        links=links,
        whole=whole,
        exchanges=_shown_exchanges,
        meanings=VERDICT_MEANINGS,
    )


def _shown_exchanges(row: Row, shown: Shown) -> list[ShownExchange]:
    return [
        shown_exchange(exchange, index, f"x-{row.id}-{shown.target}-{index}")
        for index, exchange in zip(shown.indices, shown.exchanges, strict=True)
    ]
