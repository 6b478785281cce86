"""Files of counterexamples: written for each violated requirement, and read to be replayed."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import UsageError, readable
from klarna_reports.record.record import Finding, Played, Record, TargetFacts, Verdict
from klarna_reports.summary.harm import Cost, cost
from klarna_reports.summary.replay import counterexample_name
from klarna_reports.summary.tally import JUDGED
from klarna_reports.words.curl import curl_line
from klarna_reports.words.timeline import timeline
from klarna_specs.client.requirements import CLIENT
from klarna_specs.file_schema import file_schema
from klarna_specs.json_value import as_object
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.shaping import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = [
    "Counterexample",
    "cost_of",
    "counterexample_schema",
    "failure_of",
    "is_verified",
    "read_counterexample",
    "save_missing",
    "smallest_failing",
]


class Counterexample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is saved of a counterexample: enough to read it, to replay it, and to send it by hand.

    `target`, `mutant` and `profile` are those of the command line. A counterexample that is not
    `shrunk` is the smallest scenario of the run that shows the violation: a smaller one was not
    searched for, or a limit or an interruption ended the search before one was found. `timeline`
    says when each of several concurrent calls was sent and answered, in milliseconds. `curl` has a
    line for each step; none for the mock in the process of the run, which nobody else can call.
    """

    requirement: str
    statement: str
    expected: str
    observed: str
    target: str = "mock"
    mutant: str = ""
    profile: str = DEFAULT_PROFILE
    shrunk: bool = True
    scenario: Scenario
    curl: tuple[str, ...] = ()
    timeline: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, spec: Spec, facts: TargetFacts, requirement: str, played: Played
    ) -> "Counterexample":
        """What is saved of a scenario that violates a requirement."""
        finding = failure_of(spec, played, requirement, ("FAIL", "WARN"))
        assert finding is not None
        steps = [e for e in played.exchanges if e.purpose == "step"] or played.exchanges
        return cls(
            requirement=requirement,
            statement=spec.requirement(requirement).statement,
            expected=finding.expected,
            observed=finding.observed,
            target=facts.argument,
            mutant=facts.mutant,
            profile=spec.profile.argument,
            shrunk=bool(played.shrunk_from),
            scenario=played.scenario,
            curl=()
            if facts.in_process
            else tuple(curl_line(facts.base_url, exchange.request) for exchange in steps),
            timeline=timeline(played.exchanges),
        )

    def save(self, directory: Path) -> Path:
        """Writes it to a file named for the requirement."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / counterexample_name(self.requirement)
        path.write_bytes(msgspec.yaml.encode(self))
        return path


def read_counterexample(path: Path) -> Counterexample:
    """Reads a saved counterexample; raises UsageError with the line of the error in it."""
    with readable(path):
        text = path.read_text(encoding="utf-8")
        saved = parse_yaml(str(path), text)
        if str((as_object(saved.root) or {}).get("requirement", "")).startswith(f"{CLIENT}."):
            raise UsageError(
                f"{path} is of a client: play it with `client --replay {path} -- ADAPTER`"
            )
        return shaped(saved, Counterexample)


def counterexample_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of saved counterexamples of servers."""
    return file_schema(Counterexample, "counterexample", "Counterexample of klarna-conformance")


def save_missing(directory: Path, spec: Spec, record: Record, shown: Mapping[str, str]) -> None:
    """Writes the scenario of each requirement that has no file yet; `shown` has its id.

    A run that was stopped or not to be shrunk leaves them without one. The record of a client has
    none of these, and watched traffic cannot be replayed.
    """
    lacking = {
        requirement: scenario
        for requirement, scenario in shown.items()
        if not (directory / counterexample_name(requirement)).exists()
    }
    if not lacking or record.header.certified or record.header.watched:
        return
    for played in record.played:
        for requirement in (name for name, scenario in lacking.items() if scenario == played.id):
            Counterexample.of(spec, record.header.target, requirement, played).save(directory)


def smallest_failing(spec: Spec, all_played: Collection[Played]) -> dict[str, Played]:
    """For each requirement that failed, the scenario with the fewest steps and exchanges.

    Only a scenario with the worst harm counts, of those that show no other bug if there is one.
    Scenarios that were shrunk come before others.
    """
    smallest: dict[str, tuple[Any, Played]] = {}
    for played in all_played:
        for requirement in {f.requirement for f in played.findings if f.verdict == "FAIL"}:
            cost = cost_of(spec, played, requirement)
            rank = (cost and cost[:2], _length(played))
            if requirement not in smallest or rank < smallest[requirement][0]:
                smallest[requirement] = rank, played
    return {requirement: played for requirement, (_, played) in smallest.items()}


def cost_of(spec: Spec, played: Played, requirement: str) -> Cost | None:
    """The cost of the best example of a violation in a scenario; None without any."""
    finding = failure_of(spec, played, requirement)
    return None if finding is None else cost(spec, played, finding)


def _length(played: Played) -> tuple[bool, int, int, str]:
    shrunk = bool(played.shrunk_from)
    return not shrunk, len(steps_of(played.scenario)), len(played.exchanges), played.id


def is_verified(spec: Spec, played: Played, requirement: str) -> bool:
    """Whether a scenario shows that a requirement is met or not.

    A rule has to be broken by a call that breaks no other: it could be refused for that.
    """
    return any(
        finding.requirement == requirement
        and finding.verdict in JUDGED
        and (requirement not in spec.rules or "broken" in finding.aspects)
        for finding in played.findings
    )


def failure_of(
    spec: Spec, played: Played, requirement: str, verdicts: Sequence[Verdict] = ("FAIL",)
) -> Finding | None:
    """The best example (`Cost`) of a violation in a scenario, of the earliest `verdicts`."""
    own = [f for f in played.findings if f.requirement == requirement and f.verdict in verdicts]
    return min(own, key=lambda f: (verdicts.index(f.verdict), cost(spec, played, f)), default=None)
