"""The values of the report's template, computed from a record and its summary."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from klarna_reports.page.deviations import Deviations
from klarna_reports.page.explorer import Weights, explore
from klarna_reports.page.faulted import FaultTable
from klarna_reports.page.gallery import Gallery
from klarna_reports.page.latency import Timings
from klarna_reports.page.matrix import HeatMap, operation_matrix
from klarna_reports.page.notable import notables
from klarna_reports.page.overview import Orders, overview, unseen
from klarna_reports.page.races import RaceKinds
from klarna_reports.record.journal import journal_digest
from klarna_reports.record.record import AcceptedDeviation, Record, Verdict
from klarna_reports.record.results import (
    DEVIATIONS,
    MET,
    WORST_FIRST,
    Overall,
    RequirementResult,
    Summary,
)
from klarna_reports.summary.aspects import CLASS_MEANINGS
from klarna_reports.summary.changes import KINDS, Changes
from klarna_reports.summary.history import PastRun
from klarna_reports.summary.judged import sides
from klarna_reports.words.wording import OVERALL_MEANINGS, VERDICT_MEANINGS
from klarna_specs.goals import goals
from klarna_specs.spec import Spec

__all__ = ["page_values"]

_ICONS: dict[Overall, Verdict] = {
    "CONFORMANT": "PASS",
    "CONFORMANT WITH KNOWN DEVIATIONS": "KNOWN",
    "NONCONFORMANT": "FAIL",
    "NOT FULLY VERIFIED": "NOT_RUN",
    "INTERNAL ERROR": "ERROR",
}
_LEVELS = ("MUST", "SHOULD", "INFO")


def page_values(
    spec: Spec,
    record: Record,
    summary: Summary,
    changes: Changes | None,
    runs: Sequence[PastRun] = (),
) -> Mapping[str, Any]:
    """The values by the names that the template uses."""
    judged = sides(record)
    orders, gallery, weights = Orders(), Gallery(spec, summary), Weights(summary)
    heat, races = HeatMap(spec, record.header.scope), RaceKinds(spec)
    faults, timings = FaultTable(), Timings(spec)
    for played in record.played:  # once, because that reads the journal
        for section in (orders, gallery, weights, heat, races, faults, timings):
            section.add(played)
    deviations = Deviations(spec, summary, gallery)
    return {
        "sides": judged,
        "faulted": faults.faulted,
        "summary": summary,
        "spec": spec,
        "header": record.header,
        "digest": journal_digest(record),
        "icon": _ICONS[summary.verdict] if summary.in_full or summary.exit_code else "INFO",
        "overview": overview(spec, record, summary, deviations, orders),
        "notables": notables(summary),
        "changes": changes,
        "change_kinds": KINDS,
        "runs": runs,
        "icons": _ICONS,
        # Calls to the mock in this process take turns: the times of a race mean nothing.
        "in_process": summary.target.is_mock
        and not (record.header.certified or record.header.watched),
        "counted": _counted(summary),
        "score": _score(summary.requirements),
        "levels": _LEVELS,
        "causes": {v: found for v in DEVIATIONS if (found := deviations.causes(v))},
        "accepted": _accepted(summary),
        "matrix": operation_matrix(spec, summary),
        "classes": CLASS_MEANINGS,
        "heat": heat.heat if "server" in judged else None,
        "operations": (operations := _operations(summary)),
        "scores": {name: _score(results) for name, results in operations.items()},
        "seen": _seen(spec, summary),
        "races": races.kinds,
        "latencies": timings.latencies if "server" in judged else [],
        "not_run": unseen(summary),
        "excused": [r for r in summary.requirements if r.verdict == "NOT_APPLICABLE"],
        "explorer": explore(spec, record, weights),
        "meanings": VERDICT_MEANINGS,
        "overall_meanings": OVERALL_MEANINGS,
    }


class _Score(NamedTuple):
    met: int
    accepted: int
    total: int


def _score(results: Iterable[RequirementResult]) -> _Score:
    """How many binding requirements are met, and in how many a deviation is accepted."""
    binding = [result.verdict for result in results if result.level == "MUST"]
    met = sum(verdict in MET for verdict in binding)
    return _Score(met, binding.count("KNOWN"), len(binding))


def _counted(summary: Summary) -> Mapping[Verdict, Mapping[str, int]]:
    counts: dict[Verdict, dict[str, int]] = {v: dict.fromkeys(_LEVELS, 0) for v in WORST_FIRST}
    for result in summary.requirements:
        counts[result.verdict][result.level] += 1
    return {verdict: levels for verdict, levels in counts.items() if any(levels.values())}


def _operations(summary: Summary) -> Mapping[str, list[RequirementResult]]:
    operations: defaultdict[str, list[RequirementResult]] = defaultdict(list)
    for result in summary.requirements:
        operations[result.operation].append(result)
    return operations


def _seen(spec: Spec, summary: Summary) -> Mapping[str, list[str]]:
    missing = {result.id: frozenset(result.goals_missing) for result in summary.requirements}
    seen: dict[str, list[str]] = {name: [] for name in missing}
    for goal in dict.fromkeys(goals(spec, summary.scope)):
        if goal.requirement in seen and goal.aspect not in missing[goal.requirement]:
            seen[goal.requirement].append(goal.aspect)
    return seen


def _accepted(summary: Summary) -> list[tuple[AcceptedDeviation, str]]:
    """Each accepted deviation with its state in this run."""
    day = summary.started_at[:10]
    verdicts = {result.id: result.verdict for result in summary.requirements}
    states: list[tuple[AcceptedDeviation, str]] = []
    for one in summary.deviations:
        verdict = verdicts.get(one.requirement)
        if one.expires.isoformat() < day:
            state = "expired"
        elif verdict is None:
            state = "not in scope"
        else:
            state = "observed" if verdict in ("KNOWN", "FAIL") else "not observed"
        states.append((one, state))
    return states
