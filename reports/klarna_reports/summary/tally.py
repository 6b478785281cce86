"""Counts the findings of a record by requirement."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from klarna_reports.record.record import Finding, Played, Verdict
from klarna_reports.record.results import DEVIATIONS, WORST_FIRST, Exemplar

__all__ = ["JUDGED", "Group", "Tallies", "Tally", "exchanges_of"]

JUDGED: frozenset[Verdict] = frozenset({"PASS", "FAIL", "WARN", "INFO", "KNOWN"})
"""The verdicts of findings that judge an exchange."""
_EXEMPLARS = 3
_MOST_GROUPS = 40
"""With more groups the half of them that would be shown last is dropped: each holds a scenario, and
a server may answer every request with another text."""
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")


@dataclass(slots=True)
class Group:
    """Equal findings of one requirement, with a shrunk or the shortest example."""

    verdict: Verdict
    expected: str
    observed: str
    played: Played
    finding: Finding
    size: tuple[int, int, int]
    count: int = 0


def _first_to_show(group: Group) -> tuple[int, tuple[int, ...], int, tuple[int, ...]]:
    """The worst first, then the smallest shrunk example, then the most frequent.

    For a client, the example with the fewest faults comes before a frequent one.
    """
    rank = WORST_FIRST.index(group.verdict)
    shrunk = (0, *group.size) if group.played.shrunk_from else (1,)
    often = 0 if group.played.client else -group.count
    return rank, shrunk, often, group.size


@dataclass(slots=True)
class Tally:
    """The findings of one requirement in numbers; scenarios are added one after the other.

    `evidence` is the number of exchanges that it judged; `excuse` says why it does not apply.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter[Verdict])
    aspects: set[str] = field(default_factory=set[str])
    interpretations: Counter[str] = field(default_factory=Counter[str])
    evidence: int = 0
    excuse: str = ""
    exemplars: list[Exemplar] = field(default_factory=list[Exemplar])
    groups: dict[tuple[Verdict, str, str], Group] = field(
        default_factory=dict[tuple[Verdict, str, str], Group]
    )
    _counts: Counter[tuple[Verdict, str, str]] = field(
        default_factory=Counter[tuple[Verdict, str, str]]
    )
    _scenario: str = ""
    _judged: set[int] = field(default_factory=set[int])

    @property
    def not_passed(self) -> int:
        """The number of findings that are not a PASS."""
        return self.verdicts.total() - self.verdicts["PASS"]

    @property
    def worst_groups(self) -> list[Group]:
        """The groups of findings, the worst verdict first, then the most frequent."""
        return sorted(self.groups.values(), key=_first_to_show)

    @property
    def deviations(self) -> int:
        """The number of findings that are deviations."""
        return sum(self.verdicts[verdict] for verdict in DEVIATIONS)

    def add(self, played: Played, finding: Finding) -> None:
        """Adds one finding."""
        self.verdicts[finding.verdict] += 1
        self.aspects.update(finding.aspects)
        if finding.interpretation:
            self.interpretations[finding.interpretation] += 1
        if finding.verdict in JUDGED:
            self._add_evidence(played, finding)
        if finding.verdict != "PASS":
            self._add_to_group(played, finding)

    def add_excuse(self, finding: Finding) -> None:
        """Adds the finding that the requirement does not apply, which is of no scenario."""
        self.verdicts[finding.verdict] += 1
        self.aspects.update(finding.aspects)
        self.excuse = finding.observed

    def _add_evidence(self, played: Played, finding: Finding) -> None:
        if self._scenario != played.id:
            self._scenario, self._judged = played.id, set()
        if finding.exchange not in self._judged:
            self._judged.add(finding.exchange)
            self.evidence += 1
            if len(self.exemplars) < _EXEMPLARS:
                indices = exchanges_of(played, finding)
                self.exemplars.append(Exemplar(scenario=played.id, exchanges=indices))

    def _add_to_group(self, played: Played, finding: Finding) -> None:
        size = played.size
        # Ids differ from scenario to scenario, although the finding is the same.
        key = (finding.verdict, _ID.sub("", finding.expected), _ID.sub("", finding.observed))
        group = self.groups.get(key)
        self._counts[key] += 1
        if group is None:
            texts = (finding.expected, finding.observed)
            group = self.groups[key] = Group(finding.verdict, *texts, played, finding, size)
        elif (not played.shrunk_from, size) < (not group.played.shrunk_from, group.size):
            group.played, group.finding, group.size = played, finding, size
            group.expected, group.observed = finding.expected, finding.observed
        group.count = self._counts[key]
        if len(self.groups) > _MOST_GROUPS:
            self._drop_last()

    def _drop_last(self) -> None:
        """Drops the groups that would be shown last; one of each verdict remains."""
        ordered = sorted(self.groups.items(), key=lambda each: _first_to_show(each[1]))
        first = {key[0]: key for key, _ in reversed(ordered)}
        self.groups = {
            key: group
            for place, (key, group) in enumerate(ordered)
            if place < _MOST_GROUPS // 2 or first[key[0]] == key
        }


def exchanges_of(played: Played, finding: Finding) -> tuple[int, ...]:
    """The indices of the exchanges of a finding, as far as the scenario has them."""
    named = (finding.exchange, finding.witness)
    known = (i for i in named if i is not None and 0 <= i < len(played.exchanges))
    return tuple(dict.fromkeys(known))


class Tallies(defaultdict[str, Tally]):
    """The tally of every requirement or contradiction that a finding names."""

    def __init__(self) -> None:
        super().__init__(Tally)

    def add(self, played: Played) -> None:
        """Adds the findings of one scenario."""
        for finding in played.findings:
            self[finding.requirement].add(played, finding)
