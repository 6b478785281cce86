"""Finds violations that occurred only together with another one: probably its consequences."""

from collections.abc import Iterable, Mapping

from klarna_reports.record.record import Finding, Played
from klarna_reports.summary.tally import Tally

__all__ = ["Causes"]


class Causes:
    """For each violated requirement, those that failed before or with it in every scenario."""

    def __init__(self) -> None:
        self._beside: dict[str, frozenset[str]] = {}

    def add(self, played: Played) -> None:
        """Adds the violations of one scenario."""
        first = _first_seen(played.findings)
        for name, place in first.items():
            here = {other for other, before in first.items() if before <= place} - {name}
            self._beside[name] = self._beside.get(name, frozenset(here)) & here

    def roots(self, found: Mapping[str, Tally]) -> Mapping[str, str]:
        """For each violated requirement that never failed alone, the one that it always follows.

        The root failed in every scenario in which this one failed, and not later. If two always
        fail together, the root is the more specific one: the one with less evidence. A root follows
        no other requirement.
        """
        order = {name: index for index, name in enumerate(found)}
        ranked = sorted(self._beside, key=lambda name: (found[name].evidence, order[name]))
        roots: list[str] = []
        follows: dict[str, str] = {}
        for name in sorted(ranked, key=lambda name: len(self._beside[name])):
            root = next((known for known in roots if known in self._beside[name]), None)
            if root is None:
                roots.append(name)
            else:
                follows[name] = root
        return follows


def _first_seen(findings: Iterable[Finding]) -> dict[str, int]:
    """The index of the exchange that first shows each violation."""
    first: dict[str, int] = {}
    for finding in findings:
        if finding.verdict == "FAIL":
            place = finding.exchange if finding.witness is None else finding.witness
            first[finding.requirement] = min(place, first.get(finding.requirement, place))
    return first
