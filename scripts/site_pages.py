"""The generated pages of the documentation site, as Markdown by path.

They describe commands, requirements, files and the Python API from the code and the specs, so that
the site cannot disagree with them. `site_build.py` adds them to MkDocs.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
import pytest
from site_markdown import cell, code, fence, joined, slug, table
from site_requirements import requirement_pages

from klarna_conformance.cli.main import _group  # pyright: ignore[reportPrivateUsage]
from klarna_conformance.cli.schema import published_schemas
from klarna_conformance.pytest_plugin import pytest_addoption
from klarna_specs.loader import load

__all__ = ["FOR_TESTS", "PACKAGES", "known_names", "linked", "pages"]

ROOT = Path(__file__).parents[1]
PACKAGES = ("klarna_specs", "klarna_strategies", "klarna_reports")
FOR_TESTS = ("klarna_conformance.testing", "klarna_conformance.reproducing")
"""The modules that tests of users import from."""


def pages() -> dict[str, str]:
    """Every generated page, by its path in the site."""
    spec = load()
    return {
        **dict(_command_pages()),
        **dict(requirement_pages(spec)),
        **dict(_file_pages()),
        **{f"python/{package}.md": _package(package) for package in PACKAGES},
        "python/klarna_conformance.md": _for_tests(),
        "examples.md": _examples(),
        "architecture.md": _of_repository("ARCHITECTURE.md"),
        "changelog.md": _of_repository("CHANGELOG.md"),
    }


def known_names() -> dict[str, str]:
    """The pages of requirements, contradictions and commands, by the names that texts give them."""
    spec = load()
    servers = (
        r
        for each in (spec.operations, spec.followed)
        for o in each.values()
        for r in o.requirements
    )
    return {
        **{f"klarna-conformance {name}": f"commands/{name}.md" for name in _group.commands},
        **{r.id: f"requirements/{r.id}.md" for r in (*servers, *spec.client_requirements)},
        **{
            each.id: f"requirements/contradictions.md#{slug(each.id)}"
            for each in spec.contradictions
        },
    }


def linked(text: str, known: Mapping[str, str]) -> str:
    """The text of a page in `docs` with links to generated pages.

    A code span that is a known name leads to its page, and a link to a file outside of `docs` to
    where the site shows that file. Headings, fenced code and other links stay.
    """

    def link(found: re.Match[str]) -> str:
        if outside := found["outside"]:
            return f"]({_shown(outside)})"
        page = known.get(found["name"] or "")
        return f"[`{found['name']}`]({page})" if page else found[0]

    return _LINKABLE.sub(link, text)


_LINKABLE = re.compile(
    r"""^([ ]*)```.*?^\1```          # fenced code
    | ^\#[^\n]*                     # a heading
    | \[[^]]*\]\((?!\.\./)[^)]*\)   # a link inside of docs, or to another site
    | \]\(\.\./(?P<outside>[^)]+)\)
    | `(?P<name>[^`\n]+)`""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


def _shown(path: str) -> str:
    """Where the site shows a file of the repository."""
    if path.startswith("examples"):
        return "examples.md" + (f"#{slug(path)}" if "/" in path else "")
    if path.endswith(".schema.json"):
        return f"files/{path.rsplit('/', 1)[1]}"
    return f"../{path}"


# Commands


def _command_pages() -> Iterator[tuple[str, str]]:
    context = click.Context(_group, info_name="klarna-conformance", **_group.context_settings)
    rows = [
        (f"[`{name}`]({name}.md)", command.get_short_help_str(200))
        for name, command in sorted(_group.commands.items())
    ]
    parts = ["# Commands", _help(_group), table(("command", "what it does"), rows)]
    yield "commands/index.md", joined(*parts, _options(_group, context))
    for name, command in _group.commands.items():
        inner = click.Context(command, info_name=name, parent=context)
        usage = command.get_usage(inner).removeprefix("Usage: ")
        text = joined(f"# {name}", _help(command), fence("text", usage), _options(command, inner))
        yield f"commands/{name}.md", text


def _help(command: click.Command) -> str:
    """The help as Markdown; what click does not wrap is a block."""
    text = re.sub(r"\(docs/([\w-]+\.md)\)", r"([\1](../\1))", inspect.cleandoc(command.help or ""))
    blocks = [
        fence("text", block.removeprefix("\b\n")) if block.startswith("\b") else block
        for block in text.split("\n\n")
    ]
    return joined(*blocks)


def _options(command: click.Command, context: click.Context) -> str:
    rows: list[tuple[str, str]] = []
    for option in command.get_params(context):
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            names, text = record
            text = re.sub(r"\bdocs/([\w-]+\.md)", r"[\1](../\1)", cell(text))
            rows.append((", ".join(f"`{name}`" for name in names.split(", ")), text))
    return joined("## Options", table(("option", "meaning"), rows))


# Files


_GUIDES = {
    "target": "target-file.md",
    "pool": "target-file.md#order-provisioners",
    "deviations": "deviations.md",
    "counterexample": "report.md",
    "client-counterexample": "client-certification.md#replaying-a-counterexample",
    "profile": "profiles.md",
    "run": "report.md",
    "comparison": "compare.md",
    "adapter": "client-certification.md#the-adapter",
    "defaults": "defaults.md",
}
"""The page about the use of each kind of file; the others are spec files."""


def _file_pages() -> Iterator[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, schema in published_schemas(_group).items():
        title = schema["title"].removesuffix(" of klarna-conformance")
        rows.append((f"[`{name}`]({name}.md)", title))
        yield f"files/{name}.schema.json", json.dumps(schema, indent=2) + "\n"
        yield f"files/{name}.md", _schema_page(name, title, schema)
    text = (
        "The files that commands read and write, with their members, from the types that read them."
    )
    yield "files/index.md", joined("# Files", text, table(("name", "file"), rows))


def _schema_page(name: str, title: str, schema: dict[str, Any]) -> str:
    guide = _GUIDES.get(name, "own-rules.md")
    links = (
        f"[{guide.partition('#')[0]}](../{guide}) describes its use. The JSON Schema, for editors "
        f"and programs: [{name}.schema.json]({name}.schema.json)."
    )
    parts = [
        part
        for title, type_ in schema.get("$defs", {}).items()
        for part in (f"## {title.strip('_')}", type_.get("description", ""), _members(type_))
    ]
    return joined(f"# {title}", links, _members(schema), *parts)


def _members(schema: dict[str, Any]) -> str:
    members = schema.get("properties", {})
    if not members:
        kinds = {"anyOf", "enum", "oneOf", "additionalProperties", "items"}
        return "" if kinds.isdisjoint(schema) else _type(schema)
    required = schema.get("required", ())
    rows = [
        (
            f"`{name}`",
            _type(each),
            "required" if name in required else _default(each),
            cell(each.get("description", "")),
        )
        for name, each in members.items()
    ]
    head = ("member", "type", "default", "meaning")
    columns = 4 if any(row[3] for row in rows) else 3
    return table(head[:columns], (row[:columns] for row in rows))


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1].strip("_")
        return f"[{name}](#{slug(name)})"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_type(each) for each in schema[word])
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items') or {})}"
        case "object" if isinstance(more := schema.get("additionalProperties"), dict):
            return f"{_type(more)} by name"
        case kind:
            words = ("minimum", "maximum", "pattern")
            bounds = [f"{word} `{schema[word]}`" for word in words if word in schema]
            return ", ".join([str(kind or "anything"), *bounds])


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else code(json.dumps(value))


# Python, and examples


def _package(package: str) -> str:
    """The public names; mkdocstrings renders their docstrings."""
    module = import_module(package)
    names = [f"::: {package}.{name}" for name in sorted(module.__all__, key=str.lower)]
    summary, example = (module.__doc__ or "").split(">>>", 1)
    return joined(f"# {package}", summary.strip(), fence("pycon", f">>>{example.rstrip()}"), *names)


def _for_tests() -> str:
    """What tests of users name: options of the pytest plugin, and names that they import."""
    rows: list[tuple[str, str]] = []

    class Options:  # what pytest gives a plugin, as far as ours uses it
        def getgroup(self, *_: str) -> "Options":
            return self

        def addoption(self, name: str, **words: str) -> None:
            rows.append((code(f"{name} {words.get('metavar', '')}".strip()), cell(words["help"])))

        def addini(self, name: str, text: str) -> None:
            rows.append((f"`{name}` (configuration)", cell(text)))

    pytest_addoption(cast("pytest.Parser", Options()))
    names = [
        f"::: {module}.{name}" for module in FOR_TESTS for name in import_module(module).__all__
    ]
    text = (
        "What tests of clients and servers use. [The pytest plugin](../pytest.md) describes the "
        "fixtures `klarna_mock`, a `KlarnaMock`, and `klarna_scenarios`, and "
        "[Schemathesis](../schemathesis.md) the module `klarna_conformance.hooks`."
    )
    heading = "## Options of pytest"
    return joined("# klarna_conformance", text, heading, table(("option", "meaning"), rows), *names)


def _examples() -> str:
    """The files in `examples/`, each under its name."""
    languages = {
        ".go": "go",
        ".java": "java",
        ".json": "json",
        ".mjs": "js",
        ".php": "php",
        ".py": "python",
        ".rb": "ruby",
        ".yaml": "yaml",
    }
    files = [path for path in sorted((ROOT / "examples").rglob("*")) if path.suffix in languages]
    parts = [
        part
        for path in files
        for part in (
            f"## {path.relative_to(ROOT).as_posix()}",
            fence(languages[path.suffix], path.read_text(encoding="utf-8").rstrip()),
        )
    ]
    return joined("# Examples", "The files in the folder `examples` of the repository.", *parts)


def _of_repository(name: str) -> str:
    """A file that stands at the top of the repository, where it links to `docs`."""
    return (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
