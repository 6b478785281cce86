"""The journal file of a run: written line by line, read back as a record."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast, overload

import msgspec

from klarna_reports.errors import JournalError
from klarna_reports.record.record import (
    FORMAT,
    Excuses,
    Finding,
    Footer,
    Header,
    Line,
    Planned,
    Played,
    Record,
    Unjudged,
    UnjudgedTraffic,
)
from klarna_specs.scenario import Scenario

__all__ = ["FILE_NAME", "Journal", "journal_digest", "read_journal"]

FILE_NAME = "journal.ndjson"
_LINES: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class _Format(msgspec.Struct, frozen=True):
    format: int


class Journal:
    """Writes `journal.ndjson` in a directory, one line per event, flushed after each line.

    With `resume`, it drops the footer of an existing journal and appends to its last whole line.

    >>> with Journal(Path("copy")) as journal:
    ...     journal.write(record.header)
    """

    def __init__(self, directory: Path, *, resume: bool = False) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / FILE_NAME
        self._scan = _reopened(self.path) if resume else _Scan(self.path)
        self._file = self.path.open("ab" if resume else "wb")

    def write(self, line: Line) -> None:
        """Adds one line and flushes it."""
        text = _encoded(line) + b"\n"
        self._file.write(text)
        self._file.flush()
        self._scan.written(line, len(text))

    def record(self) -> Record:
        """What `read_journal` would read, without reading it; raises JournalError."""
        return self._scan.record()

    def close(self) -> None:
        """Closes the file; only a footer marks the run as finished."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_journal(path: Path) -> Record:
    """The record in this file; raises JournalError.

    An incomplete last line is ignored: the run was killed, and the record has no footer.

    >>> read_journal(Path("conformance-report/journal.ndjson")).header.seed
    7
    """
    return _scanned(path).record()


@dataclass(slots=True)
class _Scan:
    """The lines of a journal so far: scenarios by offset and length, the others as values.

    `end` is the offset behind the last whole line that is no footer.
    """

    path: Path
    header: Header | None = None
    plan: Planned | None = None
    footer: Footer | None = None
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    excuses: list[Finding] = field(default_factory=list[Finding])
    unjudged: list[Unjudged] = field(default_factory=list[Unjudged])
    lines: int = 0
    end: int = 0

    def add(self, number: int, start: int, text: bytes) -> None:
        """Adds a line; raises JournalError where it does not belong there."""
        self.lines = number
        is_whole = text.endswith(b"\n")
        if number == 1 and not is_whole:
            return
        if number == 1:
            _check_format(self.path, text)
        line = _decoded(self.path, number, text) if is_whole else _unfinished(text)
        if line is None:
            return
        self._add(number, line, (start, len(text)))
        if not isinstance(line, Footer):
            self.end = start + len(text)

    def written(self, line: Line, length: int) -> None:
        """Adds a line that was just written, of so many bytes."""
        self.lines += 1
        self._add(self.lines, line, (self.end, length))
        self.end += length

    def _add(self, number: int, line: Line, span: tuple[int, int]) -> None:
        match _typed(line):
            case Header() as header if number == 1:
                self.header = header
            case _ if number == 1:
                problem = "the first line of a journal must be its header"
                raise JournalError(str(self.path), 1, problem)
            case Planned() as plan if number == 2:
                self.plan = plan
            case Played() if self.footer is None:
                self.spans.append(span)
            case Excuses(findings=findings) if self.footer is None:
                self.excuses.extend(findings)
            case UnjudgedTraffic(traffic=traffic) if self.footer is None:
                self.unjudged.extend(traffic)
            case Footer() as footer if self.footer is None:
                self.footer = footer
            case _:
                problem = "expected a scenario between header and footer"
                raise JournalError(str(self.path), number, problem)

    def record(self) -> Record:
        """The record; raises JournalError without a header."""
        if self.header is None:
            problem = "the journal has no header: the run did not start"
            raise JournalError(str(self.path), 0, problem)
        return Record(
            header=self.header,
            plan=self.plan,
            played=_InFile(self.path, self.spans),
            excuses=tuple(self.excuses),
            unjudged=tuple(self.unjudged),
            footer=self.footer,
        )


