"""Concurrent calls: which operations raced, and when each call was sent and answered."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klarna_reports.record.record import Played
from klarna_reports.words.amounts import major
from klarna_reports.words.exchange_lines import KeyNames
from klarna_reports.words.finding_sentence import currency_of
from klarna_reports.words.wording import cut, outcome_text
from klarna_specs.calls import KEY_HEADER, operation_of
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["Race", "RaceKind", "RaceKinds", "Span", "races_of"]

_WIDTH = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One call of a race: when it was sent and answered, in ms, and its bar on a width of 300."""

    label: str
    outcome: str
    sent_ms: float
    answered_ms: float
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Concurrent calls in the order of their responses."""

    scenario: str
    spans: tuple[Span, ...]
    lasted_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceKind:
    """Races of the same operations: how many, how many failed, and one example."""

    operations: str
    calls: str
    races: int
    failed: int
    shown: Race


def races_of(spec: Spec, played: Played) -> tuple[Race, ...]:
    """The races of a scenario, in order."""
    groups: defaultdict[int, list[Exchange]] = defaultdict(list)
    for exchange in played.exchanges:
        if exchange.group is not None:
            groups[exchange.group].append(exchange)
    return tuple(_race(spec, played, group) for group in groups.values())


class RaceKinds:
    """Collects all races of a run by their operations, each with whether its scenario failed."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._found: defaultdict[str, list[tuple[bool, Race]]] = defaultdict(list)

    def add(self, played: Played) -> None:
        """Adds the races of a scenario."""
        if races := races_of(self._spec, played):
            failed = _failed(played)
            found = self._found[_operations(self._spec, played)]
            found.extend((failed, race) for race in races)

    @property
    def kinds(self) -> tuple[RaceKind, ...]:
        """The kinds, each with an example: the smallest failed race, or else the largest one."""
        kinds = [_kind(names, races) for names, races in self._found.items()]
        return tuple(sorted(kinds, key=lambda kind: (-kind.failed, -kind.races)))


def _kind(operations: str, races: Sequence[tuple[bool, Race]]) -> RaceKind:
    sizes = [len(race.spans) for _, race in races]
    low, high = min(sizes), max(sizes)
    failing = [race for failed, race in races if failed]
    shown = min(failing, key=_size) if failing else max((race for _, race in races), key=_size)
    return RaceKind(
        operations=operations,
        calls=f"{low}" if low == high else f"{low} to {high}",
        races=len(races),
        failed=len({race.scenario for failed, race in races if failed}),
        shown=shown,
    )


def _size(race: Race) -> int:
    return len(race.spans)


def _failed(played: Played) -> bool:
    racing = {i for i, each in enumerate(played.exchanges) if each.group is not None}
    first = min(racing, default=0)
    return any(f.verdict == "FAIL" and f.exchange >= first for f in played.findings)


def _operations(spec: Spec, played: Played) -> str:
    names = {_name(spec, each) for each in played.exchanges if each.group is not None}
    return " and ".join(sorted(names))


def _name(spec: Spec, exchange: Exchange) -> str:
    operation = operation_of(spec, exchange.request)
    return operation.operation if operation else cut(exchange.request.method, 40)


def _race(spec: Spec, played: Played, group: Iterable[Exchange]) -> Race:
    ordered = sorted(group, key=_answered_s)
    began_s = min(exchange.started_s for exchange in ordered)
    lasted_ms = max(1e-6, (_answered_s(ordered[-1]) - began_s) * 1000)
    currency = currency_of(played)
    keys = KeyNames()
    labelled = ((_label(spec, exchange, currency, keys), exchange) for exchange in ordered)
    spans = (_span(label, exchange, began_s, lasted_ms) for label, exchange in labelled)
    return Race(
        scenario=played.id,
        spans=tuple(spans),
        lasted_ms=lasted_ms,
    )


def _span(label: str, exchange: Exchange, began_s: float, lasted_ms: float) -> Span:
    sent_ms = (exchange.started_s - began_s) * 1000
    answered_ms = (_answered_s(exchange) - began_s) * 1000
    return Span(
        label=label,
        outcome=outcome_text(exchange),
        sent_ms=sent_ms,
        answered_ms=answered_ms,
        x=round(_WIDTH * sent_ms / lasted_ms, 1),
        width=round(max(2.0, _WIDTH * (answered_ms - sent_ms) / lasted_ms), 1),
    )


def _label(spec: Spec, exchange: Exchange, currency: str, keys: KeyNames) -> str:
    amount, key = exchange.request.refunds, exchange.request.header(KEY_HEADER)
    name = _name(spec, exchange) + (f" {major(amount, currency)}" if amount else "")
    return f"{name}, {keys.name(key)}" if key else name


def _answered_s(exchange: Exchange) -> float:
    return exchange.started_s + exchange.outcome.elapsed_s
