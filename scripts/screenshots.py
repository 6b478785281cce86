"""Makes the pictures in docs/images from real runs, in Chromium.

Run it after a change of the report that a reader of the documentation would notice.
"""

import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

__all__ = ["IMAGES", "take"]

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PROGRAMS = sysconfig.get_path("scripts")
ADAPTER = ROOT / "examples" / "adapters" / "python" / "adapter.py"
DEFECT = ("--mutant", "bound-forgets-earlier-refunds", "--operation", "refundOrder")
RUNS = {
    "conformant": ("run",),
    "failing": ("run", *DEFECT, "--max-requests", "1000"),
    "certified": ("client", "--faults", "lost,error-after", "--", "python", "adapter.py"),
}
"""The commands, by the folder of their record."""
SHOTS = {
    "report.png": ("conformant/report.html", "body", 600),
    "violation.png": ("failing/report.html", "#deviations-FAIL", 680),
    "explorer.png": ("failing/report.html", "#x-app", 560),
    "certificate.png": ("certified/certificate.html", "body", 560),
}
"""The pictures: a page, the element that they begin with, and their height in pixels."""


def take(folder: Path) -> None:
    """Runs what the pictures show, and writes them to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as records, sync_playwright() as playwright:
        shutil.copy(ADAPTER, records)
        for name, (verb, *options) in RUNS.items():
            arguments = ["klarna-conformance", verb, "--output", name, *options]
            subprocess.run(arguments, cwd=records, env=environment, capture_output=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for shot, (report, element, height) in SHOTS.items():
            page = browser.new_page(viewport={"width": 1000, "height": height})
            page.goto((Path(records) / report).as_uri())
            if element != "body":  # the bar of links stays above what is scrolled to
                page.locator("nav.sections").evaluate("(bar) => bar.remove()")
                top = "(each) => scrollTo(0, each.getBoundingClientRect().top + scrollY - 8)"
                page.locator(element).evaluate(top)
            page.screenshot(path=folder / shot)
        browser.close()


if __name__ == "__main__":
    take(IMAGES)
