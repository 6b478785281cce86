"""Servers that answer in a wrong form: status, headers, bodies."""

from typing import Any

import msgspec
import pytest

from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.scenario import Step
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    refund,
    release,
)

from .museum import (
    FULL,
    NONE,
    PART,
    altering,
    altering_error,
    altering_refusals,
    deviations,
    with_body,
    with_header,
    with_json,
    with_status,
)

OVER = refund(10_001)


@pytest.mark.parametrize("status", [500, 502, 503, 599])
@pytest.mark.parametrize("step", [refund(1_000), OVER], ids=["valid", "beyond the bound"])
def test_a_refund_answered_with_a_server_error_fails_only_that(status: int, step: Step) -> None:
    server = altering("refundOrder", lambda _, response: with_status(response, status))

    assert deviations(server, FULL, step) == {"refund.no-server-error": "FAIL"}


@pytest.mark.parametrize(
    ("operation", "prefix", "plan", "step"),
    [
        ("getOrder", "order", FULL, get_order()),
        ("getRefund", "refund-read", FULL, get_refund()),
        ("getCapture", "capture-read", FULL, get_capture()),
        ("getCaptures", "captures", FULL, get_captures()),
        ("getOptionsForExtendDueDate", "options", FULL, get_options()),
        ("extendDueDate", "extension", FULL, extend(30)),
        ("releaseRemainingAuthorization", "release", PART, release()),
        ("captureOrder", "capture", NONE, capture(1)),
        ("cancelOrder", "cancel", NONE, cancel()),
    ],
)
def test_a_server_error_fails_at_every_operation(
    operation: str, prefix: str, plan: Any, step: Step
) -> None:
    server = altering(operation, lambda _, response: with_status(response, 500))

    assert deviations(server, plan, step)[f"{prefix}.no-server-error"] == "FAIL"


@pytest.mark.parametrize("status", [302, 307, 600, 999])
def test_a_status_that_is_neither_yes_nor_no_fails_as_no_answer(status: int) -> None:
    server = altering("refundOrder", lambda _, response: with_status(response, status))

    found = deviations(server, FULL, refund(1_000))

    assert found["refund.answers"] == "FAIL"


def test_a_response_that_is_cut_off_fails_as_no_answer() -> None:
    server = altering(
        "refundOrder", lambda _, response: msgspec.structs.replace(response, truncated=True)
    )

    assert deviations(server, FULL, refund(1_000)) == {"refund.answers": "FAIL"}


def test_no_response_fails_as_no_answer() -> None:
    class HangsUp(Mock):
        def respond(self, request: Request, base_url: str) -> Any:
            response = super().respond(request, base_url)
            if request.method == "POST":
                return Failure(kind="closed", message="Server disconnected")
            return response

    assert deviations(HangsUp, FULL, refund(1_000)) == {"refund.answers": "FAIL"}


def test_being_asked_to_wait_is_not_judged() -> None:
    class AsksToWait(Mock):
        def respond(self, request: Request, base_url: str) -> Response:
            if request.method == "POST":
                return Response(status=429)
            return super().respond(request, base_url)

    assert deviations(AsksToWait, FULL, refund(1_000)) == {}


def test_a_refund_answered_with_200_fails_the_status() -> None:
    server = altering("refundOrder", lambda _, response: with_status(response, 200))

    assert deviations(server, FULL, refund(1_000)) == {"refund.created-status": "FAIL"}


def test_a_release_answered_with_200_fails_the_status() -> None:
    server = altering(
        "releaseRemainingAuthorization", lambda _, response: with_status(response, 200)
    )

    assert deviations(server, PART, release()) == {"release.status": "FAIL"}


@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_a_refund_without_its_id_in_a_header_fails(value: str | None) -> None:
    server = altering("refundOrder", lambda _, response: with_header(response, "Refund-Id", value))

    assert deviations(server, FULL, refund(1_000)) == {"refund.id-header": "FAIL"}


def test_a_refund_without_location_fails() -> None:
    server = altering("refundOrder", lambda _, response: with_header(response, "Location", None))

    assert deviations(server, FULL, refund(1_000)) == {"refund.location-header": "FAIL"}


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://elsewhere.example/ordermanagement/v1/refunds/1", id="another host"),
        pytest.param("https://mock/ordermanagement/v1/orders/1/refunds/1", id="another scheme"),
        pytest.param("http://mock:81/ordermanagement/v1/orders/1/refunds/1", id="another port"),
        pytest.param("http://mock/ordermanagement/v1/orders/1/refunds/1", id="another order"),
        pytest.param("http://mock/nowhere", id="no resource"),
        pytest.param("http://[mock/1", id="no URL"),
        pytest.param("http://mock/a b", id="a space"),
        pytest.param("", id="empty"),
        pytest.param("http://mock/\xe4", id="beyond ASCII"),
    ],
)
def test_a_location_that_does_not_lead_to_the_refund_fails(location: str) -> None:
    server = altering(
        "refundOrder", lambda _, response: with_header(response, "Location", location)
    )

    assert deviations(server, FULL, refund(1_000)) == {"refund.location-leads-to-refund": "FAIL"}


