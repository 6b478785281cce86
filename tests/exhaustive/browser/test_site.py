"""The documentation site, built strictly: axe-core finds no violation, and pages fit a phone."""

import fcntl
import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .test_accessibility import LOOKS, violations

ROOT = Path(__file__).parents[3]
PAGES = (
    "",
    "tutorial/",
    "ci/",
    "commands/run/",
    "python/klarna_conformance/",
    "python/klarna_specs/",
    "requirements/",
    "requirements/refund.within-captured-amount/",
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test prints what failed."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, which is built once for the workers of all processors."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
            built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
            assert built.returncode == 0, built.stderr
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visited(browser, site: str):
    """Opens a page of the site; `noise` of the page are errors, and requests to other sites."""
    contexts = []

    def visit(path: str, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(120_000)
        page.noise = []
        page.on("console", lambda message: page.noise.append(message.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.on("request", lambda r: r.url.startswith(site) or page.noise.append(r.url))
        page.goto(site + path)
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_site_has_no_violation_and_fits(path, width, visited):
    root = "document.documentElement"
    for look in ("light", "dark"):
        page = visited(path, viewport={"width": width, "height": 800}, **LOOKS[look])
        page.wait_for_load_state("networkidle")
        assert (look, violations(page)) == (look, [])
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
        assert page.noise == []


def test_the_search_finds_a_requirement(visited):
    page = visited("")
    page.keyboard.press("s")
    page.keyboard.type("refund.within-captured-amount")
    found = page.locator('.md-search-result__link[href*="refund.within-captured-amount"]').first
    found.wait_for()
    assert page.noise == []


def test_each_picture_of_a_page_has_an_alternative(visited):
    page = visited("report/")
    alternatives = [each.get_attribute("alt") for each in page.locator("main img").all()]
    assert len(alternatives) == 2
    assert all(alternatives)
