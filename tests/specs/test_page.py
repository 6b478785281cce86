import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import klarna_specs
from klarna_specs.loader import load
from klarna_specs.page import Claim, Drift, IndexedSection, PageIndex, Section, drift, read_page

SPECS = Path(klarna_specs.__file__).parent
SHOP = """\
# Socks

## Buy socks

A basket holds *at most* ten pairs. Each pair has a [colour](https://one.example/colours).

``` json
{"pairs": 3, "currency": "usd"}
```

### Answer

The shop answers `201`.

## Return socks

- Worn socks are not taken back.
- Return them within a week.
  Keep the receipt.

### Answer

The shop answers `204`.
"""


def _yaml(name: str) -> Any:
    return yaml.safe_load((SPECS / name).read_text(encoding="utf-8"))


def _index() -> PageIndex:
    return msgspec.convert(_yaml("page.yaml"), PageIndex)


def _claims() -> list[tuple[str, Claim]]:
    return [(s.title, c) for s in _index().sections for c in s.statements]


def _claimed() -> set[str]:
    return {identifier for _, claim in _claims() for identifier in claim.claimed_by}


def _entries(name: str) -> list[dict[str, Any]]:
    return _yaml(f"{name}.yaml")[name]


def _texts(sections: tuple[Section, ...], title: str) -> list[str]:
    return [s.text for section in sections if section.title == title for s in section.statements]


def _indexed(markdown: str, claims: dict[str, tuple[str, ...]]) -> PageIndex:
    """The index of a page whose statements, found by a word in them, are claimed by ids."""
    return PageIndex(
        sections=tuple(
            IndexedSection(
                title=section.title,
                fingerprint=section.fingerprint,
                statements=tuple(
                    Claim(
                        fingerprint=statement.fingerprint,
                        gist="",
                        claimed_by=tuple(
                            i for word, ids in claims.items() for i in ids if word in statement.text
                        ),
                    )
                    for statement in section.statements
                ),
            )
            for section in read_page(markdown)
        )
    )


SHOP_INDEX = _indexed(
    SHOP,
    {
        "basket": ("buy.at-most-ten",),
        "colour": ("buy.colour", "untested.colour-seen"),
        "usd": ("buy.sample", "contradiction.currency"),
        "201": ("buy.status",),
        "Worn": ("return.unworn",),
        "week": ("return.in-time",),
        "204": ("return.status",),
    },
)


def _drift(old: str, new: str) -> Drift:
    changed = SHOP.replace(old, new)
    assert changed != SHOP
    return drift(SHOP_INDEX, read_page(changed))


def test_page_reads_as_sentences_items_and_samples() -> None:
    sections = read_page(SHOP)
    assert _texts(sections, "Buy socks") == [
        "A basket holds *at most* ten pairs.",
        "Each pair has a colour.",
        '{"pairs": 3, "currency": "usd"}\n',
    ]
    assert _texts(sections, "Return socks") == [
        "Worn socks are not taken back.",
        "Return them within a week.",
        "Keep the receipt.",
    ]


def test_sections_with_the_same_title_differ_by_path() -> None:
    assert [section.title for section in read_page(SHOP)] == [
        "Socks",
        "Buy socks",
        "Buy socks > Answer",
        "Return socks",
        "Return socks > Answer",
    ]


def test_recurring_title_follows_the_previous_heading_of_its_level() -> None:
    page = "## Wash\n### Step 1\n### Answer\n### Error\n### Step 2\n### Answer\n### Error\n## Dry\n"
    assert [section.title for section in read_page(page)] == [
        "Wash",
        "Wash > Step 1",
        "Wash > Step 1 > Answer",
        "Wash > Step 1 > Error",
        "Wash > Step 2",
        "Wash > Step 2 > Answer",
        "Wash > Step 2 > Error",
        "Dry",
    ]


def test_sections_of_one_path_are_numbered() -> None:
    titles = [section.title for section in read_page("## Wash\n### Hot\n### Hot\n")]
    assert titles == ["Wash", "Wash > Hot", "Wash > Hot (2)"]


def test_sentence_set_as_a_heading_is_a_statement() -> None:
    sections = read_page("# Socks\n\n## Learn to knit.\n\nKnit.\n")
    assert [section.title for section in sections] == ["Socks"]
    assert _texts(sections, "Socks") == ["Learn to knit.", "Knit."]


def test_abbreviation_does_not_end_a_sentence() -> None:
    texts = _texts(read_page("## Wash\n\nUse soap, e.g. Ours. Rinse.\n"), "Wash")
    assert texts == ["Use soap, e.g. Ours.", "Rinse."]


