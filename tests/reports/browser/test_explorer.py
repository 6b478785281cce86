"""The explorer filters, searches, remembers its state in the address, and can be used by keys."""

import re

import msgspec
import pytest

from klarna_reports.page.html import render_html
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Payload, Response


def names(page):
    return page.locator("#x-window .x-name a").all_inner_texts()


def counted(page, count):
    page.locator("#x-count", has_text=re.compile(rf"^{count} of")).wait_for()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("operation=refundOrder", 9),
        ("operation=!refundOrder", 33),
        ("outcome=timeout", 1),
        ("verdict=FAIL", 4),
        ("requirement=refund.within-captured-amount", 3),
        ("requirement=refund.within-captured-amount&verdict=FAIL", 2),
        ("requirement=!refund.within-captured-amount", 39),
        ("market=SE", 42),
        ("market=!SE", 0),
        ("outcome=200&operation=!refundOrder&q=order-12", 3),
        ("q=order-12", 3),
        ("q=-order-12", 39),
        ("q=ORDER-12 s12.1", 1),
    ],
)
def test_a_link_opens_the_explorer_in_its_state(state, expected, varied, opened):
    page = opened(varied, anchor="#explore?" + state)
    counted(page, expected)
    assert page.locator("#x-count").inner_text() == f"{expected} of 42 exchanges"


def test_filters_change_the_list_and_the_address(varied, opened):
    page = opened(varied)
    page.select_option("#x-verdict", "FAIL")
    counted(page, 4)
    assert page.url.endswith("#explore?verdict=FAIL")
    page.check("#x-not-verdict")
    counted(page, 38)
    assert page.url.endswith("#explore?verdict=%21FAIL")
    page.fill("#x-q", "order-12")
    counted(page, 3)
    assert names(page) == ["s12.0", "s12.1", "s12.2"]
    page.click("#x-reset")
    counted(page, 42)
    assert page.url.endswith("#explore")


def test_each_choice_has_its_number_of_exchanges(varied, opened):
    page = opened(varied)
    for field in ("verdict", "operation", "outcome"):
        for option in page.locator(f"#x-{field} option[value]:not([value=''])").all()[:2]:
            value, text = option.get_attribute("value"), option.text_content()
            page.select_option(f"#x-{field}", value)
            counted(page, int(text.removeprefix(f"{value} (").removesuffix(")")))
        page.click("#x-reset")


def test_the_timeline_of_a_scenario_leads_to_its_other_exchanges(varied, opened):
    page = opened(varied, anchor="#explore?x=s12.1")
    page.get_by_text("Timeline of s12: 3 exchanges").click()
    links = page.locator(".x-timeline a")
    assert links.nth(1).get_attribute("aria-current") == "true"
    links.nth(2).click()
    page.wait_for_selector("#x-detail h3:text('s12, exchange 3')")
    assert links.nth(2).is_visible()


def test_the_address_of_a_state_opens_the_same_state_again(varied, opened):
    page = opened(varied)
    page.select_option("#x-outcome", "200")
    page.check("#x-not-outcome")
    counted(page, 9)
    page.fill("#x-q", "refunds -timeout")
    counted(page, 8)
    page.locator("#x-window a", has_text="s5.0").click()
    page.wait_for_selector("#x-detail h3")
    anchor = page.url[page.url.index("#") :]
    again = opened(varied, anchor=anchor)
    again.wait_for_selector("#x-detail h3")
    assert again.locator("#x-detail h3").inner_text() == "s5, exchange 1"
    assert again.locator("#x-outcome").input_value() == "200"
    assert again.is_checked("#x-not-outcome")
    assert names(again) == names(page)


def test_a_selected_exchange_shows_request_and_response(varied, opened):
    page = opened(varied, anchor="#explore?x=s2.2")
    page.wait_for_selector("#x-detail h3")
    text = page.locator("#x-detail").inner_text()
    assert "POST /ordermanagement/v1/orders/1/refunds" in text
    assert '"refunded_amount": 10001' in text
    assert "HTTP 201 after 250 ms" in text
    assert "expected a refusal with the status 403" in text
    page.get_by_role("button", name="← Earlier").click()
    page.locator("#x-detail h3", has_text="s2, exchange 2").wait_for()
    assert "No response: timeout" in page.locator("#x-detail").inner_text()


def test_links_of_the_evidence_lead_to_the_exchange(varied, opened):
    page = opened(varied)
    page.locator("[id='o-refundOrder'] > summary").click()
    row = page.locator("[id='r-refund.within-captured-amount']")
    row.locator("summary").click()
    row.get_by_role("link", name="s2, exchange 3").click()
    page.wait_for_selector("#x-detail h3")
    assert page.locator("#x-detail h3").inner_text() == "s2, exchange 3"
    assert page.locator("#x-detail").is_visible()


def test_a_link_to_a_finding_shows_it(varied, opened):
    anchor = re.search(r'href="(#finding-[0-9a-f]{12})"', varied)[1]
    page = opened(varied, anchor=anchor, ready=anchor)
    box = page.locator(anchor).bounding_box()
    assert 0 <= box["y"] < 800


def test_keys_move_through_the_list_and_choose(varied, opened):
    page = opened(varied)
    page.focus("#x-scroll")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == names(page)[1]
    page.keyboard.press("Enter")
    page.wait_for_selector("#x-detail h3")
    assert page.locator(".x-chosen a").inner_text() == focused
    for _ in range(8):
        page.keyboard.press("PageDown")
    assert page.evaluate("document.activeElement.textContent") == names(page)[-1]


def test_only_rows_in_sight_are_in_the_page(spec, record, played, opened):
    many = record(*(played(identifier=f"s{n}", steps=10) for n in range(300)))
    page = opened(render_html(spec, many, summarise(spec, many)))
    assert page.locator("#x-count").inner_text() == "3,000 of 3,000 exchanges"
    assert page.locator("#x-window .x-row").count() < 60
    page.evaluate("document.getElementById('x-scroll').scrollTop = 1e9")
    page.locator("#x-window a", has_text="s299.9").wait_for()
    assert page.locator("#x-window .x-row").count() < 60


def test_numbers_are_shown_as_received(spec, record, played, exchange, opened):
    body = Payload('{"a":1.00,"a":12345678901234567890,"b":[],"c":[{"d":"x:{,"}]}')
    answered = msgspec.structs.replace(exchange, outcome=Response(status=200, body=body))
    sent = record(played(exchanges=(answered,)))
    page = opened(render_html(spec, sent, summarise(spec, sent)), anchor="#explore?x=s1.0")
    page.wait_for_selector("#x-detail h3")
    text = page.locator("#x-detail pre").nth(1).inner_text()
    assert text.endswith(
        '{\n  "a": 1.00,\n  "a": 12345678901234567890,\n  "b": [],\n'
        '  "c": [\n    {\n      "d": "x:{,"\n    }\n  ]\n}'
    )
