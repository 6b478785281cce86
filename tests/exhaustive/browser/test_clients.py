"""Pages about clients in a browser: no violation, and a certificate on two pages."""

import re

import msgspec
import pytest

from klarna_reports.page.certificate import render_certificate
from klarna_reports.page.html import render_html
from klarna_reports.summary.summary import summarise

from ...reports.clients import CERTIFIED, SPEC, driven, episode, everything, found, record
from .test_accessibility import LOOKS, violations

LONG = "a very long text without an end, " * 40


def _conformant():
    return record(driven(*everything()))


def _failing():
    """Fails everything, in scenarios that are as long as they get, with texts that are longer."""
    certified = msgspec.structs.replace(CERTIFIED, client=LONG, adapter=LONG)
    commands = tuple(episode(first=0, count=2) for _ in range(8))
    scenarios = (
        driven(
            found(requirement=each.requirement, observed=LONG, expected=LONG, exchange=1),
            identifier=f"s{number}",
            episodes=commands,
        )
        for number, each in enumerate(everything())
    )
    return record(*scenarios, certified=certified)


def _unseen():
    return record(driven(*everything()[:5]))


RECORDS = {"conformant": _conformant, "failing": _failing, "unseen": _unseen}


def _pages(browser, html, tmp_path, *, dark=False):
    file = tmp_path / "certificate.html"
    file.write_text(html, encoding="utf-8")
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(file.as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    found_here = violations(page)
    context.close()
    return len(re.findall(rb"/Type\s*/Page\b", printed)), found_here


@pytest.mark.parametrize("kind", RECORDS)
def test_a_certificate_prints_on_two_sheets(kind, browser, tmp_path):
    whole = RECORDS[kind]()
    sheets, objections = _pages(
        browser, render_certificate(whole, summarise(SPEC, whole)), tmp_path
    )

    assert sheets <= 2
    assert objections == []


def test_more_than_two_sheets_would_be_counted(browser, tmp_path):
    long = "<!DOCTYPE html><html lang='en'><title>x</title><main><h1>x</h1>"
    sheets, _ = _pages(browser, long + "<p style='height:90vh'>x</p>" * 4, tmp_path)

    assert sheets > 2


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", RECORDS)
def test_a_report_of_a_client_has_no_violation(kind, width, opened):
    whole = RECORDS[kind]()
    page = opened(render_html(SPEC, whole, summarise(SPEC, whole)), width=width)
    for look, media in LOOKS.items():
        page.emulate_media(**media)
        assert (look, violations(page)) == (look, [])
    assert page.noise == []


def test_a_certificate_is_dark_on_a_dark_screen_and_light_on_paper(browser):
    whole = _failing()
    page = browser.new_page()
    page.set_content(render_certificate(whole, summarise(SPEC, whole)))
    shades = {}
    for look, media in {**LOOKS, "print": {"media": "print", "color_scheme": "dark"}}.items():
        page.emulate_media(**media)
        assert (look, violations(page)) == (look, [])
        shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[look] = sum(int(part) for part in shade[4:-1].split(","))
    assert shades["dark"] < 150 < shades["light"] == shades["print"] == 3 * 255


@pytest.mark.parametrize("kind", RECORDS)
def test_a_certificate_is_not_wider_than_a_phone(kind, browser):
    whole = RECORDS[kind]()
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content(render_certificate(whole, summarise(SPEC, whole)))
    root = "document.documentElement"

    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
