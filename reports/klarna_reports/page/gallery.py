"""Selects the scenarios and exchanges that the report shows in full: those of findings.

The explorer of the report has all others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

from klarna_reports.page.sequence import request_texts
from klarna_reports.page.shown import ShownExchange, ShownScenario, shown_exchange, shown_scenario
from klarna_reports.record.record import Played, Verdict
from klarna_reports.record.results import WORST_FIRST, ReportedFinding, Summary
from klarna_specs.spec import Spec

__all__ = ["Gallery"]

_ROOM = 1_500_000
_ALONGSIDE = 12
Place = tuple[str, int]


class Gallery:
    """Selects from the scenarios that are added, all of them in order.

    The exchanges of findings come first, then the other exchanges of the same scenarios.
    """

    def __init__(self, spec: Spec, summary: Summary) -> None:
        self._spec = spec
        self._summary = summary
        self._awaited = {finding.scenario for finding in summary.findings}
        self._played: dict[str, Played] = {}
        self._numbers: dict[str, int] = {}
        self._said: dict[str, list[str]] = {}
        self._added = 0
        self._room = _ROOM

    def add(self, played: Played) -> None:
        """Adds the next scenario."""
        if played.id in self._awaited:
            self._played[played.id] = played
            self._numbers[played.id] = self._added
            self._said[played.id] = request_texts(self._spec, played.exchanges)
        self._added += 1

    @cached_property
    def scenarios(self) -> Mapping[str, ShownScenario]:
        """The scenarios that the report shows, by id, each with the exchanges that fit."""
        return {
            name: shown_scenario(self._played[name], f"s{self._numbers[name]}", exchanges)
            for name, exchanges in self._chosen(self._summary).items()
        }

    def played(self, name: str) -> Played | None:
        """The scenario of a finding, by its id."""
        return self._played.get(name)

    def _chosen(self, summary: Summary) -> Mapping[str, Mapping[int, ShownExchange]]:
        chosen: defaultdict[str, dict[int, ShownExchange]] = defaultdict(dict)
        for finding in summary.findings:
            if finding.scenario in self._played:
                chosen[finding.scenario] = {}
        for name, index in self._wanted(summary):
            if self._room > 0 and index not in chosen.get(name, {}):
                if name not in chosen:
                    self._room -= shown_scenario(self._played[name], "", {}).length
                chosen[name][index] = shown = self._shown(name, index)
                self._room -= shown.length
        return chosen

    def _shown(self, name: str, index: int) -> ShownExchange:
        anchor = f"s{self._numbers[name]}-{index}"
        played = self._played[name]
        said, verdict = self._said[name][index], _verdict(played, index)
        return shown_exchange(
            played.exchanges[index],
            index,
            anchor,
            said=said,
            verdict=verdict,
            began_s=self._began_s(played),
        )

    def _began_s(self, played: Played) -> float | None:
        """When the first exchange was sent; None where calls to the mock took no time."""
        starts = [exchange.started_s for exchange in played.exchanges]
        real = played.client is not None or not self._summary.target.is_mock
        return min(starts) if real and any(starts) else None

    def _wanted(self, summary: Summary) -> Iterable[Place]:
        for finding in summary.findings:
            yield from self._existing(finding.scenario, finding.exchanges)
        for finding in summary.findings:
            yield from self._alongside(finding)

    def _alongside(self, finding: ReportedFinding) -> Iterable[Place]:
        last = max(finding.exchanges, default=0) + 1
        first = max(0, last - _ALONGSIDE)
        return self._existing(finding.scenario, range(first, max(last, first + _ALONGSIDE)))

    def _existing(self, name: str, indices: Iterable[int]) -> Iterable[Place]:
        played = self._played.get(name)
        known = len(played.exchanges) if played else 0
        return ((name, index) for index in indices if 0 <= index < known)


def _verdict(played: Played, index: int) -> Verdict | Literal[""]:
    """The worst verdict about an exchange; INFO only where nothing else was judged."""
    found = {each.verdict for each in played.findings if each.exchange == index}
    ranked: tuple[Verdict, ...] = tuple(each for each in WORST_FIRST if each in found)
    judged: tuple[Verdict, ...] = tuple(e for e in ranked if e not in ("INFO", "NOT_APPLICABLE"))
    return (judged or ranked)[0] if ranked else ""
