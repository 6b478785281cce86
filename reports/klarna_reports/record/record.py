"""The record of a run: the lines of `journal.ndjson` as frozen values.

A journal is a header, the plan, one line per scenario, what belongs to no scenario, and a footer.
Without a footer, the run was interrupted. Every report can be made from the journal alone.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from klarna_specs.client.play import ClientSide
from klarna_specs.exchange import Exchange
from klarna_specs.goals import Scope
from klarna_specs.ledger import Ledger
from klarna_specs.plan import Authorization, OrderPlan
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import ProfileFacts

__all__ = [
    "FORMAT",
    "PROBE",
    "AcceptedDeviation",
    "Certified",
    "Difference",
    "Excuses",
    "Finding",
    "Footer",
    "Header",
    "Line",
    "Listed",
    "Planned",
    "Played",
    "ProvidedOrder",
    "Record",
    "Side",
    "TargetFacts",
    "Unavailable",
    "Unjudged",
    "UnjudgedTraffic",
    "Verdict",
]

FORMAT = 1
PROBE = "r"
"""The first letter of the ids of scenarios that show which paths exist, and are not judged."""
Verdict = Literal["PASS", "FAIL", "WARN", "INFO", "KNOWN", "NOT_APPLICABLE", "NOT_RUN", "ERROR"]


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A capture or refund in a list: its id ("" where that is not compared) and its amount.

    The amount is in minor units; None where it is not compared, or is no integer.
    """

    identifier: str
    amount: int | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a resource with two values: an amount in minor units, a list, or text."""

    member: str
    expected: int | str | tuple[Listed, ...]
    observed: int | str | tuple[Listed, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The judgement of one exchange by one requirement.

    `exchange` is the index of the judged exchange, `witness` that of a later read that shows it;
    `aspects` are the goals of the requirement that occurred. `expected` and `observed` are
    sentences, empty on a PASS; `differences` are the values in them, where they are values of
    members. `reading` names the interpretation of a contradiction that the
    target follows.

    >>> [finding.requirement for each in record.played for finding in each.findings]
    ['refund.within-captured-amount']
    """

    requirement: str
    verdict: Verdict
    exchange: int
    aspects: tuple[str, ...] = ()
    witness: int | None = None
    expected: str = ""
    observed: str = ""
    differences: tuple[Difference, ...] = ()
    interpretation: str = msgspec.field(default="", name="reading")


class ProvidedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a provisioner created for a plan, as far as the provisioner reports.

    `authorization` is the state of the remaining authorization; None, if not reported, means open.
    For an order that others created, `ledger` is its state at the first read.
    """

    plan: OrderPlan
    order_id: str
    capture_ids: tuple[str, ...] = ()
    authorization: Authorization | None = None
    ledger: Ledger | None = None

    @property
    def rest(self) -> Authorization:
        """The state of the remaining authorization, as far as the provisioner reports."""
        return self.authorization or "open"


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """No order could be provisioned for a plan (None: for any plan), and why.

    `unreachable`: the provisioner itself failed, and did not refuse this plan.
    """

    plan: OrderPlan | None
    reason: str
    unreachable: bool = False


class Unjudged(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic that was not judged, and why: the first such request, and how many."""

    request: str
    reason: str
    count: int = 1


class TargetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The target of a run, without secrets.

    `readings` names the interpretation of a path that the target follows, by operationId; `origins`
    are public base URLs of the same server, which a `Location` may name. `named` is the target as
    named on the command line (empty if it was not), `mutant` the mutant of the mock. An order plan
    that is posted to `orders_url` is answered with an order; empty if orders come from elsewhere.
    """

    name: str
    base_url: str
    kind: Literal["mock", "http"]
    interpretations: dict[str, str] = msgspec.field(default={}, name="readings")
    origins: tuple[str, ...] = ()
    named: str = ""
    mutant: str = ""
    orders_url: str = ""

    @property
    def argument(self) -> str:
        """The target as a command line names it."""
        return self.named or ("mock" if self.is_mock else self.base_url)

    @property
    def is_mock(self) -> bool:
        """Whether it is the mock of this toolkit, whose clock can be advanced."""
        return self.kind == "mock"

    @property
    def in_process(self) -> bool:
        """Whether it is the mock in the process of the run, which nobody else can call."""
        return self.is_mock and self.named == "mock"

    @property
    def bases(self) -> tuple[str, ...]:
        """Every base URL of the target; requests go to the first one."""
        return self.base_url, *self.origins


class AcceptedDeviation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A violation that an owner accepts until a date, with the reason and a link.

    With a `fingerprint` it covers only findings with that fingerprint, otherwise all findings of
    the requirement.
    """

    requirement: str
    reason: str
    owner: str
    expires: date
    link: str = ""
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.requirement} {self.fingerprint}".rstrip()


