"""`drift`: what a newer copy of the documentation changes, and what rests on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from klarna_specs.page import read_page
from klarna_specs.page_html import markdown_of

from .conftest import Finished

Cli = Callable[..., Finished]
PAGE = """\
# Socks

## Buy socks

A basket holds at most ten pairs. Each pair has a colour.

- Red
- Blue

| size | feet |
|---|---|
| S | small |

``` json
{"pairs": 3}
```

## Return socks

Worn socks are not taken back.
"""
HTML = """\
<!doctype html><html><head><style>p {}</style></head><body><nav><p>Menu.</p></nav><main>
<h1>Socks</h1><h2>Buy <em>socks</em></h2>
<p>A basket holds <strong>at most</strong> ten pairs. Each pair has a <a href="#c">colour</a>.</p>
<ul><li><p>Red</p></li><li>Blue</li></ul>
<table><tr><th>size</th><th>feet</th></tr><tr><td>S</td><td>small</td></tr></table>
<pre><code>{"pairs": 3}
</code></pre>
<h2>Return socks</h2><p>Worn socks are
not taken back.</p></main><footer><p>Legal.</p></footer></body></html>
"""


@pytest.fixture
def drifted(cli: Cli, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Compares an edited page with the index of `PAGE`; answers exit code, JSON and text."""
    specs = tmp_path / "specs"
    specs.mkdir()
    claimed = {"ten": ["buy.ten"], "Blue": ["buy.blue"], "Worn": ["contradiction.worn"]}
    sections = [
        {
            "title": section.title,
            "fingerprint": section.fingerprint,
            "statements": [
                {
                    "fingerprint": each.fingerprint,
                    "gist": f"Gist of {each.text.strip()}",
                    "claimed_by": next((i for w, i in claimed.items() if w in each.text), []),
                }
                for each in section.statements
            ],
        }
        for section in read_page(PAGE)
    ]
    (specs / "page.yaml").write_text(yaml.safe_dump({"sections": sections}))

    def drift(page: str, name: str = "page.md") -> tuple[int, dict[str, Any], str]:
        (tmp_path / name).write_text(page)
        shown = cli("drift", name, "--specs", specs)
        printed = cli("drift", name, "--specs", specs, "--format", "json")
        assert shown.code == printed.code
        return shown.code, json.loads(printed.out), shown.out

    return drift


@pytest.mark.parametrize("page", [PAGE, HTML, markdown_of(HTML)], ids=["Markdown", "HTML", "read"])
def test_same_page_has_no_drift_in_any_form(
    drifted: Callable[..., tuple[int, dict[str, Any], str]], page: str
) -> None:
    code, found, shown = drifted(page)

    assert (code, found["sections"], shown) == (0, [], "No changes.\n")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("- Blue\n", "- Blue\n- Green\n", "  added item: Green"),
        ("- Blue\n", "", "  removed: Gist of Blue [buy.blue]"),
        ("| S | small |\n", "| S | small |\n| L | large |\n", "  added row: | L | large |"),
        ("most ten", "most twelve", "Now: A basket holds at most twelve pairs. [buy.ten]"),
        ('{"pairs": 3}', '{"pairs": 4}', 'Now: {"pairs": 4}'),
        ("Worn socks are not taken back.\n", "", "  removed: Gist of Worn socks"),
        ("## Return", "Nor is thread sold.\n\n## Return", "  added: Nor is thread sold."),
        ("## Return socks", "## Send socks back", "Return socks (removed)"),
    ],
    ids=["item", "removed item", "row", "reworded", "sample", "removed", "added", "section"],
)
def test_change_is_listed_with_what_rests_on_it(
    drifted: Callable[..., tuple[int, dict[str, Any], str]], old: str, new: str, line: str
) -> None:
    assert old in PAGE
    code, _, shown = drifted(PAGE.replace(old, new))

    assert (code, line in shown) == (1, True), shown


def test_moved_statement_names_both_sections(
    drifted: Callable[..., tuple[int, dict[str, Any], str]],
) -> None:
    sentence = "Worn socks are not taken back."
    code, found, shown = drifted(
        PAGE.replace(sentence, "").replace("- Red", f"{sentence}\n\n- Red")
    )
    (moved,) = found["moved"]

    assert (code, moved["from_section"], moved["to_section"]) == (1, "Return socks", "Buy socks")
    assert f"moved to Buy socks: Gist of {sentence} [contradiction.worn]" in shown
    assert found["touched"] == ["contradiction.worn"]