def journal_digest(record: Record) -> str:
    """The SHA-256 of the file that a record was read from, in hex; empty if it has none."""
    if not isinstance(record.played, _InFile):
        return ""
    with record.played.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scanned(path: Path) -> _Scan:
    scan = _Scan(path)
    try:
        with path.open("rb") as file:
            for number, (start, text) in enumerate(_numbered(file), 1):
                scan.add(number, start, text)
    except OSError as exc:
        raise JournalError(str(path), 0, f"the journal cannot be read: {exc.strerror}") from exc
    return scan


def _typed(line: Line) -> Line:
    """A line in today's form: older journals have scenarios in place of two types of lines."""
    match line:
        case Played(id="excused", scenario=Scenario(plan=None, steps=()), exchanges=()):
            return Excuses(findings=line.findings)
        case Played(id="unjudged", scenario=Scenario(plan=None, steps=()), exchanges=()):
            return UnjudgedTraffic(traffic=line.unjudged)
        case _:
            return line


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their offsets."""
    start = 0
    for text in file:
        yield start, text
        start += len(text)


class _InFile(Sequence[Played]):
    """Scenarios that are read from their file when they are used."""

    def __init__(self, path: Path, spans: Sequence[tuple[int, int]]) -> None:
        self.path = path
        self._spans = spans

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> Played: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Played]: ...
    def __getitem__(self, index: int | slice) -> Played | Sequence[Played]:
        if isinstance(index, slice):
            return _InFile(self.path, self._spans[index])
        (played,) = _InFile(self.path, [self._spans[index]])
        return played

    def __iter__(self) -> Iterator[Played]:
        try:
            with self.path.open("rb") as file:
                for start, length in self._spans:
                    file.seek(start)
                    yield self._scenario(file.read(length))
        except OSError as exc:
            problem = f"the journal cannot be read: {exc.strerror}"
            raise JournalError(str(self.path), 0, problem) from exc

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(cast("Sequence[Any]", other))

    __hash__ = None  # type: ignore[assignment]

    def _scenario(self, text: bytes) -> Played:
        line = _unfinished(text)
        if not isinstance(line, Played):
            raise JournalError(str(self.path), 0, "the journal changed while it was read")
        return line


def _check_format(path: Path, text: bytes) -> None:
    try:
        found = msgspec.json.decode(text, type=_Format).format
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise JournalError(str(path), 1, f"this is not the header of a journal: {exc}") from exc
    if found != FORMAT:
        problem = f"the journal has format {found}, this version reads {FORMAT}: run again"
        raise JournalError(str(path), 1, problem)


def _encoded(line: Line) -> bytes:
    try:
        return msgspec.json.encode(line)
    except UnicodeEncodeError:  # a lone surrogate needs an escape
        return json.dumps(msgspec.to_builtins(line)).encode()


def _decoded(path: Path, number: int, text: bytes) -> Line:
    try:
        return _line(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise JournalError(str(path), number, f"the line cannot be read: {exc}") from exc


def _line(text: bytes) -> Line:
    try:
        return _LINES.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # msgspec does not read lone surrogates
        builtins: Any = json.loads(text)
        return msgspec.convert(builtins, Line)


def _unfinished(text: bytes) -> Line | None:
    """A line that may be incomplete; None if it is."""
    try:
        return _line(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _reopened(path: Path) -> _Scan:
    """The lines of a journal, without its footer, and ready for the next ones."""
    if not path.exists():
        return _Scan(path)
    scan = _scanned(path)
    scan.record()
    scan.footer = None
    with path.open("r+b") as file:
        file.truncate(scan.end)
        file.seek(scan.end - 1)
        if file.read() != b"\n":
            scan.end += file.write(b"\n")
    return scan
