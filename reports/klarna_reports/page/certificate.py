"""`certificate.html`: the result of a client certification, on two printed pages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from klarna_reports.page.faulted import NO_FAULT, FaultTable
from klarna_reports.page.lanes import Lanes, lanes
from klarna_reports.page.templating import page_template
from klarna_reports.record.journal import journal_digest
from klarna_reports.record.record import Played, Record
from klarna_reports.record.results import (
    MET,
    WORST_FIRST,
    ReportedFinding,
    RequirementResult,
    Summary,
)
from klarna_reports.words.client_wording import scenario_of, scenario_text
from klarna_reports.words.wording import cut
from klarna_specs.client.faults import FAULT_KINDS

__all__ = ["Counterexample", "render_certificate"]

_STYLES = ("theme.css", "certificate.css")
_MOST_SHOWN = 2
_MOST_ARROWS = 9
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A violated requirement with the scenario that shows it and its sequence diagram.

    `lanes` is None if the same diagram is already shown above.
    """

    requirement: str
    scenario: str
    expected: str
    observed: str
    lanes: Lanes | None


def render_certificate(record: Record, summary: Summary) -> str:
    """The certificate as one HTML page; the record must be of a certification."""
    certified = record.header.certified
    assert certified is not None, "format_problem"
    causes = {cause.root: cause for cause in summary.causes}
    failed = (f for f in summary.findings if f.verdict == "FAIL" and f.requirement in causes)
    violations = list(_first_of_each(failed))
    shown = violations[:_MOST_SHOWN]
    wanted = {finding.scenario for finding in shown}
    played: dict[str, Played] = {}
    table = FaultTable()
    for each in record.played:
        table.add(each)
        if each.id in wanted:
            played[each.id] = each
    observed = [kind for kind in table.faulted.kinds if kind != NO_FAULT] if table.faulted else []
    binding = [result for result in summary.requirements if result.level == "MUST"]
    return page_template("certificate.html.j2", styles=_STYLES).render(
        summary=summary,
        certified=certified,
        digest=journal_digest(record),
        met=sum(result.verdict in MET for result in binding),
        binding=len(binding),
        requirements=sorted(summary.requirements, key=_rank),
        faults=observed,
        left_out=[kind for kind in FAULT_KINDS if kind not in observed],
        counterexamples=list(_counterexamples(shown, played)),
        statements={result.id: result.statement for result in summary.requirements},
        follows={name: cause.requirements[1:] for name, cause in causes.items()},
        more=len(violations) - len(shown),
    )


def _rank(result: RequirementResult) -> tuple[bool, int]:
    """Failures come first; what is met and not binding comes last."""
    last = result.verdict in MET and result.level != "MUST"
    return last, WORST_FIRST.index(result.verdict)


def _first_of_each(findings: Iterable[ReportedFinding]) -> Iterator[ReportedFinding]:
    """One finding for each requirement."""
    seen: set[str] = set()
    for finding in findings:
        if finding.requirement not in seen:
            seen.add(finding.requirement)
            yield finding


def _counterexamples(
    findings: Iterable[ReportedFinding], scenarios: Mapping[str, Played]
) -> Iterator[Counterexample]:
    drawn: set[tuple[str, tuple[int, ...]]] = set()
    for finding in findings:
        place = finding.scenario, finding.exchanges
        yield _counterexample(finding, scenarios[finding.scenario], draw=place not in drawn)
        drawn.add(place)


def _counterexample(finding: ReportedFinding, played: Played, *, draw: bool) -> Counterexample:
    assert played.client is not None
    return Counterexample(
        requirement=finding.requirement,
        scenario=cut(scenario_text(scenario_of(played.client)), _LONGEST),
        expected=cut(finding.expected, _LONGEST),
        observed=cut(finding.observed, _LONGEST),
        lanes=lanes(played, finding.exchanges, most=_MOST_ARROWS) if draw else None,
    )
