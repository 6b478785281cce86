"""The deviations of a run as the report shows them: by verdict, then by requirement."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from klarna_reports.page.gallery import Gallery
from klarna_reports.page.lanes import Lanes, lanes
from klarna_reports.page.races import Race, races_of
from klarna_reports.page.sequence import Diagram, diagram
from klarna_reports.page.shown import ShownScenario, length_on_page
from klarna_reports.record.record import Played, Verdict
from klarna_reports.record.results import DEVIATIONS, ReportedFinding, RequirementResult, Summary
from klarna_reports.summary.replay import script_on
from klarna_reports.words.amounts import ShortNames, difference_texts
from klarna_reports.words.curl import curl_line
from klarna_reports.words.finding_ending import readable, with_commas
from klarna_reports.words.finding_sentence import currency_of
from klarna_reports.words.wording import cut
from klarna_specs.client.play import Ended
from klarna_specs.client.requirements import CLIENT
from klarna_specs.spec import Spec

__all__ = ["Cause", "Deviation", "Deviations", "ShownFinding"]

_ROOM = 700_000
_LONGEST_CURL = 3000
_CURL_LINES = 8
_ARROWS = 60
_LONGEST_TEXT = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDifference:
    """A member with two values: amounts in major units, resources by short names.

    `raw` is both values as the server showed them, in minor units and with ids.
    """

    member: str
    expected: str
    observed: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A finding with its scenario; `repeated` is one that is shown further up, at `anchor`.

    `name` is the id for links. `curl` has a line for each step up to the finding, or the command of
    the script; empty if there is none, if it is too long, or if the saved counterexample is of
    another finding, which is shown too. `replay` is the command that replays the counterexample,
    with the first finding and with its own. `values` are the members that differ. For a client,
    `lanes` replaces the diagram, and `crash` is the last
    output of one that crashed.
    """

    name: str
    finding: ReportedFinding
    values: tuple[ShownDifference, ...]
    crash: str
    expected: str
    observed: str
    curl: str
    replay: str
    scenario: ShownScenario | None
    repeated: ShownScenario | None
    anchor: str
    diagram: Diagram | None
    lanes: Lanes | None
    races: tuple[Race, ...]

    @property
    def length(self) -> int:
        """Its approximate size in the page without the exchanges, in characters."""
        steps = self.scenario.length if self.scenario else 0
        drawn = self.diagram.messages if self.diagram else ()
        drawing = sum(900 + length_on_page(each.request, each.response) for each in drawn)
        drawing += sum(
            500 + length_on_page(a.text) for a in (self.lanes.arrows if self.lanes else ())
        )
        return 1000 + steps + 2 * drawing + length_on_page(self.expected, self.observed, self.curl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A requirement with its findings of one verdict; `unshown` counts those omitted.

    `root` is the anchor of the deviation that it is probably a consequence of, or empty.
    """

    result: RequirementResult
    verdict: Verdict
    root: str
    findings: tuple[ShownFinding, ...]
    unshown: int

    @property
    def anchor(self) -> str:
        """Where it is in the page."""
        return _anchor(self.verdict, self.result.id)

    @property
    def headline(self) -> str:
        """The sentence of its first finding; its statement without one."""
        return next((each.finding.sentence for each in self.findings), "") or self.result.statement

    @property
    def count(self) -> int:
        """How often it was observed."""
        return self.unshown + sum(shown.finding.count for shown in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A deviation, and those that are probably its consequences."""

    root: Deviation
    consequences: tuple[Deviation, ...]


@dataclass(slots=True)
class Deviations:
    """All deviations of a summary, as far as they fit; the worst verdict comes first.

    `in_place` are the ids of the scenarios that are shown with a finding.
    """

    spec: Spec
    summary: Summary
    gallery: Gallery
    sections: dict[Verdict, list[Deviation]] = field(default_factory=dict[Verdict, list[Deviation]])
    in_place: set[str] = field(default_factory=set[str])
    names: set[str] = field(default_factory=set[str])
    room: int = _ROOM

    def causes(self, verdict: Verdict) -> list[Cause]:
        """The deviations of this verdict with their consequences, which may be less severe.

        The most expensive violation comes first, and the most frequent of other deviations. Those
        of clients keep the order of the specs, which has the most important first.
        """
        every = [one for found in self.sections.values() for one in found]
        anchors = {one.anchor for one in every}
        following: defaultdict[str, list[Deviation]] = defaultdict(list)
        for one in every:
            following[one.root if one.root in anchors else ""].append(one)
        order = {cause.root: place for place, cause in enumerate(self.summary.causes)}
        roots = [one for one in following[""] if one.verdict == verdict]
        roots.sort(key=lambda one: (order.get(one.result.id, 0), _rank(one)))
        return [Cause(root=one, consequences=tuple(following[one.anchor])) for one in roots]

    def __post_init__(self) -> None:
        unlisted = {result.id: result.unlisted for result in self.summary.requirements}
        results = {result.id: result for result in self.summary.requirements}
        for verdict in DEVIATIONS:
            for name, findings in self._by_requirement(verdict).items():
                shown, unshown = self._as_far_as_they_fit(findings)
                root = results[name].beside
                deviation = Deviation(
                    result=results[name],
                    verdict=verdict,
                    root=_anchor(results[root].verdict, root) if root else "",
                    findings=shown,
                    unshown=unshown + unlisted.pop(name, 0),
                )
                self.sections.setdefault(verdict, []).append(deviation)

    def _by_requirement(self, verdict: Verdict) -> Mapping[str, list[ReportedFinding]]:
        grouped: defaultdict[str, list[ReportedFinding]] = defaultdict(list)
        beside = {result.id: result.beside for result in self.summary.requirements}
        for finding in sorted(self.summary.findings, key=lambda f: bool(beside[f.requirement])):
            if finding.verdict == verdict:
                grouped[finding.requirement].append(finding)
        return grouped

    def _as_far_as_they_fit(
        self, findings: list[ReportedFinding]
    ) -> tuple[tuple[ShownFinding, ...], int]:
        """The findings that are shown, the saved one in any case, and how many are not."""
        shown: list[ShownFinding] = []
        for finding in findings:
            if self.room > 0 or not shown or finding.saved:
                shown.append(self._shown(finding, first=not shown))
                self.room -= shown[-1].length
        return tuple(shown), sum(f.count for f in findings) - sum(s.finding.count for s in shown)

    def _shown(self, finding: ReportedFinding, *, first: bool) -> ShownFinding:
        again = finding.scenario in self.in_place
        scenario = None
        if again or self.room > 0:
            scenario = self.gallery.scenarios.get(finding.scenario)
            self.in_place.add(finding.scenario)
        played = self.gallery.played(finding.scenario)
        of_client = played is not None and played.client is not None
        return ShownFinding(
            name=self._name(finding),
            finding=finding,
            values=_values(played, finding) if played else (),
            crash=_crash(played) if played else "",
            expected=cut(_said(finding.expected, played), _LONGEST_TEXT),
            observed=cut(_said(finding.observed, played), _LONGEST_TEXT),
            curl=self._curl(finding, played),
            replay=finding.replay if finding.saved or first else "",
            scenario=None if again else scenario,
            repeated=scenario if again else None,
            anchor=scenario.anchor if scenario else "",
            diagram=diagram(self.spec, played.exchanges, finding.exchanges)
            if played and not of_client
            else None,
            lanes=lanes(played, finding.exchanges, most=_ARROWS) if played and of_client else None,
            races=races_of(self.spec, played) if played and not again else (),
        )

    def _name(self, finding: ReportedFinding) -> str:
        stem = f"finding-{finding.fingerprint}"
        numbered = (stem, *(f"{stem}-{number}" for number in range(2, len(self.names) + 3)))
        name = next(name for name in numbered if name not in self.names)
        self.names.add(name)
        return name

    def _curl(self, finding: ReportedFinding, played: Played | None) -> str:
        other_saved = finding.replay and not finding.saved
        if played is None or played.client is not None or other_saved:
            return ""
        if self.summary.target.in_process:
            return finding.curl
        if finding.replay:  # a used order and key would show something else
            return script_on(self.summary.target.base_url, finding.replay)
        last = max(finding.exchanges, default=-1)
        base_url = self.summary.target.base_url
        lines = [
            curl_line(base_url, exchange.request)
            for index, exchange in enumerate(played.exchanges[: last + 1])
            if exchange.purpose == "step" or index in finding.exchanges
        ]
        text = "\n".join(lines[-_CURL_LINES:])
        return text if len(text) <= _LONGEST_CURL else ""


def _said(text: str, played: Played | None) -> str:
    """A sentence of the judge, in the words of the headline."""
    if played is None:
        return text
    return with_commas(readable(text, ShortNames(played), currency_of(played)))


def _crash(played: Played) -> str:
    episodes = played.client.episodes if played.client else ()
    reasons = (e.reported.reason for e in episodes if isinstance(e.reported, Ended))
    return cut(next(reasons, ""), _LONGEST_TEXT)


def _values(played: Played, finding: ReportedFinding) -> tuple[ShownDifference, ...]:
    names, currency = ShortNames(played), currency_of(played)
    found = (
        each
        for each in played.findings
        if each.requirement == finding.requirement and each.observed == finding.observed
    )
    differences = next((each.differences for each in found), ())
    return tuple(
        ShownDifference(
            member=each.member,
            expected=cut(expected, _LONGEST_TEXT),
            observed=cut(observed, _LONGEST_TEXT),
            raw=cut(f"expected: {finding.expected}; observed: {finding.observed}", _LONGEST_TEXT),
        )
        for each in differences
        for expected, observed in (difference_texts(each, names, currency),)
    )


def _anchor(verdict: Verdict, requirement: str) -> str:
    return f"deviation-{verdict}-{requirement}"


def _rank(deviation: Deviation) -> int:
    return 1 if deviation.result.operation == CLIENT else -deviation.count
