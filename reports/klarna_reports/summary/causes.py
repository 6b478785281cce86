"""Groups violations by their probable cause.

A violation is a consequence of another one if that one costs at least as much and explains it:
it failed before or with this one in every scenario, or in this one's counterexample, or both
counterexamples need the same circumstances, such as a repeated idempotency key, or one bug explains
what the counterexamples show (`same_cause`).
"""

from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec

from klarna_reports.record.record import Finding, Played
from klarna_reports.summary.example import Example
from klarna_reports.summary.harm import Harm, Stake, stake
from klarna_reports.summary.same_cause import can_lead_to, same_cause
from klarna_reports.summary.tally import Group, Tally
from klarna_specs.scenario import Scenario, Together, Wait, steps_of
from klarna_specs.spec import Requirement, Spec

__all__ = ["Causes", "circumstances"]


class Causes:
    """For each violated requirement, those that failed before or with it in every scenario."""

    def __init__(self) -> None:
        self._beside: dict[str, frozenset[str]] = {}

    def add(self, played: Played) -> None:
        """Adds the violations of one scenario."""
        first = _first_seen(played.findings)
        for name in first:
            here = _before_or_with(first, name)
            self._beside[name] = self._beside.get(name, here) & here

    def roots(
        self, spec: Spec, admitted: Iterable[Requirement], found: Mapping[str, Tally]
    ) -> dict[str, str]:
        """For each violation of an admitted requirement that is a consequence, its root.

        Roots are admitted too. They are found in the order of their cost, then of the size of their
        smallest example. A root follows no other requirement, and violates a MUST. A recommendation
        follows one only if one bug explains both examples.
        """
        known = {requirement.id for requirement in admitted}
        violations = [
            _Violation.of(spec, name, found[name], self._preceding(name))
            for name in self._beside
            if name in known
        ]
        roots: list[_Violation] = []
        follows: dict[str, str] = {}
        for violation in sorted(violations, key=_Violation.rank):
            root = next((root for root in roots if self._explains(root, violation)), None)
            if root is None:
                roots.append(violation)
            else:
                follows[violation.name] = root.name
        for name in known & found.keys() - self._beside.keys():
            groups = (each for each in found[name].worst_groups if not each.played.client)
            if warned := next((each for each in groups if each.verdict == "WARN"), None):
                shown = _shown(spec, name, warned)
                servers = (root for root in roots if not root.is_of_client)
                alike = (root.name for root in servers if same_cause(root.shown, shown))
                follows.update((name, root) for root in islice(alike, 1))
        return follows

    def _preceding(self, name: str) -> int:
        """How many others failed before it in every scenario where it failed."""
        return sum(name not in self._beside[other] for other in self._beside[name])

    def _explains(self, root: "_Violation", violation: "_Violation") -> bool:
        if root.is_of_client != violation.is_of_client:
            return False
        if violation.is_of_client:  # only a wrong key explains a repeat
            return violation.name in root.shown.unkeyed
        if same_cause(root.shown, violation.shown):
            return True
        if not can_lead_to(root.shown, violation.shown):
            return False
        form = violation.stake.harm is Harm.FORM
        apart = form and violation.name not in _first_seen(root.example.played.findings)
        if root.name in self._beside[violation.name] and not apart:
            return True
        if _keys(root) == _keys(violation) != frozenset():
            return True
        first = _first_seen(violation.example.played.findings)
        if form:
            # Only an error in the same response explains its form.
            return root.name in first and first[root.name] == first[violation.name]
        if root.name in _before_or_with(first, violation.name):
            return True
        needed = circumstances(root.example.played.scenario)
        repeated = needed and needed <= circumstances(violation.example.played.scenario)
        return bool(repeated) and not violation.rests_on_rule


class _Seen(msgspec.Struct, frozen=True):
    """The indices of the exchange that is wrong, and of the one that shows it."""

    done: int
    shown: int


