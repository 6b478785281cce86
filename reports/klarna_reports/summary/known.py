"""Deviations that are known and accepted for a while: a FAIL that is expected becomes KNOWN."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from klarna_reports.record.record import Finding, KnownDeviation, Played

__all__ = ["Occurring", "fingerprint_of", "with_known"]

_VARYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\d+")


def fingerprint_of(requirement: str, expected: str, observed: str) -> str:
    """Twelve characters that name what a finding says, the same in every run.

    Ids and numbers do not count.
    """
    told = "\n".join((requirement, *(_VARYING.sub("#", text) for text in (expected, observed))))
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:12]


def with_known(
    scenarios: Iterable[Played], deviations: Sequence[KnownDeviation], on: date
) -> Iterator[Played]:
    """The scenarios with every FAIL that is expected on that day as a KNOWN."""
    valid = [deviation for deviation in deviations if deviation.expires >= on]
    for played in scenarios:
        findings = tuple(_known(finding, valid) for finding in played.findings) if valid else ()
        yield msgspec.structs.replace(played, findings=findings) if valid else played


def _known(finding: Finding, deviations: Sequence[KnownDeviation]) -> Finding:
    if finding.verdict != "FAIL" or not any(_expects(each, finding) for each in deviations):
        return finding
    return msgspec.structs.replace(finding, verdict="KNOWN")


def _expects(deviation: KnownDeviation, finding: Finding) -> bool:
    if deviation.requirement != finding.requirement:
        return False
    if not deviation.fingerprint:
        return True
    told = fingerprint_of(finding.requirement, finding.expected, finding.observed)
    return told == deviation.fingerprint


class Occurring:
    """Which deviations of a list occur in the scenarios that are added."""

    def __init__(self, deviations: Sequence[KnownDeviation]) -> None:
        self._deviations = deviations
        self._found: set[int] = set()

    def add(self, played: Played) -> None:
        """Looks for the deviations among the violations of one more scenario."""
        for finding in played.findings:
            if finding.verdict in ("FAIL", "KNOWN"):
                self._found.update(
                    number
                    for number, deviation in enumerate(self._deviations)
                    if _expects(deviation, finding)
                )

    def outdated(self, on: date, *, fully_seen: Iterable[str]) -> tuple[str, ...]:
        """What is wrong with the list of deviations, a line each: expired, or not seen any more.

        A deviation is not seen any more where its requirement was `fully_seen` and did not fail as
        it says; of one that could not be seen nothing is said.
        """
        seen = set(fully_seen)
        problems: list[str] = []
        for number, deviation in enumerate(self._deviations):
            if deviation.expires < on:
                problems.append(
                    f"{deviation.name} expired on {deviation.expires} (owner: {deviation.owner})"
                )
            elif number not in self._found and deviation.requirement in seen:
                problems.append(f"{deviation.name} does not occur any more: take its entry out")
        return tuple(problems)