def test_new_market_has_to_be_read_with_the_rules_for_fees(cli: Cli, tmp_path: Path) -> None:
    """The page as the index has it cannot be made again; a page with one of its items can."""
    (tmp_path / "page.md").write_text(
        "## Refund with return fees\n\n### Conditions for charging fees\n\n- Austria\n- Japan\n"
    )
    finished = cli("drift", "page.md")
    fees = finished.out.partition("> Conditions for charging fees (changed)")[2].partition("(")[0]

    assert (finished.code, "added item: Japan" in fees) == (1, True)
    assert "added item: Austria" not in fees
    assert "removed: Greece allows the fee. [refund.fee-accepted, refund.fee-market]" in fees


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "drift needs a PAGE"),
        (("page.md", "--openapi", "page.md"), "drift needs a PAGE"),
        (("missing.md",), "missing.md cannot be read"),
        (("page.md",), "no statement of the documentation page"),
        (("latin.md",), "latin.md is not UTF-8"),
        (("--openapi", "page.md"), "is no OpenAPI document"),
        (("--openapi", "broken.json"), "is neither YAML nor JSON"),
    ],
)
def test_wrong_input_is_one_sentence(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "page.md").write_text("# Something else\n\nNothing.\n")
    (tmp_path / "latin.md").write_bytes(b"\xe4")
    (tmp_path / "broken.json").write_text('{"openapi": [')
    finished = cli("drift", *arguments)

    assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
    assert message in finished.err


@pytest.fixture
def described(cli: Cli, tmp_path: Path) -> Callable[..., Finished]:
    """Compares the specs with their own OpenAPI document, edited."""
    cli("openapi", "--format", "json", "--output", "own.json")
    document = json.loads((tmp_path / "own.json").read_text())

    def drift(edit: Callable[[Any], object] = lambda _: None, *options: str) -> Finished:
        edit(document)
        (tmp_path / "published.yaml").write_text(yaml.safe_dump(document))
        return cli("drift", "--openapi", "published.yaml", *options)

    return drift


def _refund(document: Any) -> Any:
    return document["components"]["schemas"]["refund_request_limits"]["properties"]


def _line(document: Any) -> Any:
    return document["components"]["schemas"]["order_line_limits"]["properties"]


def _operation(document: Any) -> Any:
    (path,) = [path for path in document["paths"] if path.endswith("/refunds")]
    return document["paths"][path]["post"]


@pytest.mark.parametrize("version", ["3.1", "3.0"])
def test_own_description_has_no_drift(cli: Cli, version: str) -> None:
    cli("openapi", "--version", version, "--output", "own.yaml")
    finished = cli("drift", "--openapi", "own.yaml")

    assert (finished.code, finished.out) == (0, "No changes.\n")


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            lambda d: _refund(d)["refunded_amount"].update(maximum=300_000_000),
            "changed: refundOrder, request refunded_amount maximum: 200000000 -> 300000000",
        ),
        (
            lambda d: _refund(d).update(reason={"type": "string", "maxLength": 10}),
            "added: refundOrder, request reason: nothing -> type string, maxLength 10",
        ),
        (
            lambda d: _refund(d).pop("description"),
            "removed: refundOrder, request description: type string, maxLength 255 -> nothing",
        ),
        (
            lambda d: _line(d)["type"]["enum"].append("donation"),
            "changed: refundOrder, request order_lines[].type enum: nothing -> donation",
        ),
        (
            lambda d: _operation(d)["responses"].update({"418": {"description": "no"}}),
            "added: refundOrder, status 418: nothing -> 418",
        ),
        (
            lambda d: _operation(d)["responses"].pop("201"),
            "removed: refundOrder, status 201: 201 -> nothing",
        ),
        (
            lambda d: d["components"]["schemas"]["order"]["properties"].pop("refunds"),
            "removed: getOrder, response 200 refunds",
        ),
        (
            lambda d: d["paths"].update(
                {"/ordermanagement/v1/orders/{id}/donate": {"post": {"responses": {}}}}
            ),
            "added: operation: nothing -> POST /ordermanagement/v1/orders/{}/donate",
        ),
        (
            lambda d: [d["paths"].pop(p) for p in [*d["paths"]] if p.endswith("/refunds")],
            "removed: refundOrder, operation",
        ),
    ],
    ids=[
        *("maximum", "new member", "removed member", "enumeration", "new status"),
        *("removed status", "response member", "new operation", "removed operation"),
    ],
)
def test_change_of_the_description_is_listed(
    described: Callable[..., Finished], edit: Callable[[Any], object], line: str
) -> None:
    finished = described(edit)

    assert (finished.code, line in finished.out) == (1, True), finished.out


def test_change_of_the_description_names_its_requirements(
    described: Callable[..., Finished],
) -> None:
    finished = described(
        lambda d: _refund(d)["reference"].update(maxLength=100), "--format", "json"
    )
    (change,) = json.loads(finished.out)

    assert (change["operation"], change["place"]) == ("refundOrder", "request reference maxLength")
    assert "refund.limits-kept" in change["touched"]


def test_additional_members_of_a_response_are_no_drift(
    described: Callable[..., Finished],
) -> None:
    finished = described(
        lambda d: d["components"]["schemas"]["order"]["properties"].update(x={"type": "string"})
    )

    assert finished.code == 0
