"""The generated pages of the documentation site are complete."""

import doctest
import json
import re
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from klarna_conformance.cli.main import _group  # pyright: ignore[reportPrivateUsage]
from klarna_conformance.cli.schema import published_schemas
from klarna_specs.loader import load

from .documented import DOCS, blocks

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from site_pages import FOR_TESTS, PACKAGES, known_names, linked, pages

PAGES = pages()
SPEC = load()
SERVERS = [
    requirement
    for operations in (SPEC.operations, SPEC.followed)
    for operation in operations.values()
    for requirement in operation.requirements
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_on_the_site(package: str) -> None:
    shown = re.findall(rf"^::: {package}\.(\w+)$", PAGES[f"python/{package}.md"], re.MULTILINE)
    assert sorted(shown) == sorted(import_module(package).__all__)


@pytest.mark.parametrize("module", FOR_TESTS)
def test_every_name_that_tests_import_is_on_the_site(module: str) -> None:
    shown = re.findall(
        rf"^::: {module}\.(\w+)$", PAGES["python/klarna_conformance.md"], re.MULTILINE
    )
    assert shown == import_module(module).__all__


def test_every_option_of_the_pytest_plugin_is_on_the_site(
    pytestconfig: pytest.Config,
) -> None:
    known = [name for name in vars(pytestconfig.option) if name.startswith("klarna_")]
    options = [f"| `--{name.replace('_', '-')}" for name in known]

    assert len(options) >= 6
    page = PAGES["python/klarna_conformance.md"]
    assert [each for each in (*options, "| `klarna_like`") if each not in page] == []


def test_options_before_the_command_are_on_the_site() -> None:
    flags = [flag for option in _group.params for flag in option.opts]
    rows = "".join(re.findall(r"^\| (`-.*?`) \|", PAGES["commands/index.md"], re.MULTILINE))

    assert "--no-defaults" in flags
    assert [flag for flag in flags if flag not in rows] == []


@pytest.mark.parametrize("name", _group.commands)
def test_every_command_has_a_page_with_its_options(name: str) -> None:
    options = [each for each in _group.commands[name].params if isinstance(each, click.Option)]
    flags = [flag for option in options for flag in (*option.opts, *option.secondary_opts)]
    rows = "".join(re.findall(r"^\| (`-.*?`) \|", PAGES[f"commands/{name}.md"], re.MULTILINE))

    assert f"({name}.md)" in PAGES["commands/index.md"]
    assert [flag for flag in flags if flag not in rows] == []


def test_every_kind_of_file_has_a_page_with_its_members() -> None:
    for name, schema in published_schemas(_group).items():
        types = (schema, *schema.get("$defs", {}).values())
        members = [member for each in types for member in each.get("properties", {})]
        page = PAGES[f"files/{name}.md"]
        assert [member for member in members if f"| `{member}` |" not in page] == []
        assert json.loads(PAGES[f"files/{name}.schema.json"])["$id"] == schema["$id"]


def test_every_requirement_has_a_page_that_says_it() -> None:
    for requirement in (*SERVERS, *SPEC.client_requirements):
        page = PAGES[f"requirements/{requirement.id}.md"]
        said = (f"# {requirement.id}\n", requirement.statement, f"| level | {requirement.level} |")
        assert [each for each in said if each not in page] == []


def test_the_page_of_a_requirement_shows_rule_goals_mutants_and_statements() -> None:
    page = PAGES["requirements/refund.within-captured-amount.md"]
    shown = (
        "request.refunded_amount <= left",
        "| `left` | `order.captured_amount - order.refunded_amount` |",
        "| `far-above` | `request.refunded_amount > 2 * order.order_amount` |",
        "| `bound-dropped` | A refund of any amount is accepted. |",
        "| Refund a captured order amount | ",
    )
    assert [each for each in shown if each not in page] == []


def test_a_profile_that_differs_is_on_the_page() -> None:
    assert "| `kustom` | NOT_APPLICABLE: " in PAGES["requirements/extension.accepted.md"]


def test_every_contradiction_and_untested_statement_is_on_the_site() -> None:
    contradictions, untested = (
        PAGES[f"requirements/{n}.md"] for n in ("contradictions", "untested")
    )
    assert [
        each.id for each in SPEC.contradictions if f"## {each.id}\n" not in contradictions
    ] == []
    assert [each.id for each in SPEC.untested if f"## {each.id}\n" not in untested] == []


def test_names_of_requirements_and_commands_lead_to_their_pages() -> None:
    known = known_names()
    assert {page.partition("#")[0] for page in known.values()} <= PAGES.keys()
    written = "See `refund.id-header`, `klarna-conformance run`, `this` and [`run`](ci.md)."
    assert linked(written, known) == (
        "See [`refund.id-header`](requirements/refund.id-header.md),"
        " [`klarna-conformance run`](commands/run.md), `this` and [`run`](ci.md)."
    )


def test_headings_and_fenced_code_have_no_links() -> None:
    text = "# About `refund.id-header`\n\n```text\n`refund.id-header`\n```\n"
    assert linked(text, known_names()) == text


@pytest.mark.parametrize("page", ["oracle"])
def test_the_examples_of_a_page_print_what_it_shows(page: str) -> None:
    (example,) = [
        b.text for b in blocks((DOCS / f"{page}.md").read_text("utf-8")) if b.kind == "pycon"
    ]
    parsed = doctest.DocTestParser().get_doctest(example, {}, page, None, None)
    assert doctest.DocTestRunner().run(parsed) == (0, 7)


def test_links_out_of_the_folder_lead_to_what_the_site_shows() -> None:
    text = "[a](../examples/pool.yaml) [b](../conformance/x/schemas/target.schema.json)"
    assert linked(text, {}) == "[a](examples.md#examplespoolyaml) [b](files/target.schema.json)"


def test_all_pictures_together_are_small() -> None:
    assert sum(path.stat().st_size for path in (DOCS / "images").iterdir()) < 400_000


def test_every_page_has_a_place_in_the_navigation() -> None:
    navigation = (DOCS.parent / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    assert [each.name for each in DOCS.glob("*.md") if f" {each.name}\n" not in navigation] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_column_of_a_table_has_a_name(page: Path) -> None:
    heads = re.findall(r"^(\|.*\|)\n\|[-:| ]+\|$", page.read_text("utf-8"), re.MULTILINE)
    assert [head for head in heads if re.search(r"\|\s*\|", head)] == []
