"""axe-core finds no violation, on screens of two widths, in light, dark and print."""

import pytest

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "print": {"media": "print"},
}


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": WCAG, "resultTypes": ["violations"]}  # nothing is said of what passes
    found = Axe().run(page, options=options).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["varied", "conformant", "empty"])
def test_a_page_has_no_violation(kind, width, request, opened):
    page = opened(request.getfixturevalue(kind), width=width)
    for look, media in LOOKS.items():
        page.emulate_media(**media)
        assert (look, violations(page)) == (look, [])


@pytest.mark.parametrize("look", ["light", "dark"])
def test_selected_and_unfolded_parts_have_no_violation(look, varied, opened):
    page = opened(varied, anchor="#explore?verdict=FAIL&x=s2.2")
    page.emulate_media(**LOOKS[look])
    page.wait_for_selector("#x-detail h3")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert violations(page) == []


def test_the_check_finds_a_violation_where_there_is_one(conformant, opened):
    page = opened(conformant)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [name for name, _ in violations(page)] == ["html-has-lang"]


@pytest.mark.parametrize("kind", ["varied", "conformant", "empty"])
def test_a_page_is_not_wider_than_a_phone(kind, request, opened):
    page = opened(request.getfixturevalue(kind), width=390)
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


@pytest.mark.parametrize(
    ("media", "width", "table"),
    [("screen", 390, ".counts"), ("print", 688, ".matrix"), ("print", 688, ".heat")],
)  # 688 pixels are the width of A4 without its margins
def test_a_table_is_not_cut_off(media, width, table, varied, opened):
    page = opened(varied, width=width)
    page.emulate_media(media=media)
    sizes = (
        page.locator(table).locator("..").evaluate("(box) => [box.scrollWidth, box.clientWidth]")
    )
    assert sizes[0] <= sizes[1]


def test_a_table_that_is_wider_than_a_phone_says_that_it_scrolls(varied, opened):
    page = opened(varied, width=390)
    cue = "(box) => getComputedStyle(box, '::before').content"
    for table in (".matrix", ".heat", ".latency"):
        assert "Scroll sideways" in page.locator(table).first.locator("..").evaluate(cue)


def test_printed_text_has_one_size(varied, opened):
    page = opened(varied)
    page.emulate_media(media="print")
    size = "(each) => parseFloat(getComputedStyle(each).fontSize)"
    required, quiet = (
        page.locator(f".deviation {part}").first.evaluate(size) for part in (".required", ".quiet")
    )
    assert 0.85 * required < quiet <= required


def test_no_printed_heading_stands_above_nothing(varied, opened):
    page = opened(varied)
    page.emulate_media(media="print")
    hidden = page.evaluate(
        """[...document.querySelectorAll("h4")].filter((each) => each.offsetParent
        && each.nextElementSibling?.offsetParent === null).map((each) => each.textContent)"""
    )
    assert hidden == []


def test_dark_is_dark_and_light_is_light(varied, opened):
    page = opened(varied)
    shades = {}
    for look in ("light", "dark", "print"):
        page.emulate_media(**LOOKS[look])
        shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[look] = sum(int(part) for part in shade[4:-1].split(","))
    assert shades["dark"] < 150 < 700 < shades["light"] <= shades["print"]


def test_interactive_parts_are_not_printed(varied, opened):
    page = opened(varied)
    page.emulate_media(media="print")
    for selector in ("nav.sections", "#x-app", ".copy"):
        assert not page.locator(selector).first.is_visible()
    assert page.get_by_role("heading", name="NONCONFORMANT").is_visible()
    assert page.locator(".requirements .tally").first.is_visible()