class _Violation(msgspec.Struct, frozen=True):
    """A violated requirement with its smallest example of the worst harm.

    `preceding` counts what failed before it in every scenario, `weight` is the place among the
    client requirements: the most important one comes first.
    """

    name: str
    rests_on_rule: bool
    evidence: int
    preceding: int
    example: Group
    shown: Example
    stake: Stake
    weight: int = 0

    @classmethod
    def of(cls, spec: Spec, name: str, tally: Tally, preceding: int) -> "_Violation":
        requirement = spec.requirement(name)
        failed = [group for group in tally.worst_groups if group.verdict == "FAIL"]
        kind = failed[0].cost[:2]  # a small example must not hide money
        dearest = [group for group in failed if group.cost[:2] == kind]
        example = min(dearest, key=lambda group: not group.played.shrunk_from)
        cost = stake(spec, requirement, example.played, example.finding)
        shown = _shown(spec, name, example)
        if shown.shows_what_was_missing or shown.is_doubtful:
            cost = Stake(Harm.STATE)  # what comes late is no second time
        weight = spec.requirements.index(requirement) if example.played.client else 0
        by_rule = bool(requirement.rule)
        return cls(name, by_rule, tally.evidence, preceding, example, shown, cost, weight)

    @property
    def is_of_client(self) -> bool:
        """Whether a client violates it; what servers and clients do has no cause in common."""
        return self.example.played.client is not None

    def rank(self) -> tuple[Harm, int, tuple[bool, ...], int, bool, tuple[int, int, int], int]:
        """What is cheaper, less certain, less specific, preceded, a read, or larger is later."""
        certain = self.shown.is_doubtful, not self.rests_on_rule, not self.shown.is_certain
        kind = self.stake.harm, self.weight, certain, self.preceding, self.shown.is_of_a_read
        return *kind, self.example.played.size, self.evidence


def _shown(spec: Spec, name: str, group: Group) -> Example:
    requirement = spec.requirement(name)
    return Example(spec=spec, requirement=requirement, played=group.played, finding=group.finding)


def _keys(violation: _Violation) -> frozenset[str]:
    """The repeated keys that a violation of no rule needs."""
    if violation.rests_on_rule:
        return frozenset()
    needed = circumstances(violation.example.played.scenario)
    return frozenset(each for each in needed if each.startswith("key of "))


def _before_or_with(first: Mapping[str, _Seen], name: str) -> frozenset[str]:
    return frozenset(o for o, each in first.items() if each.done <= first[name].shown) - {name}


def _first_seen(findings: Iterable[Finding]) -> dict[str, _Seen]:
    """When each violation was first done, and first shown."""
    first: dict[str, _Seen] = {}
    for finding in findings:
        if finding.verdict == "FAIL":
            shown = finding.exchange if finding.witness is None else finding.witness
            seen = first.get(finding.requirement, _Seen(finding.exchange, shown))
            first[finding.requirement] = _Seen(
                min(seen.done, finding.exchange), min(seen.shown, shown)
            )
    return first


def circumstances(scenario: Scenario) -> frozenset[str]:
    """What is out of the ordinary in a scenario; all of it is needed where it was shrunk.

    >>> circumstances(Scenario(plan=plan, steps=(Wait(60), step)))
    frozenset({'time passes'})
    """
    calls = steps_of(scenario)
    keyed = [(call.operation, call.key.name) for call in calls if call.key is not None]
    names = [name for _, name in keyed]
    found = {f"key of {operation} again" for operation, name in keyed if names.count(name) > 1}
    found |= {
        f"{call.operation} {call.credentials}" for call in calls if call.credentials != "valid"
    }
    found |= {f"{call.operation} on {call.order} order" for call in calls if call.order != "this"}
    if any(isinstance(action, Wait) for action in scenario.steps):
        found.add("time passes")
    if any(isinstance(action, Together) for action in scenario.steps):
        found.add("concurrent calls")
    return frozenset(found)
