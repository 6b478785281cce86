"""The verdict of each requirement, and the reason for it."""

from collections import defaultdict
from collections.abc import Collection

import msgspec

from klarna_reports.record.record import Header, Verdict
from klarna_reports.record.results import DEVIATIONS, WORST_FIRST, RequirementResult
from klarna_reports.summary.accepted import fingerprint_of
from klarna_reports.summary.digest import Digest
from klarna_reports.summary.reasons import Obstacles, verdict_reason
from klarna_reports.summary.tally import Group, Tally
from klarna_specs.goals import goals
from klarna_specs.spec import Level, Requirement, Spec

__all__ = ["combined", "results_of", "shown_groups"]

_FINDINGS_EACH = 5
_ONLY_IN_TRAFFIC = "it is about traffic of other clients, and a run sends its own"


def combined(level: Level, verdicts: Collection[Verdict], *, all_seen: bool) -> Verdict:
    """The verdict of a requirement: the worst of its findings, or NOT_RUN.

    If not all goals occurred, only a violation outweighs NOT_RUN. A WARN does so if the level is
    not MUST, because a broken recommendation says more than one that is not fully verified.
    """
    found: list[Verdict] = sorted(verdicts, key=WORST_FIRST.index)
    worst = found[0] if found else "NOT_RUN"
    outweighs = worst in ("ERROR", "FAIL", "KNOWN") or (worst == "WARN" and level != "MUST")
    return worst if all_seen or outweighs else "NOT_RUN"


def results_of(
    spec: Spec, header: Header, admitted: list[Requirement], digest: Digest
) -> tuple[RequirementResult, ...]:
    """The result of each admitted requirement, and of those of the scope that do not apply.

    The operations are in their order.
    """
    found, obstacles = digest.found, digest.obstacles
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for goal in goals(spec, header.scope):
        wanted[goal.requirement].append(goal.aspect)
    follows = digest.causes.roots(spec, admitted, found)
    judged = [
        msgspec.structs.replace(
            _result(
                spec,
                requirement,
                found.get(requirement.id, Tally()),
                wanted[requirement.id],
                obstacles,
            )
            if header.watched or "traffic" not in requirement.needs
            else _not_applicable(spec, requirement, _ONLY_IN_TRAFFIC),
            proofs=header.proofs.get(requirement.id, 0),
            beside=follows.get(requirement.id, ""),
        )
        for requirement in admitted
    ]
    excluded = [
        _not_applicable(spec, each.requirement, each.reason)
        for each in spec.inapplicable
        if header.scope.admits(each.requirement)
    ]
    places = {name: place for place, name in enumerate(spec.operations)}
    return tuple(sorted((*judged, *excluded), key=lambda result: places[result.operation]))


def _not_applicable(spec: Spec, requirement: Requirement, reason: str) -> RequirementResult:
    result = _result(spec, requirement, Tally(), [], None)
    return msgspec.structs.replace(result, verdict="NOT_APPLICABLE", reason=reason)


def _result(
    spec: Spec,
    requirement: Requirement,
    tally: Tally,
    wanted: list[str],
    obstacles: Obstacles | None,
) -> RequirementResult:
    aspects = tuple(dict.fromkeys(wanted))
    missing = tuple(aspect for aspect in aspects if aspect not in tally.aspects)
    verdict = combined(requirement.level, tally.verdicts, all_seen=not missing)
    why = obstacles.reasons(requirement, missing) if missing and obstacles else []
    return RequirementResult(
        id=requirement.id,
        level=requirement.level,
        operation=requirement.operation,
        statement=requirement.statement,
        section=requirement.section,
        source=requirement.source,
        verdict=verdict,
        reason=verdict_reason(spec, requirement, verdict, tally, missing, why),
        findings=tally.not_passed,
        evidence=tally.evidence,
        goals_seen=len(aspects) - len(missing),
        goals_missing=missing,
        exemplars=tuple(tally.exemplars),
        unlisted=tally.deviations - sum(group.count for group in shown_groups(tally)),
    )


def shown_groups(tally: Tally) -> list[Group]:
    """The deviations that a report lists for one requirement, the worst first.

    The saved one comes second if it is not the first; then one of each kind comes before others of
    the same kind.
    """
    seen: set[tuple[Verdict, str]] = set()
    ranked: list[tuple[int, bool, bool, Group]] = []
    for group in tally.worst_groups:
        if group.verdict in DEVIATIONS:
            requirement = group.finding.requirement
            kind = group.verdict, fingerprint_of(requirement, group.expected, group.observed)
            prominent = not ranked or group.is_saved
            rank = WORST_FIRST.index(group.verdict)
            ranked.append((rank, not prominent, kind in seen and not prominent, group))
            seen.add(kind)
    ranked.sort(key=lambda each: each[:3])
    return [group for *_, group in ranked[:_FINDINGS_EACH]]
