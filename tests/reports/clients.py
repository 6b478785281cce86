"""Records of clients, put together of plain values."""

import msgspec

from klarna_reports.record.record import (
    Certified,
    Finding,
    Footer,
    Header,
    Played,
    Record,
    TargetFacts,
)
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import FAULT_KINDS, Cut, Refused
from klarna_specs.client.play import ClientSide, Command, Done, Episode, Mark
from klarna_specs.client.requirements import client_operations, client_spec
from klarna_specs.exchange import Exchange, Failure, Request, Response
from klarna_specs.goals import Scope, goals
from klarna_specs.ledger import open_ledger
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario

SPEC = load()
OPERATIONS = client_operations(SPEC)
PLAN = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(10_000,))
LEDGER = open_ledger(PLAN, "o1", ("c1",))
LOST = Cut("after", reset=False)
BOOKED = Response(status=201, headers=(("Refund-Id", "r1"),))
CERTIFIED = Certified(
    client="acme 1.2",
    adapter="python adapter.py",
    operations=OPERATIONS,
    faults=FAULT_KINDS,
)
HEADER = Header(
    run_id="run-1",
    started_at="2026-05-01T12:00:00Z",
    seed=7,
    target=TargetFacts(name="acme 1.2", base_url="http://127.0.0.1:8080", kind="mock"),
    versions={"klarna-conformance": "0.1.0"},
    specs=SPEC.fingerprint,
    scope=Scope(),
    planned_scenarios=1,
    planned_requests=0,
    command="klarna-conformance client -- python adapter.py",
    certified=CERTIFIED,
)


def sent(outcome, key: str = "5f0c1e6a-0000-4000-8000-000000000001") -> Exchange:
    """A refund of 1."""
    path = "/ordermanagement/v1/orders/o1/refunds"
    return Exchange(
        request=Request(method="POST", path=path, headers=((KEY_HEADER, key),)), outcome=outcome
    )


def episode(*, outcome=None, first: int = 0, count: int = 2, faults=(LOST,), **command) -> Episode:
    """One refund of 1 that got its response at the second attempt."""
    members = {"arguments": {"refunded_amount": 1}, "faults": faults, **command}
    return Episode(
        command=Command(operation="refundOrder", **members),
        order_id="o1",
        capture_id=None,
        first=first,
        count=count,
        before=LEDGER,
        after=LEDGER,
        reported=outcome or Done(refund_id="r2"),
        wall_s=0.1,
    )


TWICE = (
    sent(Failure(kind="closed", message="")),
    sent(BOOKED, "5f0c1e6a-0000-4000-8000-000000000002"),
)
TWICE_MARKS = (Mark(fault=LOST, served=(BOOKED,)), Mark(served=(BOOKED,)))


def driven(*findings: Finding, identifier="s1", episodes=None, exchanges=TWICE, marks=TWICE_MARKS):
    """A scenario with a client; by default a refund that was sent twice under two keys."""
    episodes = (episode(),) if episodes is None else episodes
    side = ClientSide(orders=(PLAN,), episodes=episodes, marks=marks)
    return Played(
        id=identifier,
        scenario=Scenario(plan=PLAN, steps=()),
        exchanges=exchanges,
        findings=findings,
        client=side,
    )


def watched(*findings: Finding):
    """The same exchanges without commands."""
    return driven(*findings, episodes=(), identifier="c1")


def found(verdict="FAIL", requirement="client.once", exchange=1, **others) -> Finding:
    """A finding, with the words of a refund that happened twice."""
    said = {
        "expected": "one command takes effect once",
        "observed": "the client sent a second refund with a new key; the server booked it twice",
    }
    return Finding(
        **{"requirement": requirement, "verdict": verdict, "exchange": exchange, **said, **others}
    )


def everything(verdict="PASS") -> tuple[Finding, ...]:
    """One finding of each requirement, with every goal."""
    aspects: dict[str, list[str]] = {}
    for goal in goals(client_spec(SPEC)):
        aspects.setdefault(goal.requirement, []).append(goal.aspect)
    return tuple(
        found(verdict, name, aspects=tuple(seen), exchange=0) for name, seen in aspects.items()
    )


def record(*played: Played, **changes) -> Record:
    """A record of these scenarios; keywords change the header."""
    footer = Footer(wall_s=1.5, requests_sent=2)
    return Record(header=msgspec.structs.replace(HEADER, **changes), played=played, footer=footer)


REFUSED = Refused()
