"""An operation that is added as one YAML file is planned, mocked, judged and certified."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from klarna_conformance.certify.driving import Stage
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.server import judge
from klarna_conformance.mock.deviation import AS_DOCUMENTED, Booking, Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.network import Tempo
from klarna_conformance.plan.dry_run import MockTarget, dry_run
from klarna_conformance.plan.planning import make_plan
from klarna_conformance.play.player import play
from klarna_conformance.wrong import reference
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_reports.record.record import Finding
from klarna_specs.client.requirements import client_spec
from klarna_specs.errors import SpecFileError
from klarna_specs.goals import Scope, goals
from klarna_specs.ledger import Ledger
from klarna_specs.loader import SPEC_DIRECTORY, load
from klarna_specs.scenario import steps_of
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_table
from klarna_strategies.tables import scenario_table

EXTEND = """
operation: extendAuthorizationTime
prefix: authorization-time
summary: Extend the authorization by its default period.
method: POST
paths: {description: "/ordermanagement/v1/orders/{order_id}/extend-authorization-time"}
source: description
changes: true
effect: extend_authorization
layout: one-partial-open
client: true
success: extended
responses:
  extended: {kind: success, status: [204], body: any}
  refused: {kind: refusal, status: [403], body: error, error_code: [NOT_ALLOWED]}
requirements:
  - id: authorization-time.accepted
    level: SHOULD
    statement: The authorization of an order that is open should be extended.
    source: description
    check: accepted
  - id: authorization-time.cancelled-refused
    level: MUST
    statement: The authorization of a cancelled order must not be extended.
    source: elementary
    rule: '!order.cancelled'
    otherwise: refused
  - id: authorization-time.leaves-the-money-alone
    level: MUST
    statement: An extension of the authorization must not change an amount of the order.
    source: elementary
    upon: [extended]
    check: order_agrees
  - id: authorization-time.replay-answered-alike
    level: SHOULD
    statement: A repeat under the same idempotency key should get the response of the first call.
    source: idempotency
    upon: [replay]
    check: same_answer
"""
REFERENCES = """
operation: updateMerchantReferences
prefix: references
summary: Change the merchant's references of an order.
method: PATCH
paths: {description: "/ordermanagement/v1/orders/{order_id}/merchant-references"}
source: description
changes: true
keeps: [merchant_reference1, merchant_reference2]
example: {merchant_reference1: "R-1"}
body: {schema: references_request, limits: references_request_limits, required: true}
success: done
responses:
  done: {kind: success, status: [204], body: any}
  refused: {kind: refusal, status: [403], body: error, error_code: [NOT_ALLOWED]}
requirements:
  - id: references.accepted
    level: SHOULD
    statement: A change of the references of an order should be accepted.
    source: description
    check: accepted
    cases:
      with-a-reference: has(request.merchant_reference1)
