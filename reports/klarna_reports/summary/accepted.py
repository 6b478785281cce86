"""Accepted deviations: a FAIL that is accepted until a date becomes KNOWN."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from klarna_reports.record.record import AcceptedDeviation, Finding, Played
from klarna_reports.words.wording import day

__all__ = ["Occurring", "fingerprint_of", "with_accepted"]

_VARYING = re.compile(r"\[[^\]]*\]|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\d+")


def fingerprint_of(requirement: str, expected: str, observed: str) -> str:
    """Twelve characters that identify a finding across runs; ids, numbers and lists are ignored.

    It is a hash of the finding's sentences: a release that rewords them changes it.
    """
    text = "\n".join((requirement, *(_VARYING.sub("#", text) for text in (expected, observed))))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def with_accepted(
    scenarios: Iterable[Played], deviations: Sequence[AcceptedDeviation], on: date
) -> Iterator[Played]:
    """The scenarios, with every FAIL that is accepted on that day as KNOWN."""
    valid = [deviation for deviation in deviations if deviation.expires >= on]
    for played in scenarios:
        findings = tuple(_accepted(finding, valid) for finding in played.findings) if valid else ()
        yield msgspec.structs.replace(played, findings=findings) if valid else played


def _accepted(finding: Finding, deviations: Sequence[AcceptedDeviation]) -> Finding:
    if finding.verdict != "FAIL" or not any(_matches(each, finding) for each in deviations):
        return finding
    return msgspec.structs.replace(finding, verdict="KNOWN")


def _matches(deviation: AcceptedDeviation, finding: Finding) -> bool:
    if deviation.requirement != finding.requirement:
        return False
    if not deviation.fingerprint:
        return True
    fingerprint = fingerprint_of(finding.requirement, finding.expected, finding.observed)
    return fingerprint == deviation.fingerprint


class Occurring:
    """Which accepted deviations occur in the scenarios that are added."""

    def __init__(self, deviations: Sequence[AcceptedDeviation]) -> None:
        self._deviations = deviations
        self._found: set[int] = set()
        self._failed: set[str] = set()

    def add(self, played: Played) -> None:
        """Searches the violations of one scenario for the deviations."""
        for finding in played.findings:
            if finding.verdict == "FAIL":
                self._failed.add(finding.requirement)
            if finding.verdict in ("FAIL", "KNOWN"):
                self._found.update(
                    number
                    for number, deviation in enumerate(self._deviations)
                    if _matches(deviation, finding)
                )

    def outdated(self, on: date, *, fully_seen: Iterable[str]) -> tuple[str, ...]:
        """The entries to remove or renew, one line each: expired, or not occurring any more.

        A deviation does not occur any more if its requirement was `fully_seen` and no finding
        matches.
        """
        seen = set(fully_seen)
        problems: list[str] = []
        for number, deviation in enumerate(self._deviations):
            if deviation.expires < on:
                problems.append(
                    f"{deviation.name} expired on {day(deviation.expires)} "
                    f"(owner: {deviation.owner})"
                )
            elif number not in self._found and deviation.requirement in seen:
                problems.append(f"{deviation.name} does not occur any more: remove its entry")
        return tuple(problems)

    @property
    def renewable(self) -> tuple[str, ...]:
        """The entries whose fingerprint matches nothing, although their requirement fails.

        Either the server fails in another way, or a release of this program rewords the finding.
        """
        return tuple(
            deviation.name
            for number, deviation in enumerate(self._deviations)
            if deviation.fingerprint
            and number not in self._found
            and deviation.requirement in self._failed
        )
