"""Verifies the files of a run without its target: verdicts from the exchanges, files by digest.

Of no file more is claimed than what was compared; what could not be is a note.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import UsageError, readable
from klarna_conformance.judge.client.judging import excuses
from klarna_conformance.run.events import CounterexampleFound, ScenarioFinished
from klarna_conformance.traffic.rechecking import judged_again
from klarna_reports.formats.in_toto import PREDICATE_TYPE, STATEMENT_TYPE
from klarna_reports.formats.run_json import run_json
from klarna_reports.record.journal import FILE_NAME, journal_digest, read_journal
from klarna_reports.record.record import Finding, Played, Record
from klarna_reports.render import FORMATS, Format, file_digests, renderers
from klarna_reports.summary.judged import recorded_spec
from klarna_reports.summary.summary import summarise
from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Spec

__all__ = ["Mismatch", "Verification", "verified"]

_MOST = 20
"""How many mismatches of one kind are listed."""
_RENDERED: tuple[Format, ...] = tuple(
    name for name in FORMATS if name not in ("json", "html", "in-toto")
)
"""Renderings that depend on the record alone."""


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is recorded otherwise than it should be, with its place in a file."""

    file: str
    place: str
    recorded: str
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}, {self.place}" if self.place else self.file
        return f"{place}: recorded {self.recorded}, expected {self.expected}"


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What does not match, what was verified, and what could not be."""

    mismatches: tuple[Mismatch, ...]
    verified: tuple[str, ...]
    notes: tuple[str, ...]


def verified(
    directory: Path, statement: Path | None = None, specs: Path | None = None
) -> Verification:
    """Verifies the files of a run in a directory; raises JournalError, SpecError and UsageError.

    The statement is by default the one in the directory, if there is one. The specs are those of
    the package or of the directory `specs`, under the profile of the record.
    """
    record = read_journal(directory / FILE_NAME)
    spec = recorded_spec(record.header, specs)
    found = _Found()
    path = statement or directory / FORMATS["in-toto"]
    signed: frozenset[str] = frozenset()
    if statement or path.exists():
        signed = _statement(spec, directory, record, path, found)
    else:
        found.notes.append("there is no statement, so no digests were compared")
    if record.header.specs == spec.fingerprint:
        found.verified.append(f"specs {spec.fingerprint}")
        _verdicts(spec, directory, record, found)
        _pages(spec, directory, record, found, signed)
    else:
        found.add(FILE_NAME, "header, specs", record.header.specs, spec.fingerprint)
        found.notes.append("verdicts were not recomputed, because the run had other specs")
    return Verification(
        mismatches=tuple(found.mismatches),
        verified=tuple(found.verified),
        notes=tuple(found.notes),
    )


class _Found:
    """What was found so far."""

    def __init__(self) -> None:
        self.mismatches: list[Mismatch] = []
        self.verified: list[str] = []
        self.notes: list[str] = []

    def add(self, file: str, place: str, recorded: object, expected: object) -> None:
        self.mismatches.append(
            Mismatch(file=file, place=place, recorded=str(recorded), expected=str(expected))
        )

    def compare(self, subject: str, file: str, places: Iterable[tuple[str, str, str]]) -> None:
        """Adds mismatches; without any, the subject is verified."""
        listed = list(places)
        for place, recorded, expected in listed[:_MOST]:
            self.add(file, place, recorded, expected)
        if len(listed) > _MOST:
            self.notes.append(f"{file}: {len(listed) - _MOST} more mismatches of {subject}")
        if not listed:
            self.verified.append(subject)


def _statement(
    spec: Spec, directory: Path, record: Record, path: Path, found: _Found
) -> frozenset[str]:
    """Compares the digests of a statement; answers the files that it is about."""
    members = _read_statement(path)
    subjects = dict(_digests(path, members.get("subject")))
    predicate = as_object(members.get("predicate")) or {}
    specs = dict(_digests(path, predicate.get("configuration")))
    own = {f"specs/{name}": digest for name, digest in spec.files.items()}
    files = file_digests(directory)
    found.compare("digests of files", path.name, _differing(subjects, files, missing="no file"))
    found.compare("digests of specs", path.name, _differing(specs, own, missing="no such file"))
    beside = [name for name in files if name not in subjects]
    if FILE_NAME in beside:
        found.add(path.name, FILE_NAME, "no digest", files[FILE_NAME])
    found.notes += [f"{name} is not in the statement" for name in beside if name != FILE_NAME]
    if record.header.specs == spec.fingerprint:
        _results(spec, directory, record, path, members, found)
    return frozenset(subjects)


def _results(
    spec: Spec, directory: Path, record: Record, path: Path, members: dict[str, Any], found: _Found
) -> None:
    """Compares what a statement says of the results."""
    computed = json.loads(renderers(directory, spec, record, summarise(spec, record))["in-toto"]())
    given, own = ({**each["predicate"]} for each in (members, computed))
    for each in (given, own):
        each.pop("configuration", None)
        each.pop("url", None)
    found.compare("results in the statement", path.name, _differences(given, own))


def _read_statement(path: Path) -> dict[str, Any]:
    members: dict[str, Any] | None = None
    with readable(path), suppress(ValueError, RecursionError):
        members = as_object(json.loads(path.read_bytes()))
    if members is None or members.get("_type") != STATEMENT_TYPE:
        raise UsageError(f"{path} is not an in-toto statement of type {STATEMENT_TYPE}")
    if members.get("predicateType") != PREDICATE_TYPE or not as_object(members.get("predicate")):
        raise UsageError(f"{path} has no predicate of type {PREDICATE_TYPE}")
    return members


def _digests(path: Path, descriptors: Any) -> Iterator[tuple[str, str]]:
    for each in as_array(descriptors) or ():
        members = as_object(each) or {}
        digest = (as_object(members.get("digest")) or {}).get("sha256")
        if not isinstance(digest, str) or not isinstance(members.get("name"), str):
            raise UsageError(f"{path}: a descriptor has no name or no sha256")
        yield members["name"], digest


def _differing(
    recorded: dict[str, str], computed: dict[str, str], *, missing: str
) -> Iterator[tuple[str, str, str]]:
    for name, digest in recorded.items():
        if computed.get(name) != digest:
            yield name, digest, computed.get(name, missing)


def _verdicts(spec: Spec, directory: Path, record: Record, found: _Found) -> None:
    """Judges the exchanges again, and compares findings, excuses and `run.json`."""
    events = judged_again(spec, record)
    judged = [e.played for e in events if isinstance(e, ScenarioFinished | CounterexampleFound)]
    places = _scenarios(record, judged)
    found.compare(f"findings of {len(judged)} scenarios", FILE_NAME, places)
    found.compare("repeated scenarios and excuses", FILE_NAME, _repeated(spec, record, judged))
    if _is_whole(record):
        found.compare("all planned scenarios are recorded", FILE_NAME, _missing(record))
    else:
        found.notes.append("which scenarios were sent was not verified: the record is no whole run")
    path = directory / FORMATS["json"]
    if not path.exists():
        found.notes.append(f"there is no {path.name}")
        return
    try:
        given = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        found.add(path.name, "", "no JSON", "the summary of the run")
        return
    recomputed = msgspec.structs.replace(record, played=judged)
    own = json.loads(run_json(summarise(spec, recomputed)))
    found.compare(f"verdicts in {path.name}", path.name, _differences(given, own))


def _scenarios(record: Record, judged: Sequence[Played]) -> Iterator[tuple[str, str, str]]:
    for recorded, computed in zip(record.played, judged, strict=True):
        was, now = (_by_place(each.findings) for each in (recorded, computed))
        for place in dict.fromkeys((*was, *now)):
            if was.get(place) != now.get(place):
                number, requirement = place
                where = f"scenario {recorded.id}, exchange {number + 1}, {requirement}"
                yield where, _findings_text(was.get(place)), _findings_text(now.get(place))


def _by_place(findings: Iterable[Finding]) -> dict[tuple[int, str], tuple[Finding, ...]]:
    places: dict[tuple[int, str], tuple[Finding, ...]] = {}
    for each in findings:
        place = each.exchange, each.requirement
        places[place] = (*places.get(place, ()), each)
    return places


def _findings_text(findings: tuple[Finding, ...] | None) -> str:
    texts = (f"{f.verdict} {f.observed}".rstrip() for f in findings or ())
    return " and ".join(texts) or "no finding"


def _repeated(
    spec: Spec, record: Record, judged: Sequence[Played]
) -> Iterator[tuple[str, str, str]]:
    """Scenarios that are recorded more than once, and excuses that do not hold."""
    times = Counter(each.id for each in record.played)
    yield from ((f"scenario {i}", f"{n} times", "once") for i, n in times.items() if n > 1)
    seen = {finding.requirement for each in judged for finding in each.findings}
    holding = list(excuses(spec, seen))
    for excuse in record.excuses:
        if excuse not in holding:
            yield f"excuse of {excuse.requirement}", excuse.verdict, "no excuse"


def _is_whole(record: Record) -> bool:
    """Whether each planned scenario must be recorded."""
    ended = record.footer is not None and not record.footer.stopped
    return ended and record.plan is not None and not record.header.shard


def _missing(record: Record) -> Iterator[tuple[str, str, str]]:
    sent = {each.id for each in record.played}
    for number, _ in enumerate(record.plan.scenarios if record.plan else (), 1):
        if f"s{number:04}" not in sent:
            yield f"scenario s{number:04}", "nothing", "the planned scenario"


def _differences(recorded: Any, computed: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """The members of two JSON values that differ."""
    if recorded == computed:
        return
    was, now = as_object(recorded), as_object(computed)
    if was is not None and now is not None:
        for name in dict.fromkeys((*was, *now)):
            inner = f"{place}.{name}" if place else name
            yield from _differences(was.get(name), now.get(name), inner)
        return
    rows, others = as_array(recorded), as_array(computed)
    if rows is not None and others is not None and len(rows) == len(others):
        for index, (row, other) in enumerate(zip(rows, others, strict=True)):
            members = as_object(other) or {}
            name = members.get("id") or members.get("requirement") or index
            yield from _differences(row, other, f"{place}[{name}]")
        return
    yield place, _short(recorded), _short(computed)


def _short(value: Any) -> str:
    parts = as_array(value)
    text = json.dumps(value, ensure_ascii=False) if parts is None else f"{len(parts)} entries"
    return text if len(text) <= 120 else f"{text[:117]}..."


def _pages(
    spec: Spec, directory: Path, record: Record, found: _Found, signed: frozenset[str]
) -> None:
    """Renders the record again, and compares the files that depend on nothing else."""
    own, made_by = _own_version(record), renderers(directory, spec, record, summarise(spec, record))
    for name in (*_RENDERED, "html"):
        path = directory / FORMATS[name]
        if not path.exists():
            continue
        text = path.read_bytes().decode(errors="replace")
        if _is_same(text, made_by[name]):
            found.verified.append(f"{path.name} is what the record gives")
        elif name == "html" and _CHANGES in text and journal_digest(record) in text:
            if path.name not in signed:
                found.notes.append(f"{path.name} is of this record; its changes were not compared")
        elif own:
            found.add(path.name, "", "another text", "what the record gives")
        else:
            found.notes.append(f"{path.name} was not compared: the run had another version")


_CHANGES = '<h2 id="changes">'


def _is_same(text: str, render: Callable[[], str]) -> bool:
    return text == render().encode(errors="replace").decode(errors="replace")


def _own_version(record: Record) -> bool:
    """Whether the run was made by this version of the program."""
    from importlib.metadata import version

    return record.header.versions.get("klarna-conformance") == version("klarna-conformance")
