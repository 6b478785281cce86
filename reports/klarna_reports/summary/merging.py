"""Merges the shards of one run into one record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec

from klarna_reports.errors import MergeError
from klarna_reports.record.record import Footer, Header, Played, Record

__all__ = ["merged"]


def merged(records: Sequence[Record]) -> Record:
    """The record of the run that these are the shards of; a single complete record is its own.

    Raises MergeError if they are not shards of one run, or if one is given twice. With missing or
    interrupted shards, the merged run is incomplete.

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
        raise MergeError(f"shard {twice} is given twice")
    count = int(shards[0].partition("/")[2])
    missing = [f"{n}/{count}" for n in range(1, count + 1) if f"{n}/{count}" not in shards]
    return Record(
        header=msgspec.structs.replace(first.header, shard=""),
        plan=first.plan,
        played=_Chained([record.played for record in records]),
        excuses=tuple(each for record in records for each in record.excuses),
        unjudged=tuple(each for record in records for each in record.unjudged),
        footer=_footer(records, missing),
    )


def _check(first: Record, record: Record) -> None:
    differing: Sequence[tuple[str, Callable[[Record], object]]] = (
        ("the profile", lambda r: r.header.profile.name),
        ("the specs", lambda r: r.header.specs),
        ("the target", lambda r: _place(r.header)),
        ("the seed", lambda r: r.header.seed),
        ("the scope", lambda r: r.header.scope),
        ("--strict", lambda r: r.header.strict),
        ("the accepted deviations", lambda r: r.header.deviations),
        ("the number of shards", lambda r: r.header.shard.partition("/")[2]),
        ("the plan", lambda r: r.plan),
    )
    if not record.header.shard:
        raise MergeError("only shards of a run (`run --shard I/N`) can be merged, not whole runs")
    for what, of in differing:
        if of(first) != of(record):
            raise MergeError(
                f"shard {record.header.shard} and shard {first.header.shard} are not of one run: "
                f"{what} differs"
            )


def _place(header: Header) -> tuple[str, str]:
    return header.target.kind, header.target.base_url


def _footer(records: Iterable[Record], missing: Sequence[str]) -> Footer | None:
    """The footers as one: the longest time, all requests; None if a shard was interrupted."""
    footers = [record.footer for record in records]
    ended = [footer for footer in footers if footer is not None]
    if len(ended) < len(footers):
        return None
    lacking = f"without shard {', '.join(missing)}" if missing else ""
    return Footer(
        wall_s=max(footer.wall_s for footer in ended),
        requests_sent=sum(footer.requests_sent for footer in ended),
        stopped=next((footer.stopped for footer in ended if footer.stopped), lacking),
    )


class _Chained(Sequence[Played]):
    """The scenarios of several shards, one shard after the other.

    Ids that every shard uses (path discovery, counterexamples) get the shard's number appended.
    """

    def __init__(self, parts: Sequence[Sequence[Played]]) -> None:
        self._parts = parts

    @cached_property
    def _places(self) -> Sequence[tuple[Sequence[Played], int, str]]:
        """Each scenario's part, its index there, and its id in the merged record."""
        seen: set[str] = set()
        places: list[tuple[Sequence[Played], int, str]] = []
        for number, part in enumerate(self._parts, 1):
            for index, name in enumerate(played.id for played in part):
                places.append((part, index, f"{name}-{number}" if name in seen else name))
                seen.add(name)
        return places

    def __iter__(self) -> Iterator[Played]:
        scenarios = chain.from_iterable(self._parts)
        for (_, _, name), played in zip(self._places, scenarios, strict=True):
            yield msgspec.structs.replace(played, id=name)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        part, place, name = self._places[index]
        return msgspec.structs.replace(part[place], id=name)