def test_a_location_that_leads_to_another_refund_fails() -> None:
    class LeadsToTheFirst(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            refunds = self.orders[call.order_id].refunds
            if call.operation.operation != "refundOrder":
                return response
            path = f"/ordermanagement/v1/orders/{call.order_id}/refunds/{refunds[0].refund_id}"
            return with_header(response, "Location", base_url + path)

    assert deviations(LeadsToTheFirst, FULL, refund(1_000), refund(2_000)) == {
        "refund.location-leads-to-refund": "FAIL"
    }


def test_an_over_refund_refused_with_another_status_fails_the_status() -> None:
    server = altering_refusals(lambda _, response: with_status(response, 400))

    assert deviations(server, FULL, OVER) == {"refund.refusal-status": "FAIL"}


def test_an_over_refund_refused_with_another_error_code_fails_the_code() -> None:
    server = altering_error(lambda error: {**error, "error_code": "NOT_ALLOWED"})

    assert deviations(server, FULL, OVER) == {"refund.refusal-code": "FAIL"}


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda e: _without(e, "correlation_id"), id="no correlation_id"),
        pytest.param(lambda e: {**e, "correlation_id": 7}, id="correlation_id a number"),
        pytest.param(lambda e: {**e, "correlation_id": ""}, id="correlation_id empty"),
        pytest.param(lambda e: {**e, "correlation_id": None}, id="correlation_id null"),
        pytest.param(lambda e: {**e, "error_messages": "No."}, id="messages a text"),
        pytest.param(lambda e: {**e, "error_messages": [7]}, id="messages of numbers"),
    ],
)
def test_an_error_body_without_a_member_of_its_type_fails_the_error_body(alter: Any) -> None:
    assert deviations(altering_error(alter), FULL, OVER) == {"refund.error-body": "FAIL"}


def test_an_error_body_without_messages_fails_the_error_body_and_is_warned_of() -> None:
    server = altering_error(lambda error: _without(error, "error_messages"))

    assert deviations(server, FULL, OVER) == {
        "refund.error-body": "FAIL",
        "refund.error-message-told": "WARN",
    }


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda e: _without(e, "error_code"), id="missing"),
        pytest.param(lambda e: {**e, "error_code": 403}, id="a number"),
    ],
)
def test_an_error_body_without_its_code_fails_body_and_code(alter: Any) -> None:
    assert deviations(altering_error(alter), FULL, OVER) == {
        "refund.error-body": "FAIL",
        "refund.refusal-code": "FAIL",
    }


@pytest.mark.parametrize("value", [[], "No.", None, 7, [{}]], ids=repr)
def test_an_error_body_that_is_no_object_fails_the_error_body(value: Any) -> None:
    server = altering_refusals(lambda _, response: with_json(response, value))

    assert deviations(server, FULL, OVER) == {"refund.error-body": "FAIL"}


def test_an_error_in_html_fails_body_and_content_type() -> None:
    server = altering_refusals(
        lambda _, response: with_body(response, "<html>No.</html>", "text/html")
    )

    assert deviations(server, FULL, OVER) == {
        "refund.error-body": "FAIL",
        "refund.error-content-type": "FAIL",
    }


@pytest.mark.parametrize("content_type", ["", "text/plain", "text/html; charset=utf-8"])
def test_json_that_is_not_labelled_as_json_fails_the_content_type(content_type: str) -> None:
    server = altering_refusals(
        lambda _, response: with_body(response, response.body.text, content_type)
    )

    assert deviations(server, FULL, OVER) == {"refund.error-content-type": "FAIL"}


def test_an_error_without_any_message_is_warned_of() -> None:
    server = altering_error(lambda error: {**error, "error_messages": []})

    assert deviations(server, FULL, OVER) == {"refund.error-message-told": "WARN"}


def test_a_correlation_id_that_is_always_the_same_fails() -> None:
    server = altering_error(lambda error: {**error, "correlation_id": "constant"})

    assert deviations(server, FULL, OVER, OVER) == {"refund.correlation-id-distinct": "FAIL"}


@pytest.mark.parametrize("text", ["null", "[]", '"options"', "{", "", "NaN", "[" * 5_000])
def test_an_order_that_is_no_json_object_fails(text: str) -> None:
    server = altering("getOrder", lambda _, response: with_body(response, text, "application/json"))

    assert "FAIL" in deviations(server, FULL, get_order()).values()


def _without(error: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in error.items() if key != name}