def test_diagram_is_one_statement_and_its_hashes_are_no_headings() -> None:
    page = "## Wash\n\n{{#mermaid:\nA ->> B: soak. rinse\n# dry\n}}\n\nDone.\n"
    sections = read_page(page)
    assert [section.title for section in sections] == ["Wash"]
    assert len(sections[0].statements) == 2


def test_rows_of_a_table_are_statements_and_its_rule_is_none() -> None:
    page = "## Sizes\n\n| size | feet |\n|---|---|\n| S | small |\n| L | large |\n"
    assert len(read_page(page)[0].statements) == 3


def test_sample_that_is_never_closed_does_not_hide_the_rest() -> None:
    titles = [section.title for section in read_page("## Wash\n``` json\n{}\n## Dry\n")]
    assert titles == ["Wash", "Dry"]


def test_note_on_where_a_copy_is_from_does_not_matter() -> None:
    assert read_page("# Source: https://socks.example\n\n" + SHOP) == read_page(SHOP)


def test_fingerprint_is_twelve_hexadecimal_digits() -> None:
    sections = read_page(SHOP)
    fingerprints = [s.fingerprint for section in sections for s in (section, *section.statements)]
    assert len(fingerprints) == 13
    assert all(len(f) == 12 and int(f, 16) >= 0 for f in fingerprints)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*at most*", "**at most**"),
        ("*at most*", "_at most_"),
        ("*at most*", "`at most`"),
        ("*at most*", "At Most"),
        ("A basket holds *at most*", "A  basket\nholds *at most*"),
        ("https://one.example/colours", "https://two.example"),
        ("[colour](https://one.example/colours)", "colour"),
        ('{"pairs": 3, "currency": "usd"}', '{\n  "pairs": 3,\n  "currency": "usd"\n}'),
        ("``` json", "```"),
        ("\n", "\r\n"),
        ("- Worn", "* Worn"),
        ("- Worn", "1. Worn"),
        ("taken back.", "taken back"),
        ("within a week", "within a week \N{REGIONAL INDICATOR SYMBOL LETTER S}"),
        ("The shop", "\N{ZERO WIDTH SPACE}The shop"),
        ("### Answer", "### Answer\n\n---"),
    ],
)
def test_change_of_formatting_is_no_drift(old: str, new: str) -> None:
    assert _drift(old, new).sections == ()


@pytest.mark.parametrize("apostrophe", ["'", "\u2019", "\u00e2\u20ac\u2122"])
def test_apostrophe_is_the_same_however_it_is_encoded(apostrophe: str) -> None:
    page = f"## Wash\n\nIt is the owner{apostrophe}s duty.\n"
    assert (
        read_page(page)[0].fingerprint
        == read_page("## Wash\n\nIt is the owners duty.")[0].fingerprint
    )


def test_order_of_statements_is_formatting() -> None:
    one, two = (
        "- Worn socks are not taken back.\n",
        "- Return them within a week.\n  Keep the receipt.\n",
    )
    assert _drift(one + two, two + one).sections == ()


def test_words_with_underscores_keep_them() -> None:
    plain, joined = (
        read_page(f"## A\n\nGive the {name}.\n")[0] for name in ("order id", "order_id")
    )
    assert plain.fingerprint != joined.fingerprint


def test_case_of_a_sample_matters() -> None:
    assert _drift('"usd"', '"USD"').touched == ("buy.sample", "contradiction.currency")


def test_removed_statement_touches_only_ids_that_rest_on_it() -> None:
    found = _drift(" Each pair has a [colour](https://one.example/colours).", "")
    assert [(section.title, section.change) for section in found.sections] == [
        ("Buy socks", "changed")
    ]
    assert found.sections[0].added == ()
    assert found.touched == ("buy.colour", "untested.colour-seen")
    assert found.read_again == ()


def test_added_statement_lists_the_ids_of_its_section_for_review() -> None:
    found = _drift("- Return", "- Nor are single socks.\n- Return")
    assert [s.text for s in found.sections[0].added] == ["Nor are single socks."]
    assert found.sections[0].removed == ()
    assert found.touched == ()
    assert found.read_again == ("return.unworn", "return.in-time")


def test_reworded_statement_touches_its_own_and_names_the_others() -> None:
    found = _drift("at most* ten", "at most* twelve")
    assert len(found.sections[0].removed) == len(found.sections[0].added) == 1
    assert found.touched == ("buy.at-most-ten",)
    assert found.read_again == (
        "buy.colour",
        "untested.colour-seen",
        "buy.sample",
        "contradiction.currency",
    )


def test_one_of_two_sections_of_a_title_changes_alone() -> None:
    found = _drift("`204`", "`200`")
    assert [section.title for section in found.sections] == ["Return socks > Answer"]
    assert found.touched == ("return.status",)


