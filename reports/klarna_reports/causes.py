"""Which violations were seen only beside another one, and so are probably consequences of it."""

from collections.abc import Iterable, Mapping

from klarna_reports.record import Finding, Played, Record
from klarna_reports.tally import Tally

__all__ = ["seen_only_beside"]


def seen_only_beside(record: Record, found: Mapping[str, Tally]) -> Mapping[str, str]:
    """For each violated requirement that never failed by itself, the one that it always follows.

    The other one failed in every scenario in which this one did, and not after it. Where two always
    fail together, the one that fewer exchanges were judged by is the more specific, and is named;
    the one that is named by others follows nothing itself.
    """
    beside = _always_beside(record.played)
    order = {name: index for index, name in enumerate(found)}
    ranked = sorted(beside, key=lambda name: (len(found[name].evidence), order[name]))
    roots: list[str] = []
    follows: dict[str, str] = {}
    for name in sorted(ranked, key=lambda name: len(beside[name])):
        root = next((known for known in roots if known in beside[name]), None)
        if root is None:
            roots.append(name)
        else:
            follows[name] = root
    return follows


def _always_beside(scenarios: Iterable[Played]) -> dict[str, frozenset[str]]:
    """For each violated requirement those that failed before it or with it, wherever it did."""
    beside: dict[str, frozenset[str]] = {}
    for played in scenarios:
        first = _first_seen(played.findings)
        for name, place in first.items():
            here = {other for other, before in first.items() if before <= place} - {name}
            beside[name] = beside.get(name, frozenset(here)) & here
    return beside


def _first_seen(findings: Iterable[Finding]) -> dict[str, int]:
    """The index of the exchange at which each violated requirement was first seen to be."""
    first: dict[str, int] = {}
    for finding in findings:
        if finding.verdict == "FAIL":
            place = finding.exchange if finding.witness is None else finding.witness
            first[finding.requirement] = min(place, first.get(finding.requirement, place))
    return first