Side = Literal["server", "client"]
"""The side that is judged."""


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """The certified client: the name that it reports, and the command or the URL of its adapter.

    `operations` and `faults` are those of the certification; `unsupported` are operations that the
    client reports as unsupported.
    """

    client: str
    adapter: str
    operations: tuple[str, ...]
    faults: tuple[str, ...]
    unsupported: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="header"):
    """The first line of a journal: the settings of the run.

    `seed` reproduces the scenarios; `specs` is the fingerprint of the spec files, `profile` the
    provider or edition; `started_at` is ISO 8601 in UTC. `shard` is `I/N` if only the I-th of N
    shards of the plan was sent. `certified` is set for a client certification; `watched` names the
    sides that were judged by watched traffic, `followed` the operations in it that no run sends.
    `output` is the folder of the run's files, relative to the folder where the run was started.
    """

    format: int = FORMAT
    run_id: str
    started_at: str
    seed: int
    target: TargetFacts
    versions: dict[str, str]
    specs: str
    scope: Scope
    strict: bool = False
    planned_scenarios: int
    planned_requests: int
    command: str = ""
    proofs: dict[str, int] = {}
    deviations: tuple[AcceptedDeviation, ...] = ()
    shard: str = ""
    certified: Certified | None = None
    watched: tuple[Side, ...] = ()
    followed: tuple[str, ...] = ()
    output: str = ""
    profile: ProfileFacts = ProfileFacts()


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="plan"):
    """The second line of a journal: the planned scenarios in order, so that the run can be resumed.

    The n-th scenario has the id `s` and n, with four digits or more.
    """

    scenarios: tuple[Scenario, ...]


class Played(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="scenario"):
    """A scenario that was sent and judged: its orders, its exchanges in order, and the findings.

    `shrunk_from` is the id of the scenario that this one is a smaller counterexample of, `shows` is
    the requirement that it was shrunk for. `client` holds commands and outcomes if a client was
    judged. `unjudged` is watched traffic that could not be judged.

    >>> [(each.id, len(each.exchanges)) for each in record.played]
    [('s0001', 1)]
    """

    id: str
    scenario: Scenario
    orders: tuple[ProvidedOrder, ...] = ()
    unavailable: Unavailable | None = None
    exchanges: tuple[Exchange, ...] = ()
    findings: tuple[Finding, ...] = ()
    shrunk_from: str = ""
    shows: str = ""
    error: str = ""
    client: ClientSide | None = None
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def size(self) -> tuple[int, int, int]:
        """Its size as an example: faults, steps, exchanges."""
        commands = [each.command for each in self.client.episodes] if self.client else []
        faults = sum(len(each.disturbances) + each.for_ever for each in commands)
        return faults, len(steps_of(self.scenario)), len(self.exchanges)

    def exchanges_of(self, finding: Finding) -> tuple[int, ...]:
        """The indices of the exchanges of a finding, as far as the scenario has them."""
        named = (finding.exchange, finding.witness)
        known = (i for i in named if i is not None and 0 <= i < len(self.exchanges))
        return tuple(dict.fromkeys(known))


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="footer"):
    """The last line of a journal; `stopped` says why the run ended early, empty if it did not."""

    wall_s: float
    requests_sent: int
    stopped: str = ""


class Excuses(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="excuses"):
    """Client requirements that do not apply, because the client never did what they are about.

    Each finding is NOT_APPLICABLE, and of no exchange.
    """

    findings: tuple[Finding, ...]


class UnjudgedTraffic(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="unjudged"):
    """Watched traffic of no order that could not be judged."""

    traffic: tuple[Unjudged, ...]


Line = Header | Planned | Played | Excuses | UnjudgedTraffic | Footer


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A whole journal; `footer` and `plan` are None if the run was interrupted before them.

    The scenarios of a journal file are read from the file at each iteration. `excuses` are findings
    about requirements that do not apply, `unjudged` is watched traffic of no scenario.

    >>> record.header.target.name, len(record.played)
    ('sandbox', 1)
    """

    header: Header
    plan: Planned | None = None
    played: Sequence[Played]
    excuses: tuple[Finding, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    footer: Footer | None
