"""A real browser, and pages of records that have something of everything."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from klarna_reports.page.html import render_html
from klarna_reports.record.record import AcceptedDeviation, Finding
from klarna_reports.summary.changes import changes_between
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response

RULE = "refund.within-captured-amount"


def missing(what: str) -> None:
    """Skips, but where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed for the browser tests", pytrace=False)
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="module")  # while Playwright is there, no other test can run an event loop
def browser() -> Iterator[object]:
    """Debian's Chromium, driven by Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright (pip install -e '.[test]')")
    path = shutil.which("chromium")
    if path is None:
        missing("chromium (apt-get install chromium)")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=as_root, ignore_default_args=["--hide-scrollbars"]
        )
        yield launched
        launched.close()


@pytest.fixture
def opened(browser, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Opens HTML from a file in a page; `noise` of the page are errors, dialogs and requests."""
    contexts = []

    def open_page(
        html: str, *, anchor: str = "", width: int = 1280, ready="#x-app[data-ready]", **options
    ):
        file = tmp_path / "report.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.noise = []
        page.on("console", lambda m: page.noise.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda error: page.noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (page.noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: None if r.url == address else page.noise.append(r.url))
        address = file.as_uri() + anchor.partition("#")[0]
        page.goto(file.as_uri() + anchor)
        if options.get("java_script_enabled", True):
            page.wait_for_selector(ready)
        return page

    yield open_page
    for context in contexts:
        context.close()


def finding(verdict="FAIL", requirement=RULE, **others) -> Finding:
    said = {
        "expected": "a refusal with the status 403 and the code REFUND_NOT_ALLOWED",
        "observed": "an answer with the status 201 and the code REFUND_NOT_ALLOWED",
    }
    return Finding(
        **{"requirement": requirement, "verdict": verdict, "exchange": 0, **said, **others}
    )


def read(exchange: Exchange, number: int) -> Exchange:
    """A read of the order, with an amount that can be searched for."""
    body = Payload(f'{{"order_id": "order-{number}", "refunded_amount": {number}}}')
    return msgspec.structs.replace(
        exchange,
        request=Request(method="GET", path=f"/ordermanagement/v1/orders/{number}/refunds"),
        outcome=Response(status=200, body=body, elapsed_s=0.01 * number),
        purpose="look",
    )


@pytest.fixture(scope="session")
def varied_record(record, played, exchange, all_goals_pass):
    """Failures with consequences, a race, a warning, an accepted deviation, and missing goals."""
    racing = tuple(
        msgspec.structs.replace(exchange, group=0, started_s=0.01 * number) for number in range(3)
    )
    lost = msgspec.structs.replace(exchange, outcome=Failure(kind="timeout", message="too late"))
    known = AcceptedDeviation(
        requirement="refund.status",
        reason="Fixed in the next release.",
        owner="payments",
        expires=date(2999, 1, 1),
        link="https://tracker.example/1",
    )
    others = [
        played(identifier=f"s{n}", exchanges=tuple(read(exchange, n) for _ in range(3)))
        for n in range(10, 20)
    ]
    return record(
        played(*all_goals_pass[:3], identifier="s1"),
        played(finding(exchange=2), identifier="s2", exchanges=(read(exchange, 2), lost, *racing)),
        played(
            finding(exchange=1, witness=2),
            finding(requirement="order.answered", exchange=2, observed="status 500"),
            identifier="s3",
            exchanges=(read(exchange, 3), exchange, read(exchange, 4)),
        ),
        played(finding("WARN", "refund.status", observed="status 200"), identifier="s4"),
        played(finding("FAIL", "refund.status", observed="status 418"), identifier="s5"),
        played(
            finding("INFO", "contradiction.header-names", interpretation="Refund-Id"),
            identifier="s6",
        ),
        *others,
        deviations=(known,),
        proofs={RULE: 12},
    )


@pytest.fixture(scope="session")
def varied(spec, varied_record, record, played, all_goals_pass) -> str:
    """The page of the varied record, with what changed since a conformant run."""
    summary = summarise(spec, varied_record)
    before = summarise(spec, record(played(*all_goals_pass)))
    return render_html(spec, varied_record, summary, changes_between(before, summary))


@pytest.fixture(scope="session")
def conformant(spec, record, played, all_goals_pass) -> str:
    """The page of a run with nothing to object to."""
    green = record(played(*all_goals_pass))
    return render_html(spec, green, summarise(spec, green))


@pytest.fixture(scope="session")
def empty(spec, record) -> str:
    """The page of a run that was interrupted before its first scenario."""
    nothing = record(footer=None)
    return render_html(spec, nothing, summarise(spec, nothing))
