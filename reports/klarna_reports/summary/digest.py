"""Collects what the summary needs from a record, with one scenario in memory at a time."""

from dataclasses import dataclass, field
from datetime import date
from functools import partial

from klarna_reports.record.record import Played, Record, Unjudged
from klarna_reports.summary.accepted import Occurring, with_accepted
from klarna_reports.summary.causes import Causes
from klarna_reports.summary.harm import cost
from klarna_reports.summary.reasons import Obstacles
from klarna_reports.summary.tally import JUDGED, Tallies
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.spec import Spec

__all__ = ["Digest"]


@dataclass(slots=True)
class Digest:
    """Totals of all scenarios: findings, obstacles, requests.

    Of traffic whose server and client are judged, each exchange counts once: `twice` are those
    that were judged on one side. `flaky` counts the responses that needed a retry; `waited_s` is
    the total response time in seconds.
    """

    obstacles: Obstacles
    occurring: Occurring
    requirements: frozenset[str]
    found: Tallies
    causes: Causes = field(default_factory=Causes)
    errors: list[str] = field(default_factory=list[str])
    unjudged: list[Unjudged] = field(default_factory=list[Unjudged])
    scenarios: int = 0
    judged: int = 0
    twice: set[tuple[Request, Response | Failure]] | None = None
    flaky: int = 0
    requests_sent: int = 0
    waited_s: float = 0.0
    orderless: bool = False
    provided: bool = False

    @classmethod
    def of(cls, spec: Spec, record: Record, *, on: date, requirements: frozenset[str]) -> "Digest":
        """The digest of a record, whose scenarios are read once.

        Violations that are accepted on that day are KNOWN. An exchange counts as judged if one of
        these requirements judged it.
        """
        header = record.header
        tallies = Tallies(partial(cost, spec))
        digest = cls(Obstacles(header.target), Occurring(header.deviations), requirements, tallies)
        digest.twice = set() if len(header.watched) > 1 else None
        for finding in record.excuses:
            digest.found[finding.requirement].add_excuse(finding)
        for played in with_accepted(record.played, header.deviations, on):
            digest._add(played)
        digest.unjudged.extend(record.unjudged)
        return digest

    def _add(self, played: Played) -> None:
        for collector in (self.found, self.obstacles, self.occurring, self.causes):
            collector.add(played)
        self.scenarios += 1
        judged = {
            finding.exchange
            for finding in played.findings
            if finding.verdict in JUDGED and finding.requirement in self.requirements
        }
        if self.twice is not None:
            exchanges = {(played.exchanges[n].request, played.exchanges[n].outcome) for n in judged}
            self.judged += len(exchanges - self.twice)
            self.twice |= exchanges
        else:
            self.judged += len(judged)
        self.orderless |= played.unavailable is not None
        self.provided |= bool(played.orders)
        self.unjudged.extend(played.unjudged)
        if played.error:
            self.errors.append(f"{played.id}: {played.error}")
        for exchange in played.exchanges:
            self.flaky += exchange.is_flaky
            self.requests_sent += exchange.requests
            self.waited_s += exchange.outcome.elapsed_s
