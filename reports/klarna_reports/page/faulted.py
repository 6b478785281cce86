"""How often each client requirement was judged under each fault."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from klarna_reports.record.record import Played
from klarna_specs.client.faults import FAULT_KINDS, Refused, kind_of
from klarna_specs.client.play import ClientSide

__all__ = ["NO_FAULT", "FaultTable", "Faulted"]

NO_FAULT = "none"
"""Stands for the absence of a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulted:
    """Findings by requirement and kind of fault: (how many, how many of them deviate).

    `kinds` are the faults that occurred, in the order of the documentation.
    """

    kinds: tuple[str, ...]
    rows: Mapping[str, tuple[tuple[int, int], ...]]


class FaultTable:
    """Counts the findings of the scenarios that are added."""

    def __init__(self) -> None:
        self._judged: Counter[tuple[str, str]] = Counter()
        self._deviating: Counter[tuple[str, str]] = Counter()

    def add(self, played: Played) -> None:
        """Adds the findings about a client that was driven."""
        if played.client is None or not played.client.episodes or played.shrunk_from:
            return
        for finding in played.findings:
            for kind in _active_kinds(played.client, finding.exchange):
                self._judged[finding.requirement, kind] += 1
                self._deviating[finding.requirement, kind] += finding.verdict in ("FAIL", "WARN")

    @property
    def faulted(self) -> Faulted | None:
        """The table; None if no client was driven."""
        judged, deviating = self._judged, self._deviating
        present = {kind for _, kind in judged}
        kinds = tuple(kind for kind in (NO_FAULT, *FAULT_KINDS) if kind in present)
        rows = {
            name: tuple((judged[name, kind], deviating[name, kind]) for kind in kinds)
            for name in dict.fromkeys(requirement for requirement, _ in judged)
        }
        return Faulted(kinds=kinds, rows=rows) if rows else None


def _active_kinds(side: ClientSide, exchange: int) -> Iterable[str]:
    """The kinds of faults that the command of an exchange met."""
    for episode in side.episodes:
        if episode.first <= exchange < max(episode.first + episode.count, episode.first + 1):
            marks = side.marks[episode.first : episode.first + episode.count]
            met = {kind_of(mark.fault) for mark in marks if mark.fault}
            met |= {"refused" for fault in episode.command.faults if isinstance(fault, Refused)}
            return met or {NO_FAULT}
    return {NO_FAULT}
