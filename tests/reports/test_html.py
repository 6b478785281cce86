"""The report is one page that runs its own script only, whatever a target answered."""

import base64
import hashlib
import json
import re
from datetime import date
from html.parser import HTMLParser

import msgspec
import pytest

from klarna_reports.page.html import render_html
from klarna_reports.record.record import (
    AcceptedDeviation,
    Footer,
    TargetFacts,
    Unavailable,
)
from klarna_reports.summary.changes import changes_between
from klarna_reports.summary.history import past_run
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step

from .findings import RULE, finding

HOSTILE = "\"'></pre></code><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"
HARMLESS_ATTRIBUTES = {
    *("aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "autocomplete"),
    *("charset", "checked", "class", "content", "cx", "cy", "d", "data-level", "data-operation"),
    *("data-verdict", "fill", "focusable", "for", "value"),
    *("height", "hidden", "href", "http-equiv", "id", "lang", "name", "open", "placeholder"),
    *("preserveaspectratio", "r", "rel", "role", "rx", "scope", "spellcheck", "tabindex"),
    *("title", "type", "viewbox", "width", "x", "y"),
}


class Page(HTMLParser):
    """What a page is made of: its elements, its text, and the places that can be linked to."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.ids, self.links, self.words = set(), set(), [], [], []
        self.scripts, self.within = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.within = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))
        self.attributes.update(name for name, _ in attrs)
        self.ids.extend(value for name, value in attrs if name == "id")
        self.links.extend(value for name, value in attrs if name == "href")

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(spec, record):
    return Page(render_html(spec, record, summarise(spec, record)))


def hostile_exchange(text):
    headers = ((text, text), ("Location", "javascript:alert(1)" + text))
    return Exchange(
        request=Request(method=text, path="/" + text, headers=headers, body=Payload(text)),
        outcome=Response(status=201, headers=headers, body=Payload(json.dumps({text: text}))),
    )


def hostile_record(spec, record, played, text):
    step = Step(operation=text, key=Key(text), path_interpretation=text)
    plan = OrderPlan(market=text, currency=text, order_amount=1)
    scenario = Scenario(plan=plan, steps=(step,), other=plan)
    failure = Failure(kind="protocol", message=text)
    exchanges = (
        hostile_exchange(text),
        msgspec.structs.replace(hostile_exchange(text), outcome=failure),
    )
    findings = (
        finding(expected=text, observed=text, witness=1),
        finding("WARN", "refund.status", expected=text, observed=text),
        finding("INFO", "contradiction.header-names", interpretation=text),
        finding("FAIL", text),
    )
    sent = played(*findings, identifier=text, scenario=scenario, exchanges=exchanges, error=text)
    refused = played(identifier=text + "2", unavailable=Unavailable(plan=plan, reason=text))
    return record(
        *(sent, refused),
        target=TargetFacts(name=text, base_url=text, kind="http", interpretations={text: text}),
        versions={text: text},
        run_id=text,
        started_at=text,
        command=text,
        specs=text,
        footer=Footer(wall_s=1, requests_sent=1, stopped=text),
    )


def test_hostile_text_stays_text(spec, record, played):
    page = page_of(spec, hostile_record(spec, record, played, HOSTILE))
    assert not page.tags & {"img", "iframe", "object", "embed", "base"}
    assert page.attributes <= HARMLESS_ATTRIBUTES
    assert all(link.startswith(("#", "https://docs.example/")) for link in page.links)
    assert HOSTILE in page.text


def test_hostile_text_is_in_no_script(spec, record, played):
    page = page_of(spec, hostile_record(spec, record, played, HOSTILE))
    harmless = page_of(spec, record())
    *packed, (kind, script) = page.scripts
    assert (kind, script) == harmless.scripts[-1]
    assert {kind for kind, _ in packed} == {"application/octet-stream"}
    assert all(re.fullmatch(r"[A-Za-z0-9+/]+=*", text) for _, text in packed)


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\ud800"])
def test_characters_that_hide_or_reorder_others_are_shown_as_escapes(
    character, spec, record, played
):
    sent = record(played(finding(observed=f"a{character}b")))
    html = render_html(spec, sent, summarise(spec, sent))
    assert character not in html
    assert f"a\\u{ord(character):04x}b" in html
    html.encode()


def digest_of(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_security_policy_allows_only_own_style_and_script(spec, record):
    html = render_html(spec, record(), summarise(spec, record()))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (policy,) = re.findall(r'"Content-Security-Policy" content="(.*?)"', html)
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest_of(style)}'",
        f"script-src 'sha256-{digest_of(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "url(" not in style
    assert "innerHTML" not in script


def test_every_link_within_the_page_leads_somewhere(spec, record, played, all_goals_pass):
    scenarios = [
        played(*all_goals_pass, finding(), finding("WARN", "refund.status"), finding("KNOWN")),
        played(finding(observed="another"), identifier="s2", steps=2),
    ]
    page = page_of(spec, record(*scenarios))
    assert len(page.ids) == len(set(page.ids))
    inner = {link[1:].partition("?")[0] for link in page.links if link.startswith("#")}
    assert inner <= set(page.ids)
    assert "explore" in inner


def test_a_failure_shows_expectation_observation_steps_and_curl(spec, record, played):
    text = page_of(spec, record(played(finding()))).text
    assert "A refund must not exceed the captured amount." in text
    assert "Expected a refusal Observed the refund was made" in text
    assert "An order of 100.00 SEK in market SE" in text
    assert 'refundOrder, body {"refunded_amount": 10001}' in text
    assert "BASE_URL=https://target.example sh counterexamples/" in text


@pytest.mark.parametrize("verdict", ["FAIL", "WARN", "KNOWN", "ERROR"])
def test_every_deviation_is_shown_with_its_scenario(verdict, spec, record, played):
    assert "The example is scenario s1" in page_of(spec, record(played(finding(verdict)))).text


def test_the_banner_shows_verdict_and_reason(spec, record, played, all_goals_pass):
    text = page_of(spec, record(played(*all_goals_pass))).text
    assert "CONFORMANT All 2 binding requirements are verified and met." in text


def test_a_run_without_footer_is_shown_as_interrupted(spec, record, played):
    text = page_of(spec, record(played(), footer=None)).text
    assert "The run ended early: the record has no footer: the run was interrupted" in text


def test_missing_goals_are_listed_with_their_reason(spec, record, played):
    text = page_of(spec, record(played())).text
    assert "Unverified requirements" in text
    assert (
        "nothing of this occurred: a call that meets it, a call that breaks it, one-above" in text
    )


def test_untested_statements_and_contradictions_are_listed(spec, record, played):
    interpretation = finding("INFO", "contradiction.header-names", interpretation="Refund-Id")
    text = page_of(spec, record(played(interpretation))).text
    assert "A mail is sent." in text
    assert "Refund-Id followed once" in text


def test_secrets_of_a_response_are_not_shown(spec, record, played, exchange):
    answered = Response(status=201, headers=(("Set-Cookie", "session=s3cret"),))
    sent = played(finding(), exchanges=(msgspec.structs.replace(exchange, outcome=answered),))
    text = page_of(spec, record(sent)).text
    assert "s3cret" not in text
    assert "(not shown)" in text


def test_a_body_is_shown_as_received(spec, record, played, exchange):
    answered = Response(status=200, body=Payload('{"a":1.00,"a":12345678901234567890}'))
    sent = played(finding(), exchanges=(msgspec.structs.replace(exchange, outcome=answered),))
    assert '{ "a": 1.00, "a": 12345678901234567890 }' in page_of(spec, record(sent)).text


def test_a_long_body_is_cut_with_a_note(spec, record, played, exchange):
    answered = Response(status=200, body=Payload("x" * 100_000))
    sent = played(finding(), exchanges=(msgspec.structs.replace(exchange, outcome=answered),))
    assert "(97500 more characters)" in page_of(spec, record(sent)).text


def test_specs_that_differ_from_the_run_are_a_limit(spec, record, played):
    assert "other specs than the run" in page_of(spec, record(played(), specs="older")).text


@pytest.mark.parametrize("text", ['"\x00' * 2500, "an ordinary sentence " * 20])
def test_a_page_of_five_thousand_exchanges_stays_small(spec, record, played, text):
    exchange = hostile_exchange(text)
    many = [
        played(
            *(finding(requirement=r.id, observed=f"{n} {text}") for r in spec.requirements),
            identifier=f"s{n}",
            exchanges=(exchange,) * 10,
        )
        for n in range(500)
    ]
    whole = record(*many)
    html = render_html(spec, whole, summarise(spec, whole))
    assert len(html.encode()) < 8_000_000


@pytest.mark.parametrize(
    ("findings", "expires", "state"),
    [
        ((finding(),), date(2999, 1, 1), "observed"),
        ((), date(2999, 1, 1), "not observed"),
        ((finding(),), date(2020, 1, 1), "expired"),
    ],
)
def test_accepted_deviations_are_listed_with_owner_expiry_and_state(
    findings, expires, state, spec, record, played
):
    known = AcceptedDeviation(requirement=RULE, reason="Until May.", owner="Ann", expires=expires)
    text = page_of(spec, record(played(*findings), deviations=(known,))).text
    assert f"{RULE} {state} Ann 1 Jan {expires.year} Until May." in text


def test_more_requests_than_planned_are_explained(spec, record, played):
    text = page_of(spec, record(played(), played(identifier="c1"), planned_scenarios=1)).text
    assert "Requests 2 sent, 2 planned Scenarios 2 sent, 1 planned; the others determined " in text


def test_bars_of_the_trend_have_their_dates(spec, record):
    made = record()
    summary = summarise(spec, made)
    page = render_html(spec, made, summary, runs=(past_run(summary),) * 2)
    assert page.count('<li title="1 May 2024, 12:00 UTC">') == 2


def test_the_first_screen_excepts_accepted_deviations(spec, record, played):
    text = page_of(spec, record(played(finding("KNOWN")))).text
    assert "No binding requirement is violated, except as accepted." in text


def test_changes_since_an_earlier_run_are_listed(spec, record, played, all_goals_pass):
    now = record(played(finding()))
    before = summarise(spec, record(played(*all_goals_pass)))
    summary = summarise(spec, now)
    html = render_html(spec, now, summary, changes_between(before, summary))
    text = Page(html).text
    assert "What changed since the previous run" in text
    assert "broken PASS FAIL A refund must not exceed the captured amount." in text
    assert "What changed" not in page_of(spec, now).text


def test_many_changes_are_folded(spec, record, played, all_goals_pass):
    now = record(played(finding()))
    summary = summarise(spec, now)
    few = changes_between(summarise(spec, record(played(*all_goals_pass))), summary)
    many = msgspec.structs.replace(few, changes=few.changes[:1] * 21)
    folded = "<summary>21 requirements have another verdict or cause</summary>"
    assert folded in render_html(spec, now, summary, many)
    assert "have another verdict or cause" not in render_html(spec, now, summary, few)


def test_the_number_of_detected_mutants_is_shown(spec, record, played):
    assert "12 wrong servers" in page_of(spec, record(played(), proofs={RULE: 12})).text


def test_a_requirement_links_to_its_section_of_the_documentation(spec, record, played):
    links = page_of(spec, record(played())).links
    assert "https://docs.example/#:~:text=Refund%20a%20captured%20order%20amount" in links


def test_an_expired_acceptance_is_said_first_and_at_its_violation(spec, record, played):
    known = AcceptedDeviation(
        requirement=RULE, reason="Until May.", owner="Ann", expires=date(2020, 1, 1)
    )
    text = page_of(spec, record(played(finding()), deviations=(known,))).text
    said = f"The acceptance of {RULE} expired on 1 Jan 2020 (owner: Ann)."
    at_violation = "No longer accepted: the acceptance by Ann expired on 1 Jan 2020: Until May."
    assert 0 < text.find(said) < text.find(at_violation)
