"""The page works, logs nothing, fetches nothing, and runs no code of a target."""

import json

import pytest

from klarna_reports.page.html import render_html
from klarna_reports.record.record import Finding, TargetFacts
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Exchange, Payload, Request, Response

HOSTILE = (
    "\"'></pre></script><script>window.ran = 1; alert(1)</script>"
    "<img src=https://evil.example/x onerror='window.ran = 1'><svg onload=alert(1)>"
    "javascript:alert(1) {{ 7*7 }} ${7*7} \u202e\x00"
)


@pytest.mark.parametrize("kind", ["varied", "conformant", "empty"])
def test_the_page_logs_nothing_and_fetches_nothing(kind, request, opened):
    page = opened(request.getfixturevalue(kind))
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.noise == []


def hostile_page(spec, record, played):
    headers = ((HOSTILE, HOSTILE), ("Location", "javascript:alert(1)"))
    exchange = Exchange(
        request=Request(
            method="POST", path="/" + HOSTILE, headers=headers, body=Payload(json.dumps(HOSTILE))
        ),
        outcome=Response(status=201, headers=headers, body=Payload(HOSTILE)),
    )
    findings = tuple(
        Finding(requirement=name, verdict="FAIL", exchange=0, expected=HOSTILE, observed=HOSTILE)
        for name in ("refund.within-captured-amount", HOSTILE)
    )
    sent = record(
        played(*findings, identifier=HOSTILE, exchanges=(exchange,), error=HOSTILE),
        target=TargetFacts(name=HOSTILE, base_url=HOSTILE, kind="http"),
        command=HOSTILE,
        run_id=HOSTILE,
    )
    return render_html(spec, sent, summarise(spec, sent))


def test_a_hostile_record_runs_no_script(spec, record, played, opened):
    page = opened(hostile_page(spec, record, played))
    page.locator("#x-window a").first.click()
    page.wait_for_selector("#x-detail h3")
    page.fill("#x-q", "<script>")
    page.locator("#x-count", has_text="1 of").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert "<script>window.ran = 1" in page.locator("#x-detail").inner_text()
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.noise == []


def test_the_policy_stops_a_script_that_is_not_the_pages_own(conformant, opened):
    injected = conformant.replace("<main", "<script>window.ran = 1</script><main", 1)
    page = opened(injected)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in page.noise)


COPIED = """(button) => new Promise((done) => {
  let pre = button;
  while (pre.tagName !== "PRE") pre = pre.nextElementSibling;
  new MutationObserver(async () => {
    const status = button.textContent;
    done([pre.textContent, await navigator.clipboard.readText(), status]);
  }).observe(button, { childList: true });
  button.click();
})"""


def test_copy_buttons_copy_the_block_below_them(varied, opened):
    page = opened(varied, permissions=["clipboard-read", "clipboard-write"])
    for button, start in zip(
        page.locator(".finding > .copy").all()[:2],
        ("klarna-conformance replay counterexamples/", "BASE_URL="),
        strict=True,
    ):
        shown, copied, status = button.evaluate(COPIED)
        assert copied == shown
        assert (copied.startswith(start), status) == (True, "Copied")


def test_the_page_can_be_read_without_javascript(varied, opened):
    page = opened(varied, java_script_enabled=False)
    assert page.get_by_role("heading", name="NONCONFORMANT").is_visible()
    assert page.get_by_role("heading", name="What matters most").is_visible()
    assert page.locator(".compared .observed").first.is_visible()
    page.get_by_text("Timeline: ").first.click()
    assert page.locator(".exchange").first.is_visible()
    page.locator("[id='o-refundOrder'] > summary").click()
    assert page.locator("[id='r-refund.within-captured-amount']").is_visible()
    assert "need JavaScript" in page.locator(".explore noscript").inner_text()
    assert not page.locator("#x-app").is_visible()
    assert page.locator("button:visible").count() == 0


def test_a_sequence_is_drawn_with_a_description(varied, opened):
    page = opened(varied)
    drawing = page.locator(".sequence svg").first
    assert drawing.get_attribute("role") == "img"
    assert "refundOrder, refunded 100.01: 201" in drawing.locator("title").text_content()
    assert drawing.bounding_box()["height"] > 150


def test_the_page_prints(varied, opened):
    page = opened(varied)
    assert page.pdf(format="A4").startswith(b"%PDF")


ALONE = "refund.within-captured-amount"
WARNED = '[id="deviation-WARN-refund.status"]'


@pytest.mark.parametrize("scripts", [True, False])
def test_the_address_of_a_failure_shows_it_alone(scripts, varied, opened):
    anchor = f"#deviation-FAIL-{ALONE}"
    page = opened(varied, anchor=anchor, java_script_enabled=scripts, ready="main")
    seen = page.locator(".deviation:visible")
    assert [seen.nth(n).get_attribute("id") for n in range(seen.count())] == [
        f"deviation-FAIL-{ALONE}"
    ]
    assert not page.locator("#requirements").is_visible()
    page.get_by_role("link", name="Show the whole report").click()
    assert page.locator("#requirements").is_visible()


def test_the_filter_shows_and_counts_what_matches(varied, opened):
    page = opened(varied)
    page.get_by_label("Filter").press_sequentially("captured amount")
    page.locator("#f-level").press("M")
    counted = page.get_by_role("status").filter(has_text="failures and")
    counted.wait_for()
    assert page.locator(f'[id="deviation-FAIL-{ALONE}"]').is_visible()
    assert not page.locator(WARNED).is_visible()
    address = page.url
    page.get_by_role("button", name="Show all").first.click()
    page.locator(WARNED).wait_for()

    again = opened(varied, anchor="#" + address.partition("#")[2])
    assert not again.locator(WARNED).is_visible()


def test_each_choice_of_the_filter_has_its_number_of_requirements(varied, opened):
    page = opened(varied)
    page.locator("#f-form").get_by_label("Operation").select_option("refundOrder")
    shown = page.locator(".requirements tbody tr:not([hidden])")
    for option in page.locator("#f-verdict option").all():
        name, number = option.text_content().removesuffix(")").split(" (")
        page.select_option("#f-verdict", name.replace(" ", "_").replace("all", ""))
        assert shown.count() == int(number)


def test_the_filter_is_not_printed(varied, opened):
    page = opened(varied)
    page.emulate_media(media="print")
    assert not page.locator("#f-form").is_visible()


def test_without_scripts_there_is_no_filter_and_nothing_is_hidden(varied, opened):
    page = opened(varied, java_script_enabled=False)
    assert not page.locator("#f-form").is_visible()
    assert page.locator(f'[id="deviation-FAIL-{ALONE}"]').is_visible()
