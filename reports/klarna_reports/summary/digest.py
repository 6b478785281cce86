"""Collects what the summary needs from the scenarios, with one scenario in memory at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from klarna_reports.record.record import AcceptedDeviation, Played, TargetFacts, Unjudged
from klarna_reports.summary.accepted import Occurring
from klarna_reports.summary.causes import Causes
from klarna_reports.summary.reasons import Obstacles
from klarna_reports.summary.tally import JUDGED, Tallies

__all__ = ["Digest"]


@dataclass(slots=True)
class Digest:
    """Totals of all scenarios: findings, obstacles, requests.

    `flaky` counts the responses that needed a retry; `waited_s` is the total response time in
    seconds.
    """

    obstacles: Obstacles
    occurring: Occurring
    requirements: frozenset[str]
    found: Tallies = field(default_factory=Tallies)
    causes: Causes = field(default_factory=Causes)
    errors: list[str] = field(default_factory=list[str])
    unjudged: list[Unjudged] = field(default_factory=list[Unjudged])
    scenarios: int = 0
    judged: int = 0
    flaky: int = 0
    requests_sent: int = 0
    waited_s: float = 0.0
    orderless: bool = False
    provided: bool = False

    @classmethod
    def of(
        cls,
        scenarios: Iterable[Played],
        *,
        target: TargetFacts,
        deviations: Sequence[AcceptedDeviation],
        requirements: frozenset[str],
    ) -> "Digest":
        """The digest of all these scenarios, which are read once.

        An exchange counts as judged if one of these requirements judged it.
        """
        digest = cls(Obstacles(target), Occurring(deviations), requirements)
        for played in scenarios:
            digest._add(played)
        return digest

    def _add(self, played: Played) -> None:
        for collector in (self.found, self.obstacles, self.occurring):
            collector.add(played)
        if played.client is None:  # each violation of a client counts by itself
            self.causes.add(played)
        self.scenarios += 1
        self.judged += len(
            {
                finding.exchange
                for finding in played.findings
                if finding.verdict in JUDGED and finding.requirement in self.requirements
            }
        )
        self.orderless |= played.unavailable is not None
        self.provided |= bool(played.orders)
        self.unjudged.extend(played.unjudged)
        if played.error:
            self.errors.append(f"{played.id}: {played.error}")
        for exchange in played.exchanges:
            self.flaky += exchange.is_flaky
            self.requests_sent += exchange.requests
            self.waited_s += exchange.outcome.elapsed_s
