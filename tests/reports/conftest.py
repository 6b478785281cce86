"""A small specification and the pieces of records that the tests put together."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from klarna_reports.record.record import Finding, Footer, Header, Played, Record, TargetFacts
from klarna_specs.exchange import Exchange, Payload, Request, Response
from klarna_specs.goals import Scope
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Empty, Json, Scenario, Step
from klarna_specs.spec import (
    Contradiction,
    Market,
    Operation,
    Requirement,
    ResponseSpec,
    Source,
    Spec,
    Untested,
)

PLAN = OrderPlan(market="SE", currency="SEK", order_amount=10000, captures=(10000,))
HEADER = Header(
    run_id="run-1",
    started_at="2024-05-01T12:00:00Z",
    seed=7,
    target=TargetFacts(name="A target", base_url="https://target.example", kind="http"),
    versions={"klarna-conformance": "0.1.0", "python": "3.11.7"},
    specs="0123456789abcdef",
    scope=Scope(),
    planned_scenarios=1,
    planned_requests=2,
    command="klarna-conformance run",
)
FOOTER = Footer(wall_s=1.5, requests_sent=2)


def _requirements() -> tuple[Requirement, ...]:
    rule = Requirement(
        id="refund.within-captured-amount",
        level="MUST",
        operation="refundOrder",
        statement="A refund must not exceed the captured amount.",
        section="Refund a captured order amount",
        source="page",
        rule="request.refunded_amount <= left",
        cases={"one-above": "request.refunded_amount == left + 1"},
        otherwise="refused",
    )
    status = Requirement(
        id="refund.status",
        level="SHOULD",
        operation="refundOrder",
        statement="A created refund must be answered with status 201.",
        source="page",
        check="status",
    )
    zero = msgspec.structs.replace(status, id="refund.zero-amount", level="INFO", needs=("clock",))
    order = msgspec.structs.replace(
        status,
        id="order.answered",
        level="MUST",
        operation="getOrder",
        across={"market": ("SE", "US")},
    )
    return rule, status, zero, order


def _operation(name: str) -> Operation:
    created = ResponseSpec(kind="success", status=(201,), body="any")
    return Operation(
        operation=name,
        prefix=name,
        summary=f"What {name} does.",
        method="POST",
        paths={"page": "/ordermanagement/v1/orders/{order_id}/refunds"},
        source="page",
        success="created",
        responses={"created": created},
        requirements=tuple(r for r in _requirements() if r.operation == name),
    )


@pytest.fixture(scope="session")
def spec() -> Spec:
    """Two operations with four requirements: two MUST, one SHOULD, one INFO."""
    return Spec(
        operations={name: _operation(name) for name in ("refundOrder", "getOrder")},
        sources={"page": Source(title="The page", address="https://docs.example/", carries="MUST")},
        markets={
            "SE": Market(currency="SEK", locale="sv-SE"),
            "US": Market(currency="USD", locale="en-US"),
        },
        market_groups={},
        layout_groups={},
        pay_later_methods=("pay_later",),
        forms={},
        extension_days=(14,),
        errors={},
        contradictions=(
            Contradiction(
                id="contradiction.header-names",
                section="Refunds",
                statement="How the header is spelled.",
                interpretations={"refund_id": "The page.", "Refund-Id": "The description."},
                observe="id_header_name",
            ),
        ),
        untested=(
            Untested(
                id="untested.mail", section="Mail", statement="A mail is sent.", reason="Unseen."
            ),
        ),
        schemas={},
        fingerprint="0123456789abcdef",
    )


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    """A refund that is accepted."""
    body = Payload('{"refunded_amount": 10001, "order_lines": []}')
    return Exchange(
        request=Request(
            method="POST",
            path="/ordermanagement/v1/orders/1/refunds",
            headers=(("Content-Type", "application/json"), ("User-Agent", "test")),
            body=body,
        ),
        outcome=Response(status=201, headers=(("Refund-Id", "r-1"),), elapsed_s=0.25),
        step=0,
    )


@pytest.fixture(scope="session")
def played(exchange: Exchange) -> Callable[..., Played]:
    """Makes a played scenario: one refund, of which the given findings speak."""

    def make(
        *findings: Finding, identifier: str = "s1", steps: int = 1, **others: object
    ) -> Played:
        step = Step(operation="refundOrder", body=Json({"refunded_amount": 10001}))
        looking = Step(operation="getOrder", body=Empty())
        scenario = Scenario(plan=PLAN, steps=(step, *(looking,) * (steps - 1)))
        sent = Played(
            id=identifier, scenario=scenario, exchanges=(exchange,) * steps, findings=findings
        )
        return msgspec.structs.replace(sent, **others)

    return make


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    """Makes a record of these scenarios; keywords change the header, `footer` the footer."""

    def make(*scenarios: Played, footer: Footer | None = FOOTER, **changes: object) -> Record:
        header = msgspec.structs.replace(HEADER, **changes)
        return Record(header=header, played=scenarios, footer=footer)

    return make


@pytest.fixture(scope="session")
def gathered() -> Callable[..., Any]:
    """Adds the scenarios of a record to a section of the report."""

    def gather(section: Any, whole: Record) -> Any:
        for each in whole.played:
            section.add(each)
        return section

    return gather


@pytest.fixture(scope="session")
def all_goals_pass() -> tuple[Finding, ...]:
    """A PASS of every requirement, with every goal."""
    aspects = {
        "refund.within-captured-amount": ("kept", "broken", "one-above"),
        "refund.status": ("seen",),
        "refund.zero-amount": ("seen",),
        "order.answered": ("seen", "market=SE", "market=US"),
    }
    return tuple(
        Finding(requirement=name, verdict="PASS", exchange=0, aspects=seen)
        for name, seen in aspects.items()
    )
