"""The journal of a run as a file: written as it happens, read back as a record."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from klarna_reports.errors import JournalError
from klarna_reports.record import FORMAT, Footer, Header, Line, Planned, Played, Record

__all__ = ["FILE_NAME", "Journal", "read_journal"]

FILE_NAME = "journal.ndjson"
_LINES: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class _Format(msgspec.Struct, frozen=True):
    format: int


class Journal:
    """Writes `journal.ndjson` in a directory, a line an event, each flushed before the next.

    With `resume` it goes on after the last whole line of an older journal, taking its footer off.
    """

    def __init__(self, directory: Path, *, resume: bool = False) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / FILE_NAME
        if resume:
            _reopen(self.path)
        self._file = self.path.open("ab" if resume else "wb")

    def write(self, line: Line) -> None:
        """Adds one line and flushes it."""
        self._file.write(_encoded(line) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file; whether the run ended is for the footer to say."""
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

    A last line that was not written to its end is left out: the run was killed, and there is no
    footer.
    """
    try:
        *whole, rest = path.read_bytes().split(b"\n")
    except OSError as exc:
        raise JournalError(str(path), 0, f"the journal cannot be read: {exc.strerror}") from exc
    if not whole:
        raise JournalError(str(path), 0, "the journal has no header: nothing was run")
    _check_format(path, whole[0])
    lines = [_decoded(path, number, text) for number, text in enumerate(whole, 1)]
    if rest:
        lines.extend(_unfinished(rest))
    return _record(path, lines)


def _record(path: Path, lines: list[Line]) -> Record:
    header, *others = lines
    if not isinstance(header, Header):
        raise JournalError(str(path), 1, "the first line of a journal is its header")
    plan = others[0] if others and isinstance(others[0], Planned) else None
    first = 2 if plan is None else 3
    others = others[first - 2 :]
    match others:
        case [*scenarios, Footer() as footer]:
            pass
        case _:
            scenarios, footer = others, None
    played: list[Played] = []
    for number, line in enumerate(scenarios, first):
        if not isinstance(line, Played):
            problem = "a scenario is expected between header and footer"
            raise JournalError(str(path), number, problem)
        played.append(line)
    return Record(header=header, plan=plan, played=tuple(played), footer=footer)


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
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can tell
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
    except msgspec.DecodeError:  # perhaps half a surrogate pair, which msgspec does not read
        builtins: Any = json.loads(text)
        return msgspec.convert(builtins, Line)


def _unfinished(text: bytes) -> list[Line]:
    try:
        return [_line(text)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []


def _reopen(path: Path) -> None:
    if not path.exists():
        return
    record = read_journal(path)
    whole = 1 + (record.plan is not None) + len(record.played)
    kept = path.read_bytes().split(b"\n")[:whole]
    path.write_bytes(b"".join(line + b"\n" for line in kept))
