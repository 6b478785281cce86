"""All that is needed to know of a record's scenarios, of which only one at a time is in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from klarna_reports.record.record import KnownDeviation, Played, TargetFacts, Unjudged
from klarna_reports.summary.causes import Company
from klarna_reports.summary.known import Occurring
from klarna_reports.summary.reasons import Obstacles
from klarna_reports.summary.tally import JUDGED, Tallies

__all__ = ["Digest"]


@dataclass(slots=True)
class Digest:
    """What scenarios come to: findings counted, what stood in the way, how much was sent.

    `flaky` counts the answers that came only when a call was sent again, `waited_s` is for how
    long answers were waited for, in seconds.
    """

    obstacles: Obstacles
    occurring: Occurring
    requirements: frozenset[str]
    found: Tallies = field(default_factory=Tallies)
    company: Company = field(default_factory=Company)
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
        deviations: Sequence[KnownDeviation],
        requirements: frozenset[str],
    ) -> "Digest":
        """The digest of all these scenarios, which are gone through once.

        An exchange counts as judged where one of these requirements looked at it.
        """
        digest = cls(Obstacles(target), Occurring(deviations), requirements)
        for played in scenarios:
            digest._add(played)
        return digest

    def _add(self, played: Played) -> None:
        for collector in (self.found, self.obstacles, self.occurring):
            collector.add(played)
        if played.client is None:  # of a client each mistake counts, whatever it came along with
            self.company.add(played)
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
