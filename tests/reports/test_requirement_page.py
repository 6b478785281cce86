"""Reports lead to the pages of requirements, once the project has a documentation site."""

import json
from collections.abc import Callable, Iterator
from email.message import Message

import pytest

from klarna_reports.formats.sarif import sarif
from klarna_reports.page.html import render_html
from klarna_reports.summary.summary import summarise
from klarna_reports.words import requirement_page as module
from klarna_reports.words.requirement_page import requirement_page

DOCUMENTED = "refund.within-captured-amount"
OWN = "refund.status"
PAGE = f"https://docs.example/toolkit/requirements/{DOCUMENTED}/"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Gives the project these URLs, each with its label."""

    monkeypatch.delenv("KLARNA_CONFORMANCE_SITE", raising=False)

    def name(*urls: str) -> None:
        facts = Message()
        for url in urls:
            facts["Project-URL"] = url
        monkeypatch.setattr(module, "metadata", lambda _: facts)
        module._site.cache_clear()

    yield name
    module._site.cache_clear()


@pytest.mark.parametrize("end", ["", "/"])
def test_a_documented_requirement_has_a_page_and_a_users_own_has_none(named, end: str) -> None:
    named("Source, https://source.example", f"Documentation, https://docs.example/toolkit{end}")
    assert (requirement_page(DOCUMENTED), requirement_page(OWN)) == (PAGE, "")


@pytest.mark.parametrize("urls", [(), ("Source, https://source.example",)])
def test_no_requirement_has_a_page_before_the_site_is_published(named, urls) -> None:
    named(*urls)
    assert requirement_page(DOCUMENTED) == ""


def test_site_of_a_team_comes_before_that_of_the_project(named, monkeypatch) -> None:
    monkeypatch.setenv("KLARNA_CONFORMANCE_SITE", "https://docs.example/toolkit/")
    named("Documentation, https://elsewhere.example")
    assert (requirement_page(DOCUMENTED), requirement_page(OWN)) == (PAGE, "")


def test_report_and_sarif_lead_to_the_page(named, spec, record, played, all_goals_pass) -> None:
    named("Documentation, https://docs.example/toolkit")
    whole = record(played(*all_goals_pass))
    summary = summarise(spec, whole)
    rules = json.loads(sarif(summary))["runs"][0]["tool"]["driver"]["rules"]
    pages = {rule["id"]: rule.get("helpUri", "") for rule in rules}

    assert f'<a href="{PAGE}"' in render_html(spec, whole, summary)
    assert (pages[DOCUMENTED], pages[OWN]) == (PAGE, "")