def test_removed_section_touches_all_its_ids() -> None:
    found = drift(SHOP_INDEX, read_page(SHOP.partition("## Return socks")[0]))
    assert [(section.title, section.change) for section in found.sections] == [
        ("Return socks", "removed"),
        ("Return socks > Answer", "removed"),
    ]
    assert found.touched == ("return.unworn", "return.in-time", "return.status")


def test_added_section_is_reported_with_its_statements() -> None:
    found = drift(SHOP_INDEX, read_page(SHOP + "\n## Darn socks\n\nDarning is free.\n"))
    (section,) = found.sections
    assert (section.title, section.change) == ("Darn socks", "added")
    assert [statement.text for statement in section.added] == ["Darning is free."]
    assert (found.touched, found.read_again) == ((), ())


def test_moved_statement_touches_its_ids() -> None:
    sentence = "- Worn socks are not taken back.\n"
    page = SHOP.replace(sentence, "").replace("# Socks\n", "# Socks\n\n" + sentence)
    found = drift(SHOP_INDEX, read_page(page))
    assert [section.title for section in found.sections] == ["Socks", "Return socks"]
    assert found.touched == ("return.unworn",)


def test_touched_id_is_not_listed_for_review() -> None:
    page = "## A\n\nOne.\n\n## B\n\nTwo.\n"
    index = _indexed(page, {"One": ("x",), "Two": ("x",)})
    found = drift(index, read_page("## A\n\nOne. More.\n\n## B\n\nThree.\n"))
    assert (found.touched, found.read_again) == (("x",), ())


@pytest.mark.parametrize(
    ("heading", "titles"),
    [
        ("Buy socks", ("Buy socks",)),
        ("Answer", ("Buy socks > Answer", "Return socks > Answer")),
        ("Return socks > Answer", ("Return socks > Answer",)),
        ("socks", ()),
        ("Sell socks", ()),
    ],
)
def test_heading_names_its_sections(heading: str, titles: tuple[str, ...]) -> None:
    assert SHOP_INDEX.titles(heading) == titles


def test_every_section_that_is_cited_is_on_the_page() -> None:
    spec = load()
    citing = (*spec.requirements, *spec.contradictions, *spec.untested)
    cited = {entry.section for entry in citing if entry.section}
    assert len(cited) > 5
    assert {section for section in cited if not _index().titles(section)} == set()


def test_every_id_that_claims_a_statement_exists() -> None:
    spec = load()
    known = {entry.id for entry in (*spec.requirements, *spec.contradictions, *spec.untested)}
    assert _claimed() - known == set()


def test_every_statement_is_claimed_or_states_nothing() -> None:
    undecided = [
        (title, claim.gist)
        for title, claim in _claims()
        if bool(claim.claimed_by) == bool(claim.states_nothing)
    ]
    assert undecided == []


def test_every_contradiction_is_claimed_by_a_statement() -> None:
    assert {entry["id"] for entry in _entries("contradictions")} - _claimed() == set()


def test_every_untested_entry_is_claimed_by_a_statement() -> None:
    assert {entry["id"] for entry in _entries("untested")} - _claimed() == set()


def test_every_requirement_of_the_page_is_claimed_by_a_statement() -> None:
    spec = load()
    resting = {
        requirement.id
        for requirement in spec.requirements
        if requirement.source == "page"
        and (spec.operations[requirement.operation].on_page or requirement.level == "MUST")
    }
    assert len(resting) > 40
    assert resting - _claimed() == set()


def test_index_has_each_section_and_each_of_its_statements_once() -> None:
    sections = _index().sections
    assert len({section.title for section in sections}) == len(sections)
    for section in sections:
        assert len({c.fingerprint for c in section.statements}) == len(section.statements)


def test_fingerprint_of_a_section_is_that_of_its_statements() -> None:
    for section in _index().sections:
        joined = " ".join(sorted(claim.fingerprint for claim in section.statements))
        assert section.fingerprint == hashlib.sha256(joined.encode()).hexdigest()[:12]


def test_statement_that_recurs_is_claimed_everywhere_or_nowhere() -> None:
    reasons: dict[str, set[bool]] = {}
    for _, claim in _claims():
        reasons.setdefault(claim.fingerprint, set()).add(bool(claim.claimed_by))
    assert [f for f, claimed in reasons.items() if len(claimed) > 1] == []


def test_gists_are_at_most_fifteen_words() -> None:
    assert [claim.gist for _, claim in _claims() if not 0 < len(claim.gist.split()) <= 15] == []


def test_every_untested_entry_says_what_and_why() -> None:
    for entry in _entries("untested"):
        assert set(entry) == {"id", "section", "statement", "reason"}
        assert entry["id"].startswith("untested.")
        assert all(entry.values())
