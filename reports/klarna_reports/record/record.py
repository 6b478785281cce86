"""The record of a run: the lines of `journal.ndjson` as frozen values.

A journal is a header, the plan, one line a scenario, and a footer. Without a footer the run was cut
short. Everything that is reported can be computed again from it.
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

__all__ = [
    "FORMAT",
    "Certified",
    "Finding",
    "Footer",
    "Header",
    "KnownDeviation",
    "Line",
    "Planned",
    "Played",
    "ProvidedOrder",
    "Record",
    "Side",
    "TargetFacts",
    "Unavailable",
    "Unjudged",
    "Verdict",
]

FORMAT = 1
Verdict = Literal["PASS", "FAIL", "WARN", "INFO", "KNOWN", "NOT_APPLICABLE", "NOT_RUN", "ERROR"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one requirement says of one exchange.

    `exchange` is the index of the exchange it speaks of, `witness` that of a later read which shows
    it; `aspects` are the goals of the requirement that were seen in it. `expected` and `observed`
    are for a person to read, and empty on a PASS. `reading` names the reading of a contradiction.

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
    reading: str = ""


class ProvidedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a provisioner made for a plan, and what it claims to have done with it.

    `authorization` is what became of the rest so far; None, where that is not claimed, means open.
    Of an order that somebody else made, `ledger` is what its first read showed.
    """

    plan: OrderPlan
    order_id: str
    capture_ids: tuple[str, ...] = ()
    authorization: Authorization | None = None
    ledger: Ledger | None = None

    @property
    def rest(self) -> Authorization:
        """What became of what is not captured, as far as the provisioner claims."""
        return self.authorization or "open"


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """No order could be had for a plan (None: of no plan in particular), and why."""

    plan: OrderPlan | None
    reason: str


class Unjudged(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic of which nothing was judged, and why: the first such request, and how many."""

    request: str
    reason: str
    count: int = 1


class TargetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the requests of a run went, without any secret.

    `readings` names the reading of its path that the target follows, by operationId; `origins` are
    public base URLs of the same server, which a `Location` may name.
    """

    name: str
    base_url: str
    kind: Literal["mock", "http"]
    readings: dict[str, str] = {}
    origins: tuple[str, ...] = ()

    @property
    def is_mock(self) -> bool:
        """Whether it is the mock of this toolkit, whose clock can be advanced."""
        return self.kind == "mock"

    @property
    def bases(self) -> tuple[str, ...]:
        """Every base URL of the target, first the one that requests are sent to."""
        return self.base_url, *self.origins


class KnownDeviation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A violation that is accepted until a day: of which requirement, by whom, why, and a link.

    With a `fingerprint` only findings that say the same are meant, else all of the requirement.
    """

    requirement: str
    reason: str
    owner: str
    expires: date
    link: str = ""
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"{self.requirement} {self.fingerprint}".rstrip()


Side = Literal["server", "client"]
"""One of the two that speak with each other."""


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """Which client was put to the test: how it calls itself, by which adapter command, with what.

    `operations` and `faults` are those that it was tried with; `unsupported` are operations that it
    says it does not have.
    """

    client: str
    adapter: str
    operations: tuple[str, ...]
    faults: tuple[str, ...]
    unsupported: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="header"):
    """The first line of a journal: what was run, with what, against what.

    `seed` draws the same scenarios again with the same installation; `specs` is the fingerprint of
    the spec files; `started_at` is ISO 8601 in UTC. `shard` is `I/N` where only the I-th of N parts
    of the plan was sent. `certified` is set where it was a client that was judged; `watched` tells
    which sides were judged by traffic that others sent, `followed` which operations were seen in it
    that no run sends.
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
    deviations: tuple[KnownDeviation, ...] = ()
    shard: str = ""
    certified: Certified | None = None
    watched: tuple[Side, ...] = ()
    followed: tuple[str, ...] = ()


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="plan"):
    """The second line of a journal: the scenarios of the run in their order, so that it can go on.

    The n-th has the id `s` and n, in four digits or more.
    """

    scenarios: tuple[Scenario, ...]


class Played(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="scenario"):
    """A scenario that was sent and judged: its orders, its exchanges in order, and the findings.

    `shrunk_from` is the id of the scenario that this one is a smaller counterexample of. `client`
    is what there is beside the exchanges where it was a client that was judged. `unjudged` is
    watched traffic that could not be judged.

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
    error: str = ""
    client: ClientSide | None = None
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def size(self) -> tuple[int, int, int]:
        """How large it is as an example: the faults that a client may meet, steps, exchanges."""
        commands = [each.command for each in self.client.episodes] if self.client else []
        faults = sum(len(each.disturbances) + each.for_ever for each in commands)
        return faults, len(steps_of(self.scenario)), len(self.exchanges)


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="footer"):
    """The last line of a journal; `stopped` says why the run ended early, empty if it did not."""

    wall_s: float
    requests_sent: int
    stopped: str = ""


Line = Header | Planned | Played | Footer


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A whole journal; `footer` is None where the run was cut short.

    The scenarios of a journal that is a file are read from there each time they are gone through.

    `plan` is None where it was cut short before there was one.

    >>> record.header.target.name, len(record.played)
    ('sandbox', 1)
    """

    header: Header
    plan: Planned | None = None
    played: Sequence[Played]
    footer: Footer | None
