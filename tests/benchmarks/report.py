"""What a report of 20,000 exchanges costs: to render, to open, and to filter in a browser.

Run it with `python tests/benchmarks/report.py`; it needs Chromium and takes about a minute.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
from playwright.sync_api import Page, sync_playwright

from klarna_conformance import defaults
from klarna_conformance.limits import Limits
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.run.keeping import Keeper, consume
from klarna_conformance.run.running import RunOptions, run
from klarna_conformance.target.opening import open_target
from klarna_reports.page.html import render_html
from klarna_reports.record.record import Record
from klarna_reports.summary.summary import summarise
from klarna_specs.goals import Scope
from klarna_specs.loader import load
from klarna_specs.spec import Spec

EXCHANGES = 20_000
MUTANT = "over-refund-answered-200"
FILTERED = """async ([id, value]) => {
  const field = document.getElementById(id), count = document.getElementById("x-count");
  const began = performance.now();
  const reported = new Promise((done) => new MutationObserver((changes) => {
    if (!count.textContent.startsWith("Searching")) done();
  }).observe(count, { childList: true }));
  field.value = value;
  field.dispatchEvent(new Event(id === "x-q" ? "input" : "change", { bubbles: true }));
  await reported;
  document.body.getBoundingClientRect();
  return [performance.now() - began, count.textContent];
}"""


def recorded(spec: Spec, seed: int, directory: Path, examples: int) -> Record:
    """The record of a run against a wrong mock."""
    plan = make_plan(spec, scope=Scope(), seed=seed, examples=examples, dry_run=False)
    options = RunOptions(seed=seed, scope=Scope(), limits=Limits(concurrency=8), shrink=False)
    target = open_target("mock", spec, seed=seed, mutant=MUTANT)
    keeper = Keeper(spec, directory)
    asyncio.run(consume(run(spec, target, plan, options), keeper))
    return keeper.record


def twice(spec: Spec) -> Record:
    """Two runs with other seeds as one record of 20,000 exchanges."""
    with tempfile.TemporaryDirectory() as directory:
        seeds = (defaults.SEED, defaults.SEED + 1)
        first, second = (recorded(spec, s, Path(directory), defaults.EXAMPLES) for s in seeds)
    again = (msgspec.structs.replace(p, id=f"t{p.id}") for p in second.played)
    played, left = [], EXCHANGES
    for one in (*first.played, *again):
        exchanges = one.exchanges[:left]
        left -= len(exchanges)
        findings = tuple(f for f in one.findings if f.exchange < len(exchanges))
        played.append(msgspec.structs.replace(one, exchanges=exchanges, findings=findings))
    return msgspec.structs.replace(first, played=tuple(played))


def in_browser(page: Page, file: Path) -> None:
    """Opens the page; prints how long that, filters and searches take."""
    page.goto(file.as_uri())
    page.wait_for_selector("#x-app[data-ready]")
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    ready_ms = page.evaluate("performance.now()")
    print(f"first paint {page.evaluate(paint):.0f} ms, explorer after {ready_ms:.0f} ms")
    page.wait_for_timeout(3000)
    for name, value in (("x-verdict", "FAIL"), ("x-verdict", ""), ("x-operation", "getOrder")):
        took = [page.evaluate(FILTERED, [name, value]) for _ in range(5)]
        print(
            f"{name} {value or 'any'}: {statistics.median(t for t, _ in took):.1f} ms, {took[0][1]}"
        )
    for text in ("refunded_amount", "refund_not_allowed -401", ""):
        took_ms, count = page.evaluate(FILTERED, ["x-q", text])
        print(f"search {text!r}: {took_ms:.1f} ms, {count}")


def main() -> None:
    """Makes the record and prints what its report costs."""
    spec = load()
    record = twice(spec)
    started = time.perf_counter()
    html = render_html(spec, record, summarise(spec, record))
    rendered_s = time.perf_counter() - started
    exchanges = sum(len(played.exchanges) for played in record.played)
    print(
        f"{exchanges} exchanges: {len(html.encode()) / 1e6:.2f} MB, rendered in {rendered_s:.2f} s"
    )
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        file = Path(directory) / "report.html"
        file.write_text(html, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        in_browser(browser.new_page(), file)
        browser.close()


if __name__ == "__main__":
    main()
