"""All exchanges of a record, packed for the report's explorer to search and filter.

The columns of all exchanges are one compressed JSON object. The contents of the exchanges are in
compressed chunks, for as many exchanges as fit. All values are text.
"""

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from klarna_reports.page.latency import OperationNames
from klarna_reports.page.shown import response_line, shown_headers, visible
from klarna_reports.record.record import Finding, Played, Record, Verdict
from klarna_reports.record.results import DEVIATIONS, WORST_FIRST, Summary
from klarna_reports.words.client_wording import episode_text, setting_text
from klarna_reports.words.curl import curl_line
from klarna_reports.words.wording import cut, outcome_text, purpose_text
from klarna_specs.exchange import Exchange, Failure, Payload
from klarna_specs.spec import Spec

__all__ = ["Explorer", "Weights", "explore"]

_ROOM = 4_500_000
"""The maximum size of all chunks, in characters."""
_MOST_ROWS = 60_000
_CHUNK = 400
_LONGEST_BODY = 4000
_LONGEST_CURL = 3000
_LONGEST_TEXT = 600
_ELSEWHERE = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explorer:
    """The embedded data in base64: `columns`, and `chunks` with the contents of exchanges.

    Of the `exchanges` in the record, `rows` are listed and `whole` have their contents embedded.
    """

    columns: str
    chunks: tuple[str, ...]
    rows: int
    whole: int
    exchanges: int


class Weights:
    """Orders the scenarios that are added: those of findings, the examples of evidence, others."""

    def __init__(self, summary: Summary) -> None:
        self._exemplary = {e.scenario for result in summary.requirements for e in result.exemplars}
        self._reported = {finding.scenario for finding in summary.findings}
        self._weights: list[int] = []
        self.exchanges = 0

    def add(self, played: Played) -> None:
        """Adds the next scenario."""
        self.exchanges += len(played.exchanges)
        if played.id in self._reported or any(f.verdict in DEVIATIONS for f in played.findings):
            self._weights.append(0)
        else:
            self._weights.append(1 if played.id in self._exemplary else 2)

    @property
    def order(self) -> list[int]:
        """The places of the scenarios in the record, the first to show first."""
        return sorted(range(len(self._weights)), key=self._weights.__getitem__)


def explore(spec: Spec, record: Record, weights: Weights, *, room: int = _ROOM) -> Explorer:
    """Packs the exchanges of a record, in the order of the weights of all its scenarios."""
    packing = _Packing(OperationNames(spec), room)
    for place in weights.order:
        if len(packing.rows) < _MOST_ROWS:
            packing.add(record.played[place])
    packing.close()
    return Explorer(
        columns=_packed(packing.columns()),
        chunks=tuple(packing.chunks),
        rows=len(packing.rows),
        whole=packing.whole,
        exchanges=weights.exchanges,
    )


class _Numbers(dict[Any, int]):
    """Numbers for values, in order of first use."""

    def __missing__(self, value: Any) -> int:
        self[value] = number = len(self)
        return number