"""
NEW = ("extendAuthorizationTime", "updateMerchantReferences")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The specs of the package with two more operations, each in a file of its own."""
    copy = tmp_path_factory.mktemp("new") / "specs"
    shutil.copytree(SPEC_DIRECTORY, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (copy / "operations" / "extend-authorization-time.yaml").write_text(EXTEND)
    (copy / "operations" / "update-merchant-references.yaml").write_text(REFERENCES)
    return copy


@pytest.fixture(scope="module")
def spec(directory: Path) -> Spec:
    return load(directory)


@pytest.mark.parametrize("operation", NEW)
def test_its_own_table_serves_every_goal(spec: Spec, operation: str) -> None:
    called = [
        scenario
        for scenario in scenario_table(spec, markets=["SE", "US"])
        if any(step.operation == operation for step in steps_of(scenario))
    ]
    shown = {goal for each in dry_run(spec, called) for goal in each.shown}
    wanted = set(goals(spec, Scope(operations=(operation,))))
    assert {str(goal) for goal in wanted - shown} == set()


def test_it_is_planned_with_the_other_operations(spec: Spec) -> None:
    scope = Scope(operations=NEW, markets=("SE",))
    plan = make_plan(spec, scope=scope, seed=1, examples=0)
    assert plan.unserved == ()
    assert {step.operation for each in plan.scenarios for step in steps_of(each)} >= set(NEW)


def _judged(spec: Spec, deviation: Deviation = AS_DOCUMENTED) -> set[tuple[str, str]]:
    """What the judge says of a server about calls of the new operations, but for PASS."""
    found: set[tuple[str, str]] = set()
    for scenario in scenario_table(spec, markets=["SE"]):
        if any(step.operation in NEW for step in steps_of(scenario)):
            target = MockTarget(Mock(spec, deviation=deviation))
            came = asyncio.run(play(spec, target, scenario, identifier="s0001"))
            findings = judge(spec, target.facts, came.orders, came.exchanges)
            found |= {(each.requirement, each.verdict) for each in findings}
    return {each for each in found if each[1] in ("FAIL", "WARN")}


def test_the_mock_serves_it_as_documented(spec: Spec) -> None:
    assert _judged(spec) == set()


def test_a_server_that_does_it_wrongly_is_found(spec: Spec) -> None:
    def booked(booking: Booking, mock: Mock) -> Ledger:
        after = AS_DOCUMENTED.booked(booking, mock)
        name = booking.call.operation.operation
        if not booking.effect or name != "extendAuthorizationTime":
            return after
        return msgspec.structs.replace(after, captured_amount=after.captured_amount + 1)

    found = _judged(spec, Deviation(booked=booked))
    assert ("authorization-time.leaves-the-money-alone", "FAIL") in found


class _Client(ReferenceClient):
    """The reference client with the new operation."""

    operations = (*ReferenceClient.operations, "extendAuthorizationTime")


def test_clients_are_certified_for_it_where_it_is_offered(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffixes: Mapping[str, Any] = {
        "extendAuthorizationTime": ("POST", "/extend-authorization-time")
    }
    monkeypatch.setattr(reference, "_SUFFIXES", {**reference._SUFFIXES, **suffixes})
    chosen = ["extendAuthorizationTime"]

    async def certified() -> list[Finding]:
        adapter = InProcessAdapter(
            lambda hello: _Client(hello, backoff_s=0.01), name="reference", command_s=20.0
        )
        stage = Stage(spec, adapter, seed=0, tempo=Tempo(timeout_s=0.3, hold_s=1.2, slow_s=0.1))
        found: list[Finding] = []
        try:
            await stage.open()
            for scenario in client_table(spec, operations=chosen):
                course = await stage.play(scenario)
                found += judge_client(spec, course.side, course.exchanges).findings
        finally:
            await stage.aclose()
        return found

    findings = asyncio.run(certified())
    assert [each for each in findings if each.verdict in ("FAIL", "WARN")] == []
    seen = {(each.requirement, aspect) for each in findings for aspect in each.aspects}
    wanted = {
        (goal.requirement, goal.aspect) for goal in goals(client_spec(spec, operations=chosen))
    }
    assert wanted - seen == {("client.retries-later", "seen")}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("effect: extend_authorization", "effect: extend_autorization", "extend_authorization?"),
        ("layout: one-partial-open", "layout: one-part-open", "one-partial-open?"),
        ("client: true", "client: true\nexample: {days: 1}", "no body"),
        ("rule: '!order.cancelled'", "rule: '!order.canceled'", "did you mean cancelled?"),
    ],
)
def test_a_mistake_in_its_file_is_reported(
    directory: Path, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    copy = tmp_path / "specs"
    shutil.copytree(directory, copy)
    (copy / "operations" / "extend-authorization-time.yaml").write_text(EXTEND.replace(old, new))
    with pytest.raises(SpecFileError, match=r"extend-authorization-time\.yaml:") as caught:
        load(copy)
    assert problem in caught.value.problem
