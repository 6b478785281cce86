"""The deviations of a run as a page shows them: by verdict, then by requirement."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from klarna_reports.gallery import Gallery
from klarna_reports.record import Verdict
from klarna_reports.results import DEVIATIONS, ReportedFinding, RequirementResult, Summary
from klarna_reports.shown import ShownScenario, length_on_page
from klarna_reports.wording import cut

__all__ = ["Deviation", "Deviations", "ShownFinding"]

_ROOM = 700_000
_LONGEST_CURL = 3000
_LONGEST_TEXT = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A finding with its scenario; with the anchor alone where that stands further up already.

    `curl` is empty where it is too long for a page.
    """

    finding: ReportedFinding
    expected: str
    observed: str
    curl: str
    scenario: ShownScenario | None
    anchor: str

    @property
    def length(self) -> int:
        """About how many characters of a page it takes, without the exchanges."""
        steps = self.scenario.length if self.scenario else 0
        return 1000 + steps + length_on_page(self.expected, self.observed, self.curl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A requirement with its findings of one verdict; `unshown` counts those left out."""

    result: RequirementResult
    findings: tuple[ShownFinding, ...]
    unshown: int


@dataclass(slots=True)
class Deviations:
    """All deviations of a summary, as far as there is room; the worst verdict comes first.

    `in_place` are the ids of the scenarios that are shown with a finding.
    """

    summary: Summary
    gallery: Gallery
    sections: dict[Verdict, list[Deviation]] = field(default_factory=dict[Verdict, list[Deviation]])
    in_place: set[str] = field(default_factory=set[str])
    room: int = _ROOM

    def __post_init__(self) -> None:
        unlisted = {result.id: result.unlisted for result in self.summary.requirements}
        results = {result.id: result for result in self.summary.requirements}
        for verdict in DEVIATIONS:
            for name, findings in self._by_requirement(verdict).items():
                deviation = self._deviation(results[name], findings, unlisted.pop(name, 0))
                self.sections.setdefault(verdict, []).append(deviation)

    def _by_requirement(self, verdict: Verdict) -> Mapping[str, list[ReportedFinding]]:
        grouped: defaultdict[str, list[ReportedFinding]] = defaultdict(list)
        beside = {result.id: result.beside for result in self.summary.requirements}
        for finding in sorted(self.summary.findings, key=lambda f: bool(beside[f.requirement])):
            if finding.verdict == verdict:
                grouped[finding.requirement].append(finding)
        return grouped

    def _deviation(
        self, result: RequirementResult, findings: list[ReportedFinding], unlisted: int
    ) -> Deviation:
        shown: list[ShownFinding] = []
        for finding in findings:
            if self.room > 0:
                shown.append(self._shown(finding))
                self.room -= shown[-1].length
        left_out = sum(finding.count for finding in findings[len(shown) :])
        return Deviation(result=result, findings=tuple(shown), unshown=left_out + unlisted)

    def _shown(self, finding: ReportedFinding) -> ShownFinding:
        scenario = self.gallery.scenarios.get(finding.scenario)
        again = finding.scenario in self.in_place
        self.in_place.add(finding.scenario)
        return ShownFinding(
            finding=finding,
            expected=cut(finding.expected, _LONGEST_TEXT),
            observed=cut(finding.observed, _LONGEST_TEXT),
            curl=finding.curl if len(finding.curl) <= _LONGEST_CURL else "",
            scenario=None if again else scenario,
            anchor=scenario.anchor if scenario else "",
        )
