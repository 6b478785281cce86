"""The summary of a record: a verdict for each requirement, and one for the run.

The worst verdict counts, and a requirement with goals that did not occur is NOT_RUN, never PASS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from klarna_reports.record.record import Header, Record
from klarna_reports.record.results import (
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
from klarna_reports.summary.digest import Digest
from klarna_reports.summary.judged import judged_spec
from klarna_reports.summary.overall import Evidence, overall
from klarna_reports.summary.reported import causes_of, reported_findings
from klarna_reports.summary.resuming import resume_line
from klarna_reports.summary.tally import Tally
from klarna_reports.summary.verdicts import results_of
from klarna_specs.spec import Spec

__all__ = [
    "EXIT_CODES",
    "Cause",
    "ContradictionResult",
    "Exemplar",
    "Overall",
    "ReportedFinding",
    "RequirementResult",
    "Summary",
    "summarise",
]

_NO_FOOTER = "the record has no footer: the run was interrupted"


def summarise(spec: Spec, record: Record) -> Summary:
    """The summary of a record.

    `spec` is the loaded spec; the record says which of its requirements count.

    >>> summarise(spec, record).reason
    'One requirement is violated.'
    """
    judged = _Judged.of(judged_spec(spec, record.header), record)
    verdict, reason = overall(judged.evidence)
    header, footer, digest = record.header, record.footer, judged.digest
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
        profile=header.profile.name,
        command=header.command,
        scope=header.scope,
        strict=header.strict,
        stopped=judged.stopped,
        requests_sent=digest.requests_sent if footer is None else footer.requests_sent,
        exchanges=digest.judged,
        scenarios=digest.scenarios,
        flaky=digest.flaky,
        wall_s=digest.waited_s if footer is None else footer.wall_s,
        counts={v: sum(r.verdict == v for r in judged.results) for v in WORST_FIRST},
        requirements=judged.results,
        findings=reported_findings(judged.spec, header, judged.tallies),
        contradictions=_contradictions(judged.spec, digest.found),
        errors=judged.errors,
        deviations=header.deviations,
        unjudged=tuple(digest.unjudged),
        resume=resume_line(header.command, _early(record)),
        binding=sum(requirement.level == "MUST" for requirement in judged.spec.requirements),
    )
    return msgspec.structs.replace(summary, causes=causes_of(judged.spec, summary, digest.found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A record with its totals and the result of each requirement in its scope."""

    spec: Spec
    record: Record
    digest: Digest
    results: tuple[RequirementResult, ...]

    @classmethod
    def of(cls, spec: Spec, record: Record) -> "_Judged":
        admitted = [r for r in spec.requirements if record.header.scope.admits(r)]
        digest = Digest.of(
            spec,
            record,
            on=_day(record.header.started_at),
            requirements=frozenset(r.id for r in admitted),
        )
        results = results_of(spec, record.header, admitted, digest)
        return cls(spec=spec, record=record, digest=digest, results=results)

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """The findings of each requirement in the scope, as far as there are any."""
        found = self.digest.found
        return {result.id: found[result.id] for result in self.results if result.id in found}

    @property
    def stopped(self) -> str:
        """Why the record is not complete; empty if it is."""
        return _early(self.record) or _in_part(self.record.header)

    @property
    def errors(self) -> tuple[str, ...]:
        """Defects of this program, and findings that the specs have no requirement for."""
        return (*self.digest.errors, *_unknown(self.spec, self.digest.found))

    @property
    def evidence(self) -> Evidence:
        """What the verdict of the run depends on."""
        header, occurring = self.record.header, self.digest.occurring
        fully_seen = _fully_seen(header, self.results)
        return Evidence(
            results=self.results,
            verdicts=frozenset(v for tally in self.tallies.values() for v in tally.verdicts),
            judged=self.digest.judged,
            errors=self.errors,
            stopped=self.stopped,
            outdated=occurring.outdated(_day(header.started_at), fully_seen=fully_seen),
            renewable=occurring.renewable,
            strict=header.strict,
            partial_scope=not header.scope.is_everything,
        )


def _day(started_at: str) -> date:
    """The day of a run; the last possible day if it cannot be read, so that nothing is accepted."""
    try:
        return datetime.fromisoformat(started_at).date()
    except ValueError:
        return date.max


def _early(record: Record) -> str:
    """Why the run ended before its plan did; empty if it did not."""
    return _NO_FOOTER if record.footer is None else record.footer.stopped


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


def _contradictions(spec: Spec, found: Mapping[str, Tally]) -> tuple[ContradictionResult, ...]:
    return tuple(
        ContradictionResult(
            id=contradiction.id,
            section=contradiction.section,
            statement=contradiction.statement,
            interpretations=contradiction.interpretations,
            followed=dict(found.get(contradiction.id, Tally()).interpretations),
            unobserved=contradiction.unobserved,
        )
        for contradiction in spec.contradictions
    )


def _unknown(spec: Spec, found: Mapping[str, Tally]) -> list[str]:
    known = {r.id for r in spec.requirements} | {c.id for c in spec.contradictions}
    return [f"{name}: the specs have no such requirement" for name in found if name not in known]
