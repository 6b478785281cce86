"""The findings that a report lists, and their causes."""

from collections.abc import Mapping

from klarna_reports.record.record import Header
from klarna_reports.record.results import DEVIATIONS, Cause, ReportedFinding, Summary
from klarna_reports.summary.accepted import fingerprint_of
from klarna_reports.summary.harm import Stake, stake
from klarna_reports.summary.replay import (
    COUNTEREXAMPLES,
    counterexample_name,
    replay_line,
    script_line,
)
from klarna_reports.summary.tally import Group, Tally
from klarna_reports.summary.verdicts import shown_groups
from klarna_reports.words.curl import curl_line
from klarna_reports.words.finding_sentence import currency_of, finding_sentence
from klarna_specs.exchange import Request
from klarna_specs.spec import Spec

__all__ = ["causes_of", "reported_findings"]


def reported_findings(
    spec: Spec, header: Header, tallies: Mapping[str, Tally]
) -> tuple[ReportedFinding, ...]:
    """The deviations that a report lists, the worst verdict first; `tallies` by requirement."""
    groups: list[tuple[Group, bool]] = []
    for tally in tallies.values():
        own = shown_groups(tally)
        saved = next((group for group in own if group.is_saved), own[0] if own else None)
        groups.extend((group, group is saved) for group in own)
    groups.sort(key=lambda pair: DEVIATIONS.index(pair[0].verdict))
    return tuple(_reported_finding(spec, header, *pair) for pair in groups)


def _reported_finding(spec: Spec, header: Header, group: Group, saved: bool) -> ReportedFinding:
    requirement = spec.requirement(group.finding.requirement)
    shown = group.played.exchanges_of(group.finding)
    sent = group.played.exchanges[shown[0]].request if shown else None
    kept = group.verdict in ("FAIL", "KNOWN") or (group.verdict == "WARN" and header.strict)
    replay = replay_line(header, requirement.id) if kept else ""
    return ReportedFinding(
        requirement=requirement.id,
        verdict=group.verdict,
        sentence=finding_sentence(spec, requirement, group.played, group.finding),
        expected=group.expected,
        observed=group.observed,
        fingerprint=fingerprint_of(requirement.id, group.expected, group.observed),
        scenario=group.played.id,
        exchanges=shown,
        curl=_by_hand(header, requirement.id, sent, replay),
        count=group.count,
        replay=replay,
        saved=bool(replay) and saved,
    )


def _by_hand(header: Header, requirement: str, sent: Request | None, replay: str) -> str:
    """A shell command that sends a request again; empty for a target that has ended by then."""
    if header.target.in_process:
        return script_line(header, requirement) if replay else ""
    return curl_line(header.target.base_url, sent) if sent and not header.certified else ""


def causes_of(spec: Spec, summary: Summary, found: Mapping[str, Tally]) -> tuple[Cause, ...]:
    """The violations with their consequences; for a server the most expensive cause first."""
    violated = [result for result in summary.requirements if result.verdict == "FAIL"]
    causes: list[tuple[Stake, Cause]] = []
    for root in (result for result in violated if not result.beside):
        example = next(g for g in found[root.id].worst_groups if g.verdict == "FAIL")
        cost = stake(spec, spec.requirement(root.id), example.played, example.finding)
        finding = next(f for f in summary.findings if f.requirement == root.id)
        cause = Cause(
            root=root.id,
            requirements=(root.id, *(r.id for r in summary.requirements if r.beside == root.id)),
            sentence=finding.sentence,
            amount=cost.amount,
            currency=currency_of(example.played),
            counterexample=f"{COUNTEREXAMPLES}/{counterexample_name(root.id)}",
            replay=finding.replay,
        )
        causes.append((cost, cause))
    return tuple(cause for _, cause in sorted(causes, key=lambda pair: pair[0].cost))
