"""Overview tables: operations by requirement class, markets by capture layout."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from klarna_reports.record.record import Played, Verdict
from klarna_reports.record.results import WORST_FIRST, Summary
from klarna_reports.summary.aspects import CLASSES, RequirementClass, class_of
from klarna_specs.goals import Scope
from klarna_specs.plan import LAYOUTS
from klarna_specs.spec import Spec

__all__ = ["Cell", "Exercised", "Heat", "HeatMap", "operation_matrix"]

_SHADES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The number of requirements of one class of one operation, by verdict."""

    counts: Mapping[Verdict, int]

    @property
    def total(self) -> int:
        """The number of requirements."""
        return sum(self.counts.values())

    @property
    def met(self) -> int:
        """How many of them are met or informational."""
        return sum(self.counts.get(verdict, 0) for verdict in ("PASS", "INFO", "NOT_APPLICABLE"))

    @property
    def worst(self) -> Verdict:
        """The worst verdict, not counting informational ones: PASS and INFO make PASS."""
        found: list[Verdict] = [v for v in WORST_FIRST if self.counts.get(v)]
        weighty: list[Verdict] = [v for v in found if v not in ("INFO", "NOT_APPLICABLE")]
        return (weighty or found)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercised:
    """Scenarios on orders of one market and capture layout: how many, and how many failed.

    `shade` is their number on a logarithmic scale from 1 to 4.
    """

    scenarios: int
    failed: int
    unavailable: int
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """The scenarios of a run by market, then by capture layout; None where there were none."""

    layouts: tuple[str, ...]
    rows: Mapping[str, tuple[Exercised | None, ...]]

    @property
    def empty(self) -> int:
        """How many combinations had no scenario."""
        return sum(cell is None for row in self.rows.values() for cell in row)


def operation_matrix(
    spec: Spec, summary: Summary
) -> Mapping[str, Mapping[RequirementClass, Cell | None]]:
    """The cells by operation, then by class; None if an operation has no such requirement."""
    counts: defaultdict[str, defaultdict[RequirementClass, Counter[Verdict]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for result in summary.requirements:
        of_class = class_of(spec.requirement(result.id))
        counts[result.operation][of_class][result.verdict] += 1
    return {operation: _cells(by_class) for operation, by_class in counts.items()}


def _cells(
    by_class: Mapping[RequirementClass, Mapping[Verdict, int]],
) -> Mapping[RequirementClass, Cell | None]:
    cells: dict[RequirementClass, Cell | None] = {}
    for name in CLASSES:
        cells[name] = Cell(counts=by_class[name]) if name in by_class else None
    return cells


class HeatMap:
    """Counts the scenarios of a run by market and layout, without shrunk ones: they are repeats."""

    def __init__(self, spec: Spec, scope: Scope) -> None:
        self._markets = scope.markets or tuple(spec.markets)
        self._results: defaultdict[tuple[str, str], list[_Result]] = defaultdict(list)

    def add(self, played: Played) -> None:
        """Adds a scenario, if it has an order."""
        plan = played.scenario.plan
        if plan is not None and not played.shrunk_from:
            failed = any(finding.verdict == "FAIL" for finding in played.findings)
            result = _Result(bool(played.exchanges), failed, played.unavailable is not None)
            self._results[plan.market, plan.layout].append(result)

    @property
    def heat(self) -> Heat:
        """The table of all wanted or exercised markets."""
        found = self._results
        most = max(map(len, found.values()), default=1)
        markets = dict.fromkeys((*self._markets, *(market for market, _ in found)))
        rows = {
            market: tuple(_exercised(found.get((market, layout), ()), most) for layout in LAYOUTS)
            for market in markets
        }
        return Heat(layouts=LAYOUTS, rows=rows)


class _Result(NamedTuple):
    sent: bool
    failed: bool
    unavailable: bool


def _exercised(scenarios: Sequence[_Result], most: int) -> Exercised | None:
    if not scenarios:
        return None
    share = (len(scenarios).bit_length() - 1) / max(1, most.bit_length() - 1)
    return Exercised(
        scenarios=sum(one.sent for one in scenarios),
        failed=sum(one.failed for one in scenarios),
        unavailable=sum(one.unavailable for one in scenarios),
        shade=1 + min(_SHADES - 1, int(share * _SHADES)),
    )