@dataclass(slots=True)
class _Packing:
    names: OperationNames
    room: int
    rows: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    chunks: list[str] = field(default_factory=list[str])
    whole: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    scenarios: _Numbers = field(default_factory=_Numbers)
    operations: _Numbers = field(default_factory=_Numbers)
    outcomes: _Numbers = field(default_factory=_Numbers)
    markets: _Numbers = field(default_factory=_Numbers)
    layouts: _Numbers = field(default_factory=_Numbers)
    requirements: _Numbers = field(default_factory=_Numbers)
    judgements: _Numbers = field(default_factory=_Numbers)
    alike: dict[tuple[tuple[str, Verdict], ...], int] = field(
        default_factory=dict[tuple[tuple[str, Verdict], ...], int]
    )

    def add(self, played: Played) -> None:
        """Adds the exchanges of a scenario, with their contents while these fit."""
        judged: defaultdict[int, list[tuple[str, Verdict]]] = defaultdict(list)
        shown: defaultdict[int, list[Finding]] = defaultdict(list)
        for finding in played.findings:
            judged[finding.exchange].append((finding.requirement, finding.verdict))
            if finding.verdict != "PASS":
                shown[finding.exchange].append(finding)
        settings = _settings(played)
        for index, exchange in enumerate(played.exchanges):
            if len(self.rows) >= _MOST_ROWS:
                return
            self.rows.append(self._row(played, index, exchange, judged[index]))
            if self.room > 0 and len(self.rows) == self.whole + len(self.waiting) + 1:
                self.waiting.append(_contents(settings[index], exchange, shown[index]))
                if len(self.waiting) == _CHUNK:
                    self.close()

    def close(self) -> None:
        """Packs the pending contents; drops them if they do not fit any more."""
        if not self.waiting:
            return
        chunk = _packed(self.waiting)
        self.room -= len(chunk)
        if self.room >= 0:
            self.chunks.append(chunk)
            self.whole += len(self.waiting)
        self.waiting = []

    def _row(
        self, played: Played, index: int, exchange: Exchange, judged: Iterable[tuple[str, Verdict]]
    ) -> tuple[int, ...]:
        plan = played.scenario.plan
        outcome = exchange.outcome
        status = outcome.kind if isinstance(outcome, Failure) else f"{outcome.status}"
        return (
            self.scenarios[visible(played.id)],
            index,
            self.operations[self.names.of(exchange.request) or _ELSEWHERE],
            self.outcomes[status],
            round(exchange.outcome.elapsed_s * 100_000),
            self.markets[visible(plan.market) if plan else ""],
            self.layouts[plan.layout if plan else ""],
            self._judgement(tuple(judged)),
        )

    def _judgement(self, judged: tuple[tuple[str, Verdict], ...]) -> int:
        """The number of what was judged of an exchange; most are judged alike."""
        known = self.alike.get(judged)
        if known is None:
            numbered = {(self.requirements[name], verdict) for name, verdict in judged}
            known = self.alike[judged] = self.judgements[tuple(sorted(numbered))]
        return known

    def columns(self) -> Mapping[str, Any]:
        """The rows by column, and the values that their numbers stand for."""
        rank = {verdict: number for number, verdict in enumerate(WORST_FIRST)}
        names = (
            *("scenario", "index", "operation", "outcome", "took"),
            *("market", "layout", "judgement"),
        )
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(names)
        return {
            "columns": dict(zip(names, columns, strict=True)),
            "scenario": [*self.scenarios],
            "operation": [*self.operations],
            "outcome": [*self.outcomes],
            "market": [*self.markets],
            "layout": [*self.layouts],
            "requirement": [visible(name) for name in self.requirements],
            "verdict": WORST_FIRST,
            "judgement": [[[r, rank[verdict]] for r, verdict in one] for one in self.judgements],
            "chunk": _CHUNK,
            "whole": self.whole,
        }


def _settings(played: Played) -> Sequence[str]:
    """The setting of each exchange; for a client, with the command that it belongs to."""
    setting = setting_text(played)
    settings = [visible(cut(setting, _LONGEST_TEXT))] * len(played.exchanges)
    for episode in played.client.episodes if played.client else ():
        text = visible(cut(f"{setting} {episode_text(episode)}.".strip(), _LONGEST_TEXT))
        last = episode.first + episode.count
        settings[episode.first : last] = [text] * len(settings[episode.first : last])
    return settings


def _contents(setting: str, exchange: Exchange, findings: Iterable[Finding]) -> dict[str, Any]:
    """What the explorer shows of an exchange, with the findings that are no PASS."""
    request, outcome = exchange.request, exchange.outcome
    failed = isinstance(outcome, Failure)
    curl = "" if len(request.body.text) > _LONGEST_CURL else curl_line("$BASE_URL", request)
    return {
        "path": visible(f"{cut(request.method, 40)} {cut(request.path, 1000)}"),
        "plan": setting,
        "purpose": purpose_text(exchange),
        "outcome": outcome_text(exchange),
        "request_headers": [
            visible(f"{name}: {value}") for name, value in _request_headers(exchange)
        ],
        "body": _body(request.body),
        "line": visible(response_line(exchange)),
        "response_headers": []
        if failed
        else [visible(f"{name}: {value}") for name, value in shown_headers(outcome.headers)],
        "answer": "" if failed else _body(outcome.body),
        "curl": visible(cut(curl, _LONGEST_CURL)),
        "findings": [
            [f.requirement, f.verdict, *(visible(cut(t, _LONGEST_TEXT)) for t in _texts(f))]
            for f in findings
        ],
    }


def _request_headers(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return shown_headers(exchange.request.headers, exchange.request.credentials)


def _texts(finding: Finding) -> tuple[str, str]:
    return finding.expected, finding.observed or finding.interpretation


def _body(payload: Payload) -> str:
    return visible(cut(payload.text, _LONGEST_BODY))


def _packed(value: Any) -> str:
    """The value as JSON, zlib-compressed, in base64."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(value), 7)).decode()
