"""`certificate.html`: what a client was put through and what came of it, on two sheets of paper."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from klarna_reports.page.faulted import CALM, faulted
from klarna_reports.page.lanes import Lanes, lanes
from klarna_reports.page.templating import page_template
from klarna_reports.record.record import Played, Record
from klarna_reports.record.results import ReportedFinding, Summary
from klarna_reports.words.client_wording import scenario_of, scenario_text
from klarna_reports.words.wording import cut
from klarna_specs.client.faults import FAULT_KINDS

__all__ = ["Counterexample", "render_certificate"]

_STYLES = ("certificate.css",)
_MOST_SHOWN = 2
_MOST_ARROWS = 9
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A violated requirement, the sentence that tells it, and what went to and fro.

    There are no lanes where the same drawing stands above.
    """

    requirement: str
    told: str
    expected: str
    observed: str
    lanes: Lanes | None


def render_certificate(record: Record, summary: Summary) -> str:
    """The certificate of a client as one HTML page; the record has to be of one."""
    certified = record.header.certified
    assert certified is not None, "unfit"
    violations = list(_first_of_each(f for f in summary.findings if f.verdict == "FAIL"))
    shown = violations[:_MOST_SHOWN]
    wanted = {finding.scenario for finding in shown}
    played = {each.id: each for each in record.played if each.id in wanted}
    at_work = faulted(record)
    met = [kind for kind in at_work.kinds if kind != CALM] if at_work else []
    return page_template("certificate.html.j2", styles=_STYLES).render(
        summary=summary,
        certified=certified,
        faults=met,
        left_out=[kind for kind in FAULT_KINDS if kind not in met],
        counterexamples=list(_counterexamples(shown, played)),
        more=len(violations) - len(shown),
    )


def _first_of_each(findings: Iterable[ReportedFinding]) -> Iterator[ReportedFinding]:
    """One finding for each requirement."""
    told: set[str] = set()
    for finding in findings:
        if finding.requirement not in told:
            told.add(finding.requirement)
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
        told=cut(scenario_text(scenario_of(played.client)), _LONGEST),
        expected=cut(finding.expected, _LONGEST),
        observed=cut(finding.observed, _LONGEST),
        lanes=lanes(played, finding.exchanges, most=_MOST_ARROWS) if draw else None,
    )
