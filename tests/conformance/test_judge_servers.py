"""Findings of the judge for servers outside of the catalogue: unusual forms, missing responses."""

import asyncio
from typing import Any

import msgspec
import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.player import play
from klarna_conformance.wrong.examples.orders import FULL, NONE
from klarna_specs.calls import Call
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step
from klarna_strategies.steps import capture, extend, get_order, get_refund, offered, refund

from .mutant_servers import answering, deviations, made, spec

OVER = refund(10_001)
CAPTURED = capture(1_000, description="Two shirts")
SHIRTS = refund(1_000, description="Two shirts", reference="RMA-1")


@pytest.mark.parametrize("status", [500, 502, 503, 599])
@pytest.mark.parametrize("step", [refund(1_000), OVER], ids=["valid", "beyond the bound"])
def test_a_server_error_is_a_failure(status: int, step: Step) -> None:
    server = answering("refundOrder", status=status)

    assert deviations(server, FULL, step) == {"refund.no-server-error": "FAIL"}


@pytest.mark.parametrize("status", [302, 307, 600, 999])
def test_a_status_of_neither_success_nor_refusal_is_no_answer(status: int) -> None:
    server = answering("refundOrder", status=status)

    assert deviations(server, FULL, refund(1_000))["refund.answers"] == "FAIL"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Failure(kind="closed", message="Server disconnected"), {"refund.answers": "FAIL"}),
        (Response(status=201, truncated=True), {"refund.answers": "FAIL"}),
        (Response(status=429), {}),
    ],
    ids=["no response", "truncated", "Retry-After"],
)
def test_an_incomplete_response_is_no_answer(outcome: Any, expected: dict[str, str]) -> None:
    class AnswersIncompletely(Mock):
        def respond(self, request: Request, base_url: str) -> Any:
            return outcome if request.method == "POST" else super().respond(request, base_url)

    assert deviations(AnswersIncompletely, FULL, refund(1_000)) == expected


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://mock/ordermanagement/v1/orders/1/refunds/1", id="another scheme"),
        pytest.param("http://mock/nowhere", id="no resource"),
        pytest.param("http://[mock/1", id="no URL"),
        pytest.param("http://mock/a b", id="a space"),
        pytest.param("http://mock/\xe4", id="beyond ASCII"),
    ],
)
def test_a_location_that_does_not_lead_to_the_refund_fails(location: str) -> None:
    server = answering("refundOrder", headers={"Location": location})

    assert deviations(server, FULL, refund(1_000)) == {"refund.location-leads-to-refund": "FAIL"}


@pytest.mark.parametrize("text", ["null", "[]", '"options"', "{", "", "NaN", "[" * 5_000])
def test_an_order_that_is_not_a_json_object_fails(text: str) -> None:
    server = answering("getOrder", text=text)

    assert "FAIL" in deviations(server, FULL, get_order()).values()


@pytest.mark.parametrize("text", ["null", "[]", '"No."', "7", "[{}]"])
def test_an_error_body_that_is_not_a_json_object_fails(text: str) -> None:
    server = answering("refundOrder", text=text)

    assert deviations(server, FULL, OVER) == {"refund.error-body": "FAIL"}


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (404, "NO_SUCH_ORDER", None),
        (403, "NOT_ALLOWED", None),
        (400, "NOT_FOUND", None),
        (400, "INVALID_ORDER_ID", None),
        (400, "BAD_VALUE", "WARN"),
        (410, "GONE", "WARN"),
    ],
)
def test_unknown_order_is_refused_with_a_documented_status(
    status: int, code: str, verdict: str | None
) -> None:
    server = answering("getOrder", status=status, members={"error_code": code})

    found = deviations(server, FULL, get_order(order="unknown"))

    assert found.get("order.not-found-status") == verdict


@pytest.mark.parametrize("text", [{"reference": ""}, {"reference": "RMA-1"}])
def test_a_reference_need_not_be_shown(text: dict[str, str]) -> None:
    assert deviations(answering("getRefund", members=text), FULL, SHIRTS) == {}


@pytest.mark.parametrize(
    ("plan", "steps", "expected"),
    [
        (FULL, (SHIRTS,), {"refund.own-text": "FAIL"}),
        (
            NONE,
            (capture(1_000, description="Two shirts"), refund(300, description="Two shirts")),
            {},
        ),
    ],
    ids=["of another refund", "of the capture"],
)
def test_the_text_of_another_refund_is_never_shown(
    plan: OrderPlan, steps: tuple[Step, ...], expected: dict[str, str]
) -> None:
    server = answering("getRefund", members={"description": "Two shirts"})

    assert deviations(server, plan, *steps, refund(500)) == expected


def test_a_default_description_may_be_shown() -> None:
    class Describes(Mock):
        def resource(self, call: Call) -> Any:
            shown = super().resource(call)
            return {"description": "Refund", **shown} if call.refund_id else shown

    assert deviations(Describes, FULL, SHIRTS, refund(500), get_refund(1)) == {}


@pytest.mark.parametrize("interpretation", ["page", "description"])
def test_the_due_date_may_be_extended_at_either_path(interpretation: str) -> None:
    target = MockTarget(made(f"extension-path-of-the-{interpretation}"))
    target.facts = msgspec.structs.replace(
        target.facts, interpretations={"extendDueDate": interpretation}
    )
    steps = tuple(
        msgspec.structs.replace(extend(offered(0)), path_interpretation=each)
        for each in ("page", "description")
    )
    scenario = Scenario(plan=FULL, steps=steps)
    came = asyncio.run(play(spec(), target, scenario, identifier="s0001"))
    findings = judge(spec(), target.facts, came.orders, came.exchanges)

    assert [f for f in findings if f.verdict in ("FAIL", "WARN")] == []
