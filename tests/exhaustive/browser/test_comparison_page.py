"""The page that compares targets: axe-core finds no violation, and it fits a phone."""

import json

import msgspec
import pytest

from klarna_reports.page.comparison_page import render_comparison
from klarna_reports.summary.compared_target import Source
from klarna_reports.summary.comparing import compared
from klarna_specs.exchange import Payload, Response

from ...reports.browser.conftest import finding
from .test_accessibility import LOOKS, violations


@pytest.fixture(scope="session")
def comparison(spec, record, played, exchange) -> str:
    """The page of two targets with differences of several kinds, and one that was not tested."""

    def answered(verdict, status, interpretation):
        body = Payload(json.dumps({"error_code": "REFUND_NOT_ALLOWED" * 3}))
        came = msgspec.structs.replace(exchange, outcome=Response(status=status, body=body))
        judged = finding(verdict, aspects=("broken",), exchange=0)
        followed = finding(
            "INFO", "contradiction.header-names", exchange=0, interpretation=interpretation
        )
        return played(judged, followed, identifier="s1", exchanges=(came,))

    other = msgspec.structs.replace(played().scenario, steps=played().scenario.steps * 2)
    unshared = msgspec.structs.replace(
        played(finding("FAIL", "refund.status"), identifier="s2"), scenario=other
    )
    records = {
        "a-sandbox-with-a-rather-long-name": record(answered("PASS", 403, "Refund-Id"), unshared),
        "stub": record(answered("FAIL", 409, "refund_id")),
        "away": None,
    }
    sources = [
        Source(name=name, folder=name, record=each, problem="" if each else "It is unreachable.")
        for name, each in records.items()
    ]
    links = {name: f"{name}/report.html" if each else "" for name, each in records.items()}
    return render_comparison(compared(spec, sources), links)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("shown", ["differences", "everything"])
def test_the_comparison_has_no_violation(shown, width, comparison, opened):
    page = opened(comparison, width=width, ready="#all")
    if shown == "everything":
        page.check("#all")
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    for look, media in LOOKS.items():
        page.emulate_media(**media)
        assert (look, violations(page)) == (look, [])


@pytest.mark.parametrize("width", [1280, 390])
def test_the_comparison_fits_the_screen_with_everything_shown(width, comparison, opened):
    page = opened(comparison, width=width, ready="#all")
    page.check("#all")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


def test_the_comparison_shows_all_rows_on_demand_and_fetches_nothing(comparison, opened):
    page = opened(comparison, ready="#all")
    rows = page.locator(".rows tr[id]")
    shown = [rows.locator("visible=true").count()]
    page.check("#all")
    shown.append(rows.locator("visible=true").count())
    assert 0 < shown[0] < shown[1] == rows.count()
    assert page.noise == []
