"""Which violations were seen only beside another one, and so are probably consequences of it."""

from collections.abc import Iterable, Mapping

from klarna_reports.record.record import Finding, Played
from klarna_reports.summary.tally import Tally

__all__ = ["Company"]


class Company:
    """For each violated requirement those that failed before it or with it, wherever it did."""

    def __init__(self) -> None:
        self._beside: dict[str, frozenset[str]] = {}

    def add(self, played: Played) -> None:
        """Looks at what failed together in one more scenario."""
        first = _first_seen(played.findings)
        for name, place in first.items():
            here = {other for other, before in first.items() if before <= place} - {name}
            self._beside[name] = self._beside.get(name, frozenset(here)) & here

    def leaders(self, found: Mapping[str, Tally]) -> Mapping[str, str]:
        """For each violated requirement that never failed by itself, the one it always follows.

        The other one failed in every scenario in which this one did, and not after it. Where two
        always fail together, the one that fewer exchanges were judged by is the more specific, and
        is named; the one that is named by others follows nothing itself.
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
    """The index of the exchange at which each violated requirement was first seen to be."""
    first: dict[str, int] = {}
    for finding in findings:
        if finding.verdict == "FAIL":
            place = finding.exchange if finding.witness is None else finding.witness
            first[finding.requirement] = min(place, first.get(finding.requirement, place))
    return first
