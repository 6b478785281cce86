"""`drift`: what a newer copy of the documentation changes, and what rests on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance.cli.options import FILE, format_option, specs_option

if TYPE_CHECKING:
    from klarna_conformance.openapi.description_drift import DescriptionChange
    from klarna_specs.page import Drift, SectionDrift

__all__ = ["drift"]


@click.command()
@click.argument("page", type=FILE, required=False)
@click.option(
    "--openapi", type=FILE, help="The published API description (YAML or JSON), instead of a page."
)
@format_option
@specs_option
def drift(page: Path | None, openapi: Path | None, form: str, specs: Path | None) -> int:
    """Compare a newer copy of the documentation with the specs.

    PAGE is the documentation page as Markdown, or as saved HTML. Lists the changes by section, with
    the requirements, contradictions and untested entries that rest on them. Exits with 1 if there
    are changes.
    """
    import msgspec

    from klarna_conformance.errors import UsageError
    from klarna_reports.words.printable import inert

    if (page is None) == (openapi is None):
        raise UsageError("drift needs a PAGE, or --openapi FILE")
    found: Any
    if page is not None:
        found, lines = _page_drift(page, specs)
    else:
        assert openapi is not None
        found, lines = _description_drift(openapi, specs)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found)))
    else:
        for line in lines or ["No changes."]:
            click.echo(inert(line))
    return 1 if lines else 0


def _page_drift(path: Path, specs: Path | None) -> tuple[Any, list[str]]:
    import msgspec

    from klarna_conformance.errors import UsageError
    from klarna_specs.loader import load_page_index
    from klarna_specs.page import drift, read_page, without_diagrams
    from klarna_specs.page_html import is_html, markdown_of

    index, text = load_page_index(specs), _read(path)
    saved = is_html(text)
    sections = read_page(markdown_of(text) if saved else text)
    known = {claim.fingerprint for section in index.sections for claim in section.statements}
    if known.isdisjoint(each.fingerprint for section in sections for each in section.statements):
        raise UsageError(f"{path} has no statement of the documentation page: is it another page?")
    if saved:
        index, sections = without_diagrams(index, sections)
    found = drift(index, sections)
    printed = {
        **msgspec.to_builtins(found),
        "moved": msgspec.to_builtins(found.moved),
        "touched": found.touched,
        "read_again": found.read_again,
    }
    return printed, list(_page_lines(found))


def _page_lines(found: "Drift") -> "Iterator[str]":
    for section in found.sections:
        yield f"{section.title} ({section.change})"
        yield from (f"  {line}" for line in _section_lines(found, section))
    if found.sections:
        yield f"{len(found.touched)} ids rest on removed, moved or reworded statements"


def _section_lines(found: "Drift", section: "SectionDrift") -> "Iterator[str]":
    moved = {each.claim.fingerprint: each for each in found.moved}
    reworded = {each.was.fingerprint: each.now for each in section.reworded}
    news = {each.fingerprint for each in reworded.values()}
    for claim in section.removed:
        ids = ", ".join(claim.claimed_by) or claim.states_nothing
        if claim.fingerprint in moved:
            yield f"moved to {moved[claim.fingerprint].to_section}: {claim.gist} [{ids}]"
        elif claim.fingerprint in reworded:
            yield f"reworded: {claim.gist} Now: {reworded[claim.fingerprint].text} [{ids}]"
        else:
            yield f"removed: {claim.gist} [{ids}]"
    for statement in section.added:
        if statement.fingerprint not in (*moved, *news):
            kind = "" if statement.kind == "text" else f" {statement.kind}"
            yield f"added{kind}: {statement.text.strip()}"
    if section.read_again:
        yield f"read again: {', '.join(section.read_again)}"


def _description_drift(path: Path, specs: Path | None) -> tuple[Any, list[str]]:
    import yaml

    from klarna_conformance.errors import UsageError
    from klarna_conformance.openapi.description_drift import description_changes, is_openapi
    from klarna_specs.loader import load

    try:
        document = yaml.safe_load(_read(path))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        problem = " ".join(str(exc).split())
        raise UsageError(f"{path} is neither YAML nor JSON: {problem}") from exc
    if not is_openapi(document):
        raise UsageError(f"{path} is no OpenAPI document with paths")
    changes = description_changes(load(specs), document)
    return changes, list(map(_change_line, changes))


def _change_line(change: "DescriptionChange") -> str:
    was, now = change.specs or "nothing", change.published or "nothing"
    ids = f" [{', '.join(change.touched)}]" if change.touched else ""
    name = f"{change.operation}, " if change.operation else ""
    return f"{change.change}: {name}{change.place}: {was} -> {now}{ids}"


def _read(path: Path) -> str:
    from klarna_conformance.errors import readable

    with readable(path):
        return path.read_text(encoding="utf-8-sig")
