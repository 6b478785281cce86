"""The generated pages of the documentation site, as Markdown by path.

They describe commands, requirements, files and the Python API from the code and the specs, so that
the site cannot disagree with them. `site_build.py` adds them to MkDocs.
"""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from klarna_conformance.cli.main import _group
from klarna_conformance.cli.schema import published_schemas
from klarna_conformance.wrong.catalogue import mutants
from klarna_conformance.wrong.clients.catalogue import client_mutants
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import client_operations
from klarna_specs.goals import goals
from klarna_specs.loader import load, load_page_index
from klarna_specs.profiles import packaged_profiles
from klarna_specs.spec import ClientRequirement, Operation, Requirement, Spec

__all__ = ["PACKAGES", "known_names", "linked", "pages"]

ROOT = Path(__file__).parents[1]
PACKAGES = ("klarna_specs", "klarna_strategies", "klarna_reports")
Proof = tuple[str, str]
"""The id of a wrong server or client, and its defect."""


def pages() -> dict[str, str]:
    """Every generated page, by its path in the site."""
    spec = load()
    return {
        **dict(_command_pages()),
        **dict(_requirement_pages(spec)),
        **dict(_file_pages()),
        **{f"python/{package}.md": _package(package) for package in PACKAGES},
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
            each.id: f"requirements/contradictions.md#{_slug(each.id)}"
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
        return "examples.md" + (f"#{_slug(path)}" if "/" in path else "")
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
    parts = ["# Commands", _help(_group), _table(("command", "what it does"), rows)]
    yield "commands/index.md", _joined(*parts, _options(_group, context))
    for name, command in _group.commands.items():
        inner = click.Context(command, info_name=name, parent=context)
        usage = command.get_usage(inner).removeprefix("Usage: ")
        text = _joined(f"# {name}", _help(command), _fence("text", usage), _options(command, inner))
        yield f"commands/{name}.md", text


def _help(command: click.Command) -> str:
    """The help as Markdown; what click does not wrap is a block."""
    text = re.sub(r"\(docs/([\w-]+\.md)\)", r"([\1](../\1))", inspect.cleandoc(command.help or ""))
    blocks = [
        _fence("text", block.removeprefix("\b\n")) if block.startswith("\b") else block
        for block in text.split("\n\n")
    ]
    return _joined(*blocks)


def _options(command: click.Command, context: click.Context) -> str:
    rows: list[tuple[str, str]] = []
    for option in command.get_params(context):
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            names, text = record
            text = re.sub(r"\bdocs/([\w-]+\.md)", r"[\1](../\1)", _cell(text))
            rows.append((", ".join(f"`{name}`" for name in names.split(", ")), text))
    return _joined("## Options", _table(("option", "meaning"), rows))


# Requirements


def _requirement_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    claims = _claims()
    proofs = _proofs()
    profiles = [load(None, facts.name) for facts in packaged_profiles()]
    aspects: dict[str, list[str]] = {}
    for goal in goals(spec):
        aspects.setdefault(goal.requirement, []).append(goal.aspect)
    listed: list[str] = []
    for operation in (*spec.operations.values(), *spec.followed.values()):
        listed.append(_listing(operation.operation, operation.summary, operation.requirements))
        for requirement in operation.requirements:
            id_ = requirement.id
            parts = [
                *_server(spec, operation, requirement, aspects.get(id_, ())),
                _proven("servers", "mutants.yaml", proofs.get(id_, ())),
                _claimed(claims.get(id_, ())),
                _under_profiles(requirement, profiles),
                _test_it(operation.operation in spec.followed, id_),
            ]
            yield f"requirements/{id_}.md", _page(requirement, *parts)
    summary = (
        "What `klarna-conformance client` certifies, whatever the network does to the requests."
    )
    listed.append(_listing("Clients", summary, spec.client_requirements))
    for each in spec.client_requirements:
        parts = [*_client(spec, each), _proven("clients", "clients/", proofs.get(each.id, ()))]
        yield f"requirements/{each.id}.md", _page(each, *parts, _claimed(claims.get(each.id, ())))
    yield "requirements/index.md", _joined(_INTRODUCTION, *listed)
    yield "requirements/contradictions.md", _contradictions(spec)
    yield "requirements/untested.md", _untested(spec)


_INTRODUCTION = """# Requirements

Each requirement is one documented statement. A violated MUST fails a run, a violated SHOULD is a
warning, and INFO reports a choice that the documentation leaves open. The id is permanent, and so
is the address of its page, `requirements/<id>/`.

[Contradictions](contradictions.md) of the documentation, and documented statements that are
[not tested](untested.md), have pages of their own."""


def _listing(
    title: str, summary: str, requirements: Sequence[Requirement | ClientRequirement]
) -> str:
    rows = [(r.level, f"[`{r.id}`]({r.id}.md)", _cell(r.statement)) for r in requirements]
    return _joined(f"## {title}", summary, _table(("level", "requirement", "statement"), rows))


def _page(requirement: Requirement | ClientRequirement, *parts: str) -> str:
    return _joined(f"# {requirement.id}", f"**{requirement.statement}**", *parts)


def _server(
    spec: Spec, operation: Operation, requirement: Requirement, aspects: Sequence[str]
) -> Iterator[str]:
    call = f"[{operation.operation}](index.md#{_slug(operation.operation)})"
    facts = [
        ("level", requirement.level),
        ("operation", f"{call}: `{operation.method} {operation.path}`"),
        *_sources(spec, requirement),
    ]
    weaker = [
        (f"only {spec.sources[name].carries} if", f"`{condition}` ({spec.sources[name].title})")
        for name, condition in requirement.weaker.items()
    ]
    yield _table(_FACTS, [*facts, *weaker])
    yield "## How it is verified"
    expressions = [requirement.rule, requirement.when, requirement.silent]
    if requirement.rule:
        yield "The rule, in CEL:"
        yield _fence("text", requirement.rule)
        expected = operation.responses[requirement.otherwise or operation.success]
        codes = f" and the error code {_or(expected.error_code)}" if expected.error_code else ""
        status = _or(map(str, expected.status))
        response = f"the response `{requirement.otherwise or operation.success}`"
        yield f"Where it is false, {response} is expected: status {status}{codes}."
    if requirement.check:
        responses = f" on the responses {_or(requirement.upon)}" if requirement.upon else ""
        yield f"The check `{requirement.check}`{responses}."
    if requirement.when:
        yield f"It applies only when `{requirement.when}`."
    if requirement.silent:
        yield f"The documentation leaves it open when `{requirement.silent}`."
    if requirement.message:
        yield f"The documented sample of the refusal has the message “{requirement.message}”"
    if "clock" in requirement.needs:
        yield "It needs a target with an adjustable clock, as the mock has."
    expressions += requirement.cases.values()
    if terms := list(_terms(operation.terms, expressions)):
        yield "The terms in these expressions:"
        yield _table(("term", "value"), [(f"`{n}`", _code(text)) for n, text in terms])
    yield "## What must occur"
    if "traffic" in requirement.needs or not aspects:
        yield "Nothing: no run sends this. It is judged where it occurs in recorded traffic."
        return
    yield "A run passes this requirement only if each of these situations occurred in it:"
    cells = [f"`{aspect}`" for aspect in aspects if "=" in aspect]
    rows = [
        (f"`{aspect}`", _code(requirement.cases[aspect]) if aspect in requirement.cases else words)
        for aspect in aspects
        if (words := _ASPECTS.get(aspect, "")) or "=" not in aspect
    ]
    yield _table(("situation", "condition"), rows)
    if cells:
        yield f"and each of these markets or capture layouts: {', '.join(cells)}"


_FACTS = ("property", "value")
_ASPECTS = {
    "kept": "the rule is kept",
    "broken": "the rule is broken, and every other rule is kept",
    "seen": "a response that the check applies to",
}


def _terms(terms: Mapping[str, str], expressions: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The terms that expressions use, directly or through other terms."""
    used: set[str] = set()
    waiting = list(expressions)
    while waiting:
        words = set(re.findall(r"(?<![.\w])\w+", waiting.pop()))
        found = {name for name in terms if name in words} - used
        used |= found
        waiting += [terms[name] for name in found]
    return ((name, text) for name, text in terms.items() if name in used)


def _client(spec: Spec, requirement: ClientRequirement) -> Iterator[str]:
    operations = ", ".join(requirement.of or client_operations(spec))
    facts = [
        ("level", requirement.level),
        ("operations", f"[clients](index.md#clients) with {operations}"),
        *_sources(spec, requirement),
    ]
    yield _table(_FACTS, facts)
    yield "## How it is verified"
    yield f"The check `{requirement.check}`."
    if requirement.conditional:
        yield "It applies only to clients that do this at all; for others it is NOT_APPLICABLE."
    where = "also from traffic alone" if requirement.traffic else "only with the client's commands"
    yield f"It can be verified {where} ([judging clients by their traffic](../watching.md))."
    if requirement.cases:
        yield "## What must occur"
        if not requirement.cases.keys().isdisjoint(FAULT_KINDS):
            page = "../client-certification.md#scenarios-and-faults"
            yield f"A situation named like a [fault]({page}) is an attempt with that fault."
        rows = [(f"`{name}`", _cell(text)) for name, text in requirement.cases.items()]
        yield _table(("situation", "what it is"), rows)


def _sources(spec: Spec, requirement: Requirement | ClientRequirement) -> Iterator[tuple[str, str]]:
    source = spec.sources[requirement.source]
    link = f"[{source.title}]({source.address})" if source.address else source.title
    yield "source", link
    if requirement.section:
        yield "section", requirement.section


def _proofs() -> dict[str, list[Proof]]:
    """The wrong servers and clients that each requirement fails or warns for."""
    found: dict[str, list[Proof]] = {}
    for mutant in mutants():
        judged = (*mutant.fails.values(), *mutant.warns.values(), mutant.caught_by)
        for name in dict.fromkeys(name for names in judged for name in names):
            found.setdefault(name, []).append((mutant.id, mutant.description))
    for client in client_mutants():
        for name in client.caught_by:
            found.setdefault(name, []).append((client.id, client.description))
    return found


def _proven(kind: str, where: str, proofs: Sequence[Proof]) -> str:
    if not proofs:
        return ""
    rows = [(f"`{name}`", _cell(defect)) for name, defect in proofs]
    text = f"Wrong {kind} (`wrong/{where}`) for which it fails or warns:"
    return _joined("## Mutants that prove it", text, _table(("mutant", "defect"), rows))


def _claims() -> dict[str, list[tuple[str, str]]]:
    """The statements of the page that each id rests on: section and gist."""
    found: dict[str, list[tuple[str, str]]] = {}
    for section in load_page_index().sections:
        for claim in section.statements:
            for name in claim.claimed_by:
                found.setdefault(name, []).append((section.title, claim.gist))
    return found


def _claimed(claims: Sequence[tuple[str, str]]) -> str:
    if not claims:
        return ""
    text = "Statements of the documentation page that it covers, in our own words:"
    rows = [(_cell(section), _cell(gist)) for section, gist in claims]
    return _joined("## Where it is documented", text, _table(("section", "statement"), rows))


def _under_profiles(usual: Requirement, profiles: Iterable[Spec]) -> str:
    """What differs under the packaged profiles."""
    rows: list[tuple[str, str]] = []
    for spec in profiles:
        excused = {each.requirement.id: each.reason for each in spec.inapplicable}
        other = spec.requirement(usual.id)
        name = f"`{spec.profile.name}`"
        if usual.id in excused:
            rows.append((name, f"NOT_APPLICABLE: {_cell(excused[usual.id])}"))
        elif (other.level, other.statement) != (usual.level, usual.statement):
            rows.append((name, f"{other.level}: {_cell(other.statement)}"))
    return (
        _joined("## Under other profiles", _table(("profile", "requirement"), rows)) if rows else ""
    )


def _test_it(followed: bool, identifier: str) -> str:
    verb = "check traffic.har" if followed else "run sandbox.yaml"
    command = f"klarna-conformance {verb} --requirement {identifier}"
    return _joined("## Test it alone", _fence("sh", command))


def _contradictions(spec: Spec) -> str:
    text = """# Contradictions of the documentation

Where the documentation contradicts itself or other public material, no interpretation is a
violation. A run reports which one a server follows (INFO)."""
    parts = [
        part
        for each in spec.contradictions
        for part in (
            f"## {each.id}",
            f"{each.statement} Section: {each.section}.",
            _table(
                ("interpretation", "what says so"),
                [(f"`{n}`", _cell(text)) for n, text in each.readings.items()],
            ),
            each.unobserved,
        )
    ]
    return _joined(text, *parts)


def _untested(spec: Spec) -> str:
    text = "# Documented, but not tested\n\nStatements that no exchange with the API can show."
    parts = [
        _joined(f"## {each.id}", each.statement, f"Section: {each.section}. {each.reason}")
        for each in spec.untested
    ]
    return _joined(text, *parts)


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
    yield "files/index.md", _joined("# Files", text, _table(("name", "file"), rows))


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
    return _joined(f"# {title}", links, _members(schema), *parts)


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
            _cell(each.get("description", "")),
        )
        for name, each in members.items()
    ]
    head = ("member", "type", "default", "meaning")
    columns = 4 if any(row[3] for row in rows) else 3
    return _table(head[:columns], (row[:columns] for row in rows))


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1].strip("_")
        return f"[{name}](#{_slug(name)})"
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
    return "" if value in (None, "", [], {}) else _code(json.dumps(value))


# Python, and examples


def _package(package: str) -> str:
    """The public names; mkdocstrings renders their docstrings."""
    module = import_module(package)
    names = [f"::: {package}.{name}" for name in sorted(module.__all__, key=str.lower)]
    summary, example = (module.__doc__ or "").split(">>>", 1)
    return _joined(
        f"# {package}", summary.strip(), _fence("pycon", f">>>{example.rstrip()}"), *names
    )


def _examples() -> str:
    """The files in `examples/`, each under its name."""
    languages = {".json": "json", ".py": "python", ".mjs": "js", ".php": "php", ".yaml": "yaml"}
    files = [path for path in sorted((ROOT / "examples").rglob("*")) if path.suffix in languages]
    parts = [
        part
        for path in files
        for part in (
            f"## {path.relative_to(ROOT).as_posix()}",
            _fence(languages[path.suffix], path.read_text(encoding="utf-8").rstrip()),
        )
    ]
    return _joined("# Examples", "The files in the folder `examples` of the repository.", *parts)


def _of_repository(name: str) -> str:
    """A file that stands at the top of the repository, where it links to `docs`."""
    return (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")


# Markdown


def _slug(title: str) -> str:
    """The anchor that Python-Markdown gives a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _cell(text: str) -> str:
    """Text in one line that does not end a cell, nor start HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _code(text: str) -> str:
    """A code span for a cell."""
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def _or(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
