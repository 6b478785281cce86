"""What a run says in the end, as frozen values: of each requirement, and of the target."""

from typing import Literal

import msgspec

from klarna_reports.record.record import KnownDeviation, TargetFacts, Unjudged, Verdict
from klarna_specs.goals import Scope
from klarna_specs.spec import Level

__all__ = [
    "DEVIATIONS",
    "EXIT_CODES",
    "NOTHING_PROVIDED",
    "WORST_FIRST",
    "Exemplar",
    "Overall",
    "Reading",
    "ReportedFinding",
    "RequirementResult",
    "Summary",
]

Overall = Literal[
    "CONFORMANT",
    "CONFORMANT WITH KNOWN DEVIATIONS",
    "NONCONFORMANT",
    "NOT FULLY VERIFIED",
    "INTERNAL ERROR",
]
EXIT_CODES: dict[Overall, int] = {
    "CONFORMANT": 0,
    "CONFORMANT WITH KNOWN DEVIATIONS": 0,
    "NONCONFORMANT": 1,
    "NOT FULLY VERIFIED": 3,
    "INTERNAL ERROR": 5,
}
NOTHING_PROVIDED = 4
"""The exit code where no order could be had, so that hardly anything could be seen."""
WORST_FIRST: tuple[Verdict, ...] = (
    "ERROR",
    "FAIL",
    "KNOWN",
    "NOT_RUN",
    "WARN",
    "INFO",
    "NOT_APPLICABLE",
    "PASS",
)
"""Every verdict; of several findings the one that comes first here is the requirement's."""

DEVIATIONS: tuple[Verdict, ...] = ("ERROR", "FAIL", "WARN", "KNOWN")
"""The verdicts of findings that are reported one by one."""


class Exemplar(msgspec.Struct, frozen=True, kw_only=True):
    """Where evidence stands: a scenario's id, and indices of its exchanges."""

    scenario: str
    exchanges: tuple[int, ...]


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says of one requirement.

    `findings` counts those that are not a PASS, `evidence` all exchanges that were judged by it;
    `goals_missing` are the aspects that had to be seen and were not; `proofs` is how many mutants
    it is known to catch; `unlisted` counts the deviations that no reported finding stands for, so
    that no number is lost. `beside` names the violated requirement without which this one was never
    seen to fail, and of which it is probably a consequence.

    >>> [result.id for result in summary.requirements if result.verdict == "FAIL"]
    ['refund.within-captured-amount']
    """

    id: str
    level: Level
    operation: str
    statement: str
    section: str
    source: str
    verdict: Verdict
    reason: str
    findings: int
    evidence: int
    goals_seen: int
    proofs: int = 0
    goals_missing: tuple[str, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    unlisted: int = 0
    beside: str = ""


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One deviation as it is reported, with where to look and a curl line to try it by hand.

    `count` is how many findings of the run say the same; the scenario is the shortest of theirs.
    `fingerprint` names what it says, the same in every run.

    >>> [(each.expected, each.observed) for each in summary.findings]
    [('a refusal', '201')]
    """

    requirement: str
    verdict: Verdict
    expected: str
    observed: str
    scenario: str
    exchanges: tuple[int, ...]
    curl: str
    count: int = 1
    fingerprint: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A contradiction of the documentation, and how often the target followed which reading."""

    id: str
    section: str
    statement: str
    readings: dict[str, str]
    followed: dict[str, int]
    unobserved: str = ""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What `run.json` holds. `exchanges` counts those that were judged, `wall_s` is in seconds.

    `stopped` says why the run ended early, empty where it did not; `counts` has the number of
    requirements for every verdict; `flaky` counts the exchanges that got a response only after
    they had been sent again; `unjudged` lists the watched traffic of which nothing was judged, with
    the reason and the first request of each order.

    >>> summary.verdict, summary.exit_code
    ('NONCONFORMANT', 1)
    """

    verdict: Overall
    exit_code: int
    reason: str
    run_id: str
    started_at: str
    seed: int
    target: TargetFacts
    versions: dict[str, str]
    specs: str
    command: str
    scope: Scope
    strict: bool
    stopped: str
    requests_sent: int
    exchanges: int
    scenarios: int
    flaky: int
    wall_s: float
    counts: dict[str, int]
    requirements: tuple[RequirementResult, ...]
    findings: tuple[ReportedFinding, ...]
    contradictions: tuple[Reading, ...]
    errors: tuple[str, ...] = ()
    deviations: tuple[KnownDeviation, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
