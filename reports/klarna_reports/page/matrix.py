"""Overview tables: operations by requirement class, markets by capture layout."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from klarna_reports.record.record import Record, Verdict
from klarna_reports.record.results import WORST_FIRST, Summary
from klarna_reports.summary.aspects import CLASSES, RequirementClass, class_of
from klarna_specs.plan import LAYOUTS
from klarna_specs.spec import Spec

__all__ = ["Cell", "Exercised", "Heat", "heat_map", "operation_matrix"]

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
    classes: dict[str, RequirementClass] = {
        requirement.id: class_of(requirement) for requirement in spec.requirements
    }
    counts: defaultdict[str, defaultdict[RequirementClass, Counter[Verdict]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for result in summary.requirements:
        counts[result.operation][classes[result.id]][result.verdict] += 1
    return {operation: _cells(by_class) for operation, by_class in counts.items()}


def _cells(
    by_class: Mapping[RequirementClass, Mapping[Verdict, int]],
) -> Mapping[RequirementClass, Cell | None]:
    cells: dict[RequirementClass, Cell | None] = {}
    for name in CLASSES:
        cells[name] = Cell(counts=by_class[name]) if name in by_class else None
    return cells


def heat_map(spec: Spec, record: Record) -> Heat:
    """The scenarios of a run by market and layout, without shrunk ones, which are repeats."""
    played: defaultdict[tuple[str, str], list[_Result]] = defaultdict(list)
    for one in record.played:
        if one.scenario.plan is not None and not one.shrunk_from:
            place = one.scenario.plan.market, one.scenario.plan.layout
            failed = any(finding.verdict == "FAIL" for finding in one.findings)
            result = _Result(bool(one.exchanges), failed, one.unavailable is not None)
            played[place].append(result)
    most = max(map(len, played.values()), default=1)
    wanted = record.header.scope.markets or tuple(spec.markets)
    markets = dict.fromkeys((*wanted, *(market for market, _ in played)))
    return Heat(
        layouts=LAYOUTS,
        rows={
            market: tuple(_exercised(played.get((market, layout), ()), most) for layout in LAYOUTS)
            for market in markets
        },
    )


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
