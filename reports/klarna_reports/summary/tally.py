"""Counts the findings of a record by requirement."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from klarna_reports.record.record import Finding, Played, Verdict
from klarna_reports.record.results import DEVIATIONS, WORST_FIRST, Exemplar
from klarna_reports.summary.harm import Cost

__all__ = ["JUDGED", "Group", "Tallies", "Tally"]

JUDGED: frozenset[Verdict] = frozenset({"PASS", "FAIL", "WARN", "INFO", "KNOWN"})
"""The verdicts of findings that judge an exchange."""
_EXEMPLARS = 3
_MOST_GROUPS = 40
"""With more groups the half of them that would be shown last is dropped: each holds a scenario, and
a server may answer every request with another text."""
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")


_Key = tuple[Verdict, str, str, bool]


@dataclass(slots=True)
class Group:
    """Equal findings of one requirement, with an example.

    It is the saved one, or else the most expensive one that shows no other bug.
    """

    verdict: Verdict
    expected: str
    observed: str
    played: Played
    finding: Finding
    cost: Cost
    count: int = 0

    @property
    def is_saved(self) -> bool:
        """Whether the example is the saved counterexample of its requirement."""
        return self.played.shows == self.finding.requirement

    @property
    def quality(self) -> tuple[bool, Cost, bool, tuple[int, int, int], str]:
        """What sorts the best example first: saved, not confounded, expensive, shrunk, short."""
        played = self.played
        return not self.is_saved, self.cost, not played.shrunk_from, played.size, played.id


def _first_to_show(group: Group) -> tuple[object, ...]:
    """The worst first, then what shows no other bug, the most harmful, the saved, the smallest one.

    Of equally small ones the most expensive comes first. The id decides last: the order in which
    scenarios end differs between runs.
    """
    rank = WORST_FIRST.index(group.verdict)
    played, kind = group.played, group.cost[:2]
    shrunk = not played.shrunk_from
    return rank, kind, not group.is_saved, shrunk, played.size, group.cost, -group.count, played.id


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
    groups: dict[_Key, Group] = field(default_factory=dict[_Key, Group])
    _counts: Counter[_Key] = field(default_factory=Counter[_Key])
    _scenario: str = ""
    _judged: set[int] = field(default_factory=set[int])

    @property
    def not_passed(self) -> int:
        """The number of findings that are not a PASS."""
        return self.verdicts.total() - self.verdicts["PASS"]

    @property
    def worst_groups(self) -> list[Group]:
        """The groups of findings, the worst verdict first, then the best example (`Cost`).

        A shrunk example stands for equal findings too, unless one of them is worse in kind.
        """
        shown: list[Group] = []
        for (verdict, expected, observed, is_shrunk), group in self.groups.items():
            other = self.groups.get((verdict, expected, observed, not is_shrunk))
            shrunk, plain = (group, other) if is_shrunk else (other, group)
            if shrunk is None or plain is None or plain.cost[:2] < shrunk.cost[:2]:
                shown.append(group)
            elif is_shrunk:
                shown.append(replace(group, count=shrunk.count + plain.count))
        return sorted(shown, key=_first_to_show)

    @property
    def deviations(self) -> int:
        """The number of findings that are deviations."""
        return sum(self.verdicts[verdict] for verdict in DEVIATIONS)

    def add(self, played: Played, finding: Finding, cost: Cost) -> None:
        """Adds one finding."""
        self.verdicts[finding.verdict] += 1
        self.aspects.update(finding.aspects)
        if finding.interpretation:
            self.interpretations[finding.interpretation] += 1
        if finding.verdict in JUDGED:
            self._add_evidence(played, finding)
        if finding.verdict != "PASS":
            self._add_to_group(played, finding, cost)

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
                indices = played.exchanges_of(finding)
                self.exemplars.append(Exemplar(scenario=played.id, exchanges=indices))

    def _add_to_group(self, played: Played, finding: Finding, cost: Cost) -> None:
        # Ids differ from scenario to scenario, although the finding is the same.
        texts = (_ID.sub("", finding.expected), _ID.sub("", finding.observed))
        key = (finding.verdict, *texts, bool(played.shrunk_from))
        found = (finding.expected, finding.observed)
        example = Group(finding.verdict, *found, played, finding, cost)
        known = self.groups.get(key)
        if known is None or example.quality < known.quality:
            self.groups[key] = example
        self._counts[key] += 1
        self.groups[key].count = self._counts[key]
        if len(self.groups) > _MOST_GROUPS:
            self._drop_last()

    def _drop_last(self) -> None:
        """Drops the groups that would be shown last.

        One of each verdict remains, and the saved one.
        """
        ordered = sorted(self.groups.items(), key=lambda each: _first_to_show(each[1]))
        first = {key[0]: key for key, _ in reversed(ordered)}
        self.groups = {
            key: group
            for place, (key, group) in enumerate(ordered)
            if place < _MOST_GROUPS // 2 or first[key[0]] == key or group.is_saved
        }


class Tallies(defaultdict[str, Tally]):
    """The tally of every requirement or contradiction that a finding names.

    `cost` says what a finding costs.
    """

    def __init__(self, cost: Callable[[Played, Finding], Cost]) -> None:
        super().__init__(Tally)
        self._cost = cost

    def add(self, played: Played) -> None:
        """Adds the findings of one scenario."""
        for finding in played.findings:
            self[finding.requirement].add(played, finding, self._cost(played, finding))
