"""The summary of a record: a verdict for each requirement, and one for the run.

The worst verdict counts, and a requirement with goals that did not occur is NOT_RUN, never PASS.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

import msgspec

from klarna_reports.record.record import Header, Record, Verdict
from klarna_reports.record.results import (
    DEVIATIONS,
    EXIT_CODES,
    NOTHING_PROVIDED,
    WORST_FIRST,
    Cause,
    ContradictionResult,
    Exemplar,
    Overall,
    ReportedFinding,
    RequirementResult,
    Summary,
)
from klarna_reports.summary.accepted import fingerprint_of
from klarna_reports.summary.digest import Digest
from klarna_reports.summary.harm import Stake, stake
from klarna_reports.summary.judged import judged_spec
from klarna_reports.summary.overall import Evidence, overall
from klarna_reports.summary.reasons import Obstacles, verdict_reason
from klarna_reports.summary.replay import counterexample_name, replay_line
from klarna_reports.summary.tally import Group, Tally, exchanges_of
from klarna_reports.words.curl import curl_line
from klarna_reports.words.finding_sentence import currency_of, finding_sentence
from klarna_specs.goals import goals
from klarna_specs.spec import Level, Requirement, Spec

__all__ = [
    "EXIT_CODES",
    "Cause",
    "ContradictionResult",
    "Exemplar",
    "Overall",
    "ReportedFinding",
    "RequirementResult",
    "Summary",
    "combined",
    "summarise",
]

_FINDINGS_EACH = 5
_NO_FOOTER = "the record has no footer: the run was interrupted"


def combined(level: Level, verdicts: Collection[Verdict], *, all_seen: bool) -> Verdict:
    """The verdict of a requirement: the worst of its findings, or NOT_RUN.

    If not all goals occurred, only a violation outweighs NOT_RUN. A WARN does so if the level is
    not MUST, because a broken recommendation says more than one that is not fully verified.
    """
    found: list[Verdict] = sorted(verdicts, key=WORST_FIRST.index)
    worst = found[0] if found else "NOT_RUN"
    outweighs = worst in ("ERROR", "FAIL", "KNOWN") or (worst == "WARN" and level != "MUST")
    return worst if all_seen or outweighs else "NOT_RUN"


def summarise(spec: Spec, record: Record) -> Summary:
    """The summary of a record.

    `spec` is the loaded spec; the record says which of its requirements count.

    >>> summarise(spec, record).reason
    'One requirement is violated.'
    """
    spec = judged_spec(spec, record.header)
    header, footer = record.header, record.footer
    today = _day(header.started_at)
    admitted = [r for r in spec.requirements if header.scope.admits(r)]
    digest = Digest.of(record, on=today, requirements=frozenset(r.id for r in admitted))
    found = digest.found
    results = _results(spec, header, admitted, digest)
    heard = [found[r.id] for r in admitted if r.id in found]
    stopped = _NO_FOOTER if footer is None else footer.stopped or _in_part(header)
    errors = (*digest.errors, *_unknown(spec, found))
    verdict, reason = overall(
        Evidence(
            results=results,
            verdicts=frozenset(v for tally in heard for v in tally.verdicts),
            judged=digest.judged,
            errors=errors,
            stopped=stopped,
            outdated=digest.occurring.outdated(today, fully_seen=_fully_seen(header, results)),
            renewable=digest.occurring.renewable,
            strict=header.strict,
            partial_scope=not header.scope.is_everything,
        )
    )
    summary = Summary(
        verdict=verdict,
        exit_code=_exit_code(verdict, header, digest),
        reason=reason + _flaky_text(digest.flaky),
        run_id=header.run_id,
        started_at=header.started_at,
        seed=header.seed,
        target=header.target,
        versions=header.versions,
        specs=header.specs,
        command=header.command,
        scope=header.scope,
        strict=header.strict,
        stopped=stopped,
        requests_sent=digest.requests_sent if footer is None else footer.requests_sent,
        exchanges=digest.judged,
        scenarios=digest.scenarios,
        flaky=digest.flaky,
        wall_s=digest.waited_s if footer is None else footer.wall_s,
        counts={v: sum(r.verdict == v for r in results) for v in WORST_FIRST},
        requirements=results,
        findings=_reported(spec, header.target.base_url, admitted, found),
        contradictions=_contradictions(spec, found),
        errors=errors,
        deviations=header.deviations,
        unjudged=tuple(digest.unjudged),
    )
    return msgspec.structs.replace(summary, causes=_causes(spec, summary, found))


def _day(started_at: str) -> date:
    """The day of a run; the last possible day if it cannot be read, so that nothing is accepted."""
    try:
        return datetime.fromisoformat(started_at).date()
    except ValueError:
        return date.max


def _in_part(header: Header) -> str:
    return f"this is shard {header.shard} of the run; `report` merges the shards" * bool(
        header.shard
    )


def _fully_seen(header: Header, results: Iterable[RequirementResult]) -> list[str]:
    """The requirements with all goals; none in a shard, because another shard may have more."""
    return [] if header.shard else [r.id for r in results if not r.goals_missing]


def _flaky_text(flaky: int) -> str:
    """The note about flaky responses, which goes with any verdict."""
    if not flaky:
        return ""
    responses = "One response" if flaky == 1 else f"{flaky} responses"
    return f" {responses} needed a retry."


def _exit_code(verdict: Overall, header: Header, digest: Digest) -> int:
    """The code of the verdict; that of a failed preflight if no order could be provisioned.

    In watched traffic, a client can be judged although its orders are unknown.
    """
    nothing = digest.orderless and not digest.provided
    if verdict == "NOT FULLY VERIFIED" and nothing and not (header.watched and digest.judged):
        return NOTHING_PROVIDED
    return EXIT_CODES[verdict]


def _results(
    spec: Spec, header: Header, admitted: list[Requirement], digest: Digest
) -> tuple[RequirementResult, ...]:
    found, obstacles = digest.found, digest.obstacles
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for goal in goals(spec, header.scope):
        wanted[goal.requirement].append(goal.aspect)
    follows = digest.causes.roots(spec, found)
    return tuple(
        msgspec.structs.replace(
            _result(
                requirement, found.get(requirement.id, Tally()), wanted[requirement.id], obstacles
            )
            if header.watched or "traffic" not in requirement.needs
            else _only_in_traffic(requirement),
            proofs=header.proofs.get(requirement.id, 0),
            beside=follows.get(requirement.id, ""),
        )
        for requirement in admitted
    )


def _only_in_traffic(requirement: Requirement) -> RequirementResult:
    result = _result(requirement, Tally(), [], None)
    reason = "it is about traffic of other clients, and a run sends its own"
    return msgspec.structs.replace(result, verdict="NOT_APPLICABLE", reason=reason)


def _result(
    requirement: Requirement, tally: Tally, wanted: list[str], obstacles: Obstacles | None
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
        reason=verdict_reason(verdict, tally, missing, why),
        findings=tally.not_passed,
        evidence=tally.evidence,
        goals_seen=len(aspects) - len(missing),
        goals_missing=missing,
        exemplars=tuple(tally.exemplars),
        unlisted=tally.deviations - sum(group.count for group in _shown(tally)),
    )


def _shown(tally: Tally) -> list[Group]:
    return [g for g in tally.worst_groups if g.verdict in DEVIATIONS][:_FINDINGS_EACH]


def _reported(
    spec: Spec, base_url: str, admitted: list[Requirement], found: Mapping[str, Tally]
) -> tuple[ReportedFinding, ...]:
    groups = [(r, group) for r in admitted if r.id in found for group in _shown(found[r.id])]
    groups.sort(key=lambda pair: DEVIATIONS.index(pair[1].verdict))
    return tuple(_reported_finding(spec, base_url, r, group) for r, group in groups)


def _reported_finding(
    spec: Spec, base_url: str, requirement: Requirement, group: Group
) -> ReportedFinding:
    shown = exchanges_of(group.played, group.finding)
    curl = curl_line(base_url, group.played.exchanges[shown[0]].request) if shown else ""
    return ReportedFinding(
        requirement=group.finding.requirement,
        verdict=group.verdict,
        sentence=finding_sentence(spec, requirement, group.played, group.finding),
        expected=group.expected,
        observed=group.observed,
        fingerprint=fingerprint_of(group.finding.requirement, group.expected, group.observed),
        scenario=group.played.id,
        exchanges=shown,
        curl=curl,
        count=group.count,
    )


def _causes(spec: Spec, summary: Summary, found: Mapping[str, Tally]) -> tuple[Cause, ...]:
    """The violations with their consequences; for a server the most expensive cause first."""
    violated = [result for result in summary.requirements if result.verdict == "FAIL"]
    causes: list[tuple[Stake, Cause]] = []
    for root in (result for result in violated if not result.beside):
        example = next(g for g in found[root.id].worst_groups if g.verdict == "FAIL")
        cost = stake(spec, spec.requirement(root.id), example.played, example.finding)
        sentence = next(f.sentence for f in summary.findings if f.requirement == root.id)
        cause = Cause(
            root=root.id,
            requirements=(root.id, *(r.id for r in violated if r.beside == root.id)),
            sentence=sentence,
            amount=cost.amount,
            currency=currency_of(example.played),
            counterexample=f"counterexamples/{counterexample_name(root.id)}",
            replay=replay_line(summary, root.id),
        )
        causes.append((cost, cause))
    return tuple(cause for _, cause in sorted(causes, key=lambda pair: _cost(pair[0])))


def _cost(cost: Stake) -> tuple[int, int]:
    """What sorts the most expensive first."""
    return cost.harm, -(cost.amount or 0)


def _contradictions(spec: Spec, found: Mapping[str, Tally]) -> tuple[ContradictionResult, ...]:
    return tuple(
        ContradictionResult(
            id=contradiction.id,
            section=contradiction.section,
            statement=contradiction.statement,
            readings=contradiction.readings,
            followed=dict(found.get(contradiction.id, Tally()).readings),
            unobserved=contradiction.unobserved,
        )
        for contradiction in spec.contradictions
    )


def _unknown(spec: Spec, found: Mapping[str, Tally]) -> list[str]:
    known = {r.id for r in spec.requirements} | {c.id for c in spec.contradictions}
    return [f"{name}: the specs have no such requirement" for name in found if name not in known]
