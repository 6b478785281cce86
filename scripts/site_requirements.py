"""The generated pages of requirements, contradictions and untested statements."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from site_markdown import cell, code, either, fence, joined, slug, table

from klarna_conformance.wrong.catalogue import mutants
from klarna_conformance.wrong.clients.catalogue import client_mutants
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.requirements import client_operations
from klarna_specs.goals import goals
from klarna_specs.loader import load, load_page_index
from klarna_specs.profiles import packaged_profiles
from klarna_specs.spec import ClientRequirement, Operation, Requirement, Spec

__all__ = ["requirement_pages"]

Proof = tuple[str, str]
"""The id of a wrong server or client, and its defect."""


def requirement_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """A page for each requirement, and their lists."""
    claims = _claims()
    proofs = _proofs()
    profiles = [load(None, facts.name) for facts in packaged_profiles()]
    aspects: dict[str, list[str]] = {}
    for goal in goals(spec):
        aspects.setdefault(goal.requirement, []).append(goal.aspect)
    listed: list[str] = []
    for operation in spec.documented:
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
    yield "requirements/index.md", joined(_INTRODUCTION, *listed)
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
    rows = [(r.level, f"[`{r.id}`]({r.id}.md)", cell(r.statement)) for r in requirements]
    return joined(f"## {title}", summary, table(("level", "requirement", "statement"), rows))


def _page(requirement: Requirement | ClientRequirement, *parts: str) -> str:
    return joined(f"# {requirement.id}", f"**{requirement.statement}**", *parts)


def _server(
    spec: Spec, operation: Operation, requirement: Requirement, aspects: Sequence[str]
) -> Iterator[str]:
    call = f"[{operation.operation}](index.md#{slug(operation.operation)})"
    facts = [
        ("level", requirement.level),
        ("operation", f"{call}: `{operation.method} {operation.path}`"),
        *_sources(spec, requirement),
    ]
    weaker = [
        (f"only {spec.sources[name].carries} if", f"`{condition}` ({spec.sources[name].title})")
        for name, condition in requirement.weaker.items()
    ]
    yield table(_FACTS, [*facts, *weaker])
    yield "## How it is verified"
    expressions = [requirement.rule, requirement.when, requirement.silent]
    if requirement.rule:
        yield "The rule, in CEL:"
        yield fence("text", requirement.rule)
        expected = operation.responses[requirement.otherwise or operation.success]
        codes = f" and the error code {either(expected.error_code)}" if expected.error_code else ""
        status = either(map(str, expected.status))
        named = requirement.otherwise or operation.success
        response = f"the response `{named}` {_STANDING[requirement.level]}"
        yield f"Where it is false, {response}: status {status}{codes}."
    if requirement.check:
        responses = f" on the responses {either(requirement.upon)}" if requirement.upon else ""
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
        yield table(("term", "value"), [(f"`{n}`", code(text)) for n, text in terms])
    yield "## What must occur"
    if "traffic" in requirement.needs or not aspects:
        yield "Nothing: no run sends this. It is judged where it occurs in recorded traffic."
        return
    yield "A run has verified this requirement only if each of these situations occurred in it:"
    cells = [f"`{aspect}`" for aspect in aspects if "=" in aspect]
    rows = [
        (f"`{aspect}`", code(requirement.cases[aspect]) if aspect in requirement.cases else words)
        for aspect in aspects
        if (words := _ASPECTS.get(aspect, "")) or "=" not in aspect
    ]
    yield table(("situation", "condition"), rows)
    if cells:
        yield f"and each of these markets or capture layouts: {', '.join(cells)}"


_FACTS = ("property", "value")
_STANDING = {"MUST": "is required", "SHOULD": "is recommended", "INFO": "is allowed too"}
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
    yield table(_FACTS, facts)
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
        rows = [(f"`{name}`", cell(text)) for name, text in requirement.cases.items()]
        yield table(("situation", "what it is"), rows)


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
    rows = [(f"`{name}`", cell(defect)) for name, defect in proofs]
    text = f"Wrong {kind} (`wrong/{where}`) that it detects, alone or with other requirements:"
    return joined("## Mutants that prove it", text, table(("mutant", "defect"), rows))


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
    rows = [(cell(section), cell(gist)) for section, gist in claims]
    return joined("## Where it is documented", text, table(("section", "statement"), rows))


def _under_profiles(usual: Requirement, profiles: Iterable[Spec]) -> str:
    """What differs under the packaged profiles."""
    rows: list[tuple[str, str]] = []
    for spec in profiles:
        excused = {each.requirement.id: each.reason for each in spec.inapplicable}
        other = spec.requirement(usual.id)
        name = f"`{spec.profile.name}`"
        if usual.id in excused:
            rows.append((name, f"NOT_APPLICABLE: {cell(excused[usual.id])}"))
        elif (other.level, other.statement) != (usual.level, usual.statement):
            rows.append((name, f"{other.level}: {cell(other.statement)}"))
    return (
        joined("## Under other profiles", table(("profile", "requirement"), rows)) if rows else ""
    )


def _test_it(followed: bool, identifier: str) -> str:
    verb = "check traffic.har" if followed else "run sandbox.yaml"
    command = f"klarna-conformance {verb} --requirement {identifier}"
    return joined("## Test it alone", fence("sh", command))


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
            table(
                ("interpretation", "what says so"),
                [(f"`{n}`", cell(text)) for n, text in each.interpretations.items()],
            ),
            each.unobserved,
        )
    ]
    return joined(text, *parts)


def _untested(spec: Spec) -> str:
    text = "# Documented, but not tested\n\nStatements that no exchange with the API can show."
    parts = [
        joined(f"## {each.id}", each.statement, f"Section: {each.section}. {each.reason}")
        for each in spec.untested
    ]
    return joined(text, *parts)
