"""The results of a run, for each requirement and in total."""

from typing import Literal

import msgspec

from klarna_reports.record.record import AcceptedDeviation, TargetFacts, Unjudged, Verdict
from klarna_specs.goals import Scope
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_specs.spec import Level

__all__ = [
    "DEVIATIONS",
    "EXIT_CODES",
    "MET",
    "NOTHING_PROVIDED",
    "WORST_FIRST",
    "Cause",
    "ContradictionResult",
    "Exemplar",
    "Overall",
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
"""The exit code if no order could be provisioned."""
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
"""All verdicts; the first one here among its findings is the verdict of a requirement."""

MET: frozenset[Verdict] = frozenset({"PASS", "INFO", "NOT_APPLICABLE"})
"""The verdicts of a requirement that is met, or that does not apply."""
DEVIATIONS: tuple[Verdict, ...] = ("ERROR", "FAIL", "WARN", "KNOWN")
"""The verdicts of findings that are reported individually."""


class Exemplar(msgspec.Struct, frozen=True, kw_only=True):
    """The place of evidence: a scenario's id, and indices of its exchanges."""

    scenario: str
    exchanges: tuple[int, ...]


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one requirement.

    `findings` counts findings other than PASS, `evidence` the exchanges that were judged;
    `goals_missing` are the aspects that did not occur; `proofs` is the number of mutants that the
    requirement detects; `unlisted` counts deviations that no reported finding represents. `beside`
    names another violated requirement without which this one never failed: this one is probably a
    consequence of it.

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


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A violated requirement and its probable consequences, with what they cost.

    `requirements` begins with the `root`. `amount` is what the example of the root costs, in minor
    units (None: not in money); `counterexample` is its file in the folder of the report.

    >>> [(cause.root, cause.requirements) for cause in summary.causes]
    [('refund.within-captured-amount', ('refund.within-captured-amount',))]
    """

    root: str
    requirements: tuple[str, ...]
    sentence: str
    amount: int | None
    currency: str
    counterexample: str
    replay: str


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One reported deviation, with its shortest scenario and how to reproduce it.

    `sentence` says what was done and what came of it, with amounts in major units. `count` is the
    number of equal findings in the run. `fingerprint` identifies the finding across runs;
    a release that rewords findings changes it. `curl` is a shell command that sends the request
    again, for the mock in the process of the run a script with a mock of its own; empty for a
    target that has ended. `replay` is the command that replays the
    counterexample of a violation, to be typed in the folder where the run was started. `saved` says
    whether that counterexample is of this very finding; otherwise it is a smaller one, of another
    finding of the requirement.

    >>> [(each.expected, each.observed) for each in summary.findings]
    [('a refusal', '201')]
    """

    requirement: str
    verdict: Verdict
    sentence: str = ""
    expected: str
    observed: str
    scenario: str
    exchanges: tuple[int, ...]
    curl: str
    count: int = 1
    fingerprint: str = ""
    replay: str = ""
    saved: bool = False


class ContradictionResult(msgspec.Struct, frozen=True, kw_only=True):
    """A contradiction of the documentation, and how often each interpretation was followed."""

    id: str
    section: str
    statement: str
    interpretations: dict[str, str] = msgspec.field(name="readings")
    followed: dict[str, int]
    unobserved: str = ""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `run.json`. `exchanges` counts judged exchanges; `wall_s` is in seconds.

    `stopped` says why the run ended early, and is empty if it did not; `resume` is the command that
    completes it, if there is one. `counts` has the number of
    requirements by verdict; `flaky` counts exchanges that needed a retry to get a response;
    `profile` is the name of the provider or edition;
    `binding` counts the MUSTs of the specs, also those out of scope;
    `causes` has the most expensive cause first; `unjudged` lists watched traffic that was not
    judged, with the reason and the first request of each order.

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
    contradictions: tuple[ContradictionResult, ...]
    causes: tuple[Cause, ...] = ()
    errors: tuple[str, ...] = ()
    deviations: tuple[AcceptedDeviation, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    resume: str = ""
    binding: int = 0
    profile: str = DEFAULT_PROFILE

    @property
    def in_full(self) -> bool:
        """Whether no requirement, operation or market was left out of the run."""
        return self.scope.is_everything

    @property
    def headline(self) -> str:
        """The verdict; in a selected scope with the part of the requirements that it is about.

        >>> msgspec.structs.replace(summary, scope=Scope(markets=("SE",))).headline
        'NONCONFORMANT in the selected scope (2 of 2 binding requirements, 1 market)'
        """
        if self.in_full:
            return self.verdict
        inside = sum(result.level == "MUST" for result in self.requirements)
        count = len(self.scope.markets)
        markets = f", {count} market{'' if count == 1 else 's'}" if count else ""
        part = f"{inside} of {self.binding} binding requirements{markets}"
        return f"{self.verdict} in the selected scope ({part})"
