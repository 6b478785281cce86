"""Parts of one run, made on several machines, as the record of the whole."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from klarna_reports.errors import MergeError
from klarna_reports.record.record import Footer, Header, Played, Record

__all__ = ["merged"]


def merged(records: Sequence[Record]) -> Record:
    """The record of the run that these are the parts of; a single whole one is returned as it is.

    Raises MergeError where they are not parts of one run, or one is there twice. Parts that are
    missing or were cut short leave the whole unfinished.

    >>> merged([record]) == record
    True
    """
    first = records[0]
    if len(records) == 1 and not first.header.shard:
        return first
    for record in records:
        _check(first, record)
    shards = [record.header.shard for record in records]
    if twice := next((shard for shard in shards if shards.count(shard) > 1), None):
        raise MergeError(f"part {twice} is there twice")
    count = int(shards[0].partition("/")[2])
    missing = [f"{n}/{count}" for n in range(1, count + 1) if f"{n}/{count}" not in shards]
    return Record(
        header=msgspec.structs.replace(first.header, shard=""),
        plan=first.plan,
        played=_Chained([record.played for record in records]),
        footer=_footer(records, missing),
    )


def _check(first: Record, record: Record) -> None:
    differing: Sequence[tuple[str, Callable[[Record], object]]] = (
        ("the specs", lambda r: r.header.specs),
        ("the target", lambda r: _place(r.header)),
        ("the seed", lambda r: r.header.seed),
        ("the scope", lambda r: r.header.scope),
        ("--strict", lambda r: r.header.strict),
        ("the known deviations", lambda r: r.header.deviations),
        ("the number of parts", lambda r: r.header.shard.partition("/")[2]),
        ("the plan", lambda r: r.plan),
    )
    if not record.header.shard:
        raise MergeError("only parts of one run (`run --shard I/N`) can be merged, not whole runs")
    for what, of in differing:
        if of(first) != of(record):
            raise MergeError(
                f"part {record.header.shard} is of another run than part {first.header.shard}: "
                f"{what} differs"
            )


def _place(header: Header) -> tuple[str, str]:
    return header.target.kind, header.target.base_url


def _footer(records: Iterable[Record], missing: Sequence[str]) -> Footer | None:
    """The parts' footers as one: the longest time, all requests; None where one was cut short."""
    footers = [record.footer for record in records]
    ended = [footer for footer in footers if footer is not None]
    if len(ended) < len(footers):
        return None
    lacking = f"without part {', '.join(missing)}" if missing else ""
    return Footer(
        wall_s=max(footer.wall_s for footer in ended),
        requests_sent=sum(footer.requests_sent for footer in ended),
        stopped=next((footer.stopped for footer in ended if footer.stopped), lacking),
    )


class _Chained(Sequence[Played]):
    """The scenarios of several parts, one part after the other.

    What every part does for itself (finding out which path is followed, counterexamples) is
    numbered in each, and gets the part's number besides.
    """

    def __init__(self, parts: Sequence[Sequence[Played]]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Played]:
        seen: set[str] = set()
        for number, part in enumerate(self._parts, 1):
            for played in part:
                name = f"{played.id}-{number}" if played.id in seen else played.id
                seen.add(played.id)
                yield msgspec.structs.replace(played, id=name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int | slice) -> Any:
        return list(self)[index]
