"""Why a requirement has its verdict, in one line."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from klarna_reports.record.record import Played, TargetFacts, Unavailable, Verdict
from klarna_reports.record.results import DEVIATIONS
from klarna_reports.summary.tally import Tally
from klarna_reports.words.finding_sentence import finding_sentence
from klarna_specs.client.play import Mark
from klarna_specs.client.requirements import CLIENT
from klarna_specs.exchange import Response
from klarna_specs.json_value import as_array
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import steps_of
from klarna_specs.spec import Requirement, Spec

__all__ = ["Obstacles", "listed", "verdict_reason"]

_LISTED = 5
_ASPECTS = {
    "seen": "a call that it judges",
    "kept": "a call that meets it",
    "broken": "a call that breaks it",
}
_LONGEST = 300


class Obstacles:
    """What prevented goals: orders that could not be provisioned, a clock that cannot move.

    For clients, refusals of what they requested: there is no fault to show where nothing is booked.
    """

    def __init__(self, target: TargetFacts) -> None:
        self._movable_clock = target.is_mock
        self._unavailable: defaultdict[str, list[Unavailable]] = defaultdict(list)
        self._refusals: Counter[str] = Counter()
        self._changes = 0

    def add(self, played: Played) -> None:
        """Adds the obstacles of one scenario."""
        if played.unavailable is not None:
            for operation in {step.operation for step in steps_of(played.scenario)}:
                self._unavailable[operation].append(played.unavailable)
        if played.client is not None:
            self._add_answers(played, played.client.marks)

    def _add_answers(self, played: Played, marks: Sequence[Mark]) -> None:
        for exchange, mark in zip(played.exchanges, marks, strict=False):
            if mark.served and exchange.request.method not in ("GET", "HEAD"):
                self._changes += 1
                if mark.served[-1].is_refusal:
                    self._refusals[_message(mark.served[-1])] += 1

    def reasons(self, requirement: Requirement, missing: Sequence[str]) -> list[str]:
        """Possible reasons why these aspects of the requirement did not occur."""
        reasons: list[str] = []
        if "clock" in requirement.needs and not self._movable_clock:
            reasons.append("it needs a movable clock, which this target does not have")
        wanted = [
            refused.reason
            for refused in self._unavailable[requirement.operation]
            if _serves(refused.plan, missing)
        ]
        for reason, count in Counter(wanted).most_common(1):
            reasons.append(f"{count} of its scenarios could not be run: {_cut(reason)}")
        refused = self._refusals.total()
        if requirement.operation == CLIENT and 2 * refused > self._changes:
            message, _ = self._refusals.most_common(1)[0]
            changes = f"{refused} of {self._changes} requests for a change were refused"
            reasons.append(f"{changes}, most of them with {message!r}")
        return reasons


def _message(response: Response) -> str:
    """The first message of an error, or else its status."""
    members = response.body.members or {}
    texts = as_array(members.get("error_messages")) or [response.status]
    return _cut(str(texts[0]))


def verdict_reason(
    spec: Spec,
    requirement: Requirement,
    verdict: Verdict,
    tally: Tally,
    missing: Sequence[str],
    why: list[str],
) -> str:
    """The reason for a verdict, for a deviation its sentence; empty for a PASS.

    `why` are the obstacles, if any.
    """
    if verdict == "NOT_RUN" and missing:
        seen = "did not occur" if tally.aspects else "nothing of this occurred"
        names = [_ASPECTS.get(aspect, aspect) for aspect in missing]
        return "; ".join((f"{seen}: {listed(names)}", *why))
    group = next((group for group in tally.worst_groups if group.verdict == verdict), None)
    if group is None:
        return _cut(tally.excuse) if verdict == "NOT_APPLICABLE" else ""
    if verdict in DEVIATIONS:
        return _cut(finding_sentence(spec, requirement, group.played, group.finding))
    expected = f"expected {group.expected}; " if group.expected else ""
    observed = f"observed {group.observed}" if expected else group.observed
    return _cut(expected + observed)


def listed(names: Sequence[str]) -> str:
    """The first few names, and the number of the others."""
    more = len(names) - _LISTED
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def _serves(plan: OrderPlan | None, missing: Sequence[str]) -> bool:
    if plan is None:
        return True
    cells = [aspect for aspect in missing if "=" in aspect]
    own = {f"market={plan.market}", f"layout={plan.layout}"}
    return len(cells) < len(missing) or not own.isdisjoint(cells)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
