"""Servers that show a wrong order, or do wrong at release, extension, capture and cancellation."""

from typing import Any

import msgspec
import pytest

from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Payload, Response
from klarna_specs.ledger import Ledger
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Step
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

from .museum import (
    CANCELLED,
    CARD,
    FULL,
    NONE,
    PART,
    RELEASED,
    TWO_CAPTURES,
    accepting,
    altering,
    altering_json,
    deviations,
    refusing,
    with_header,
    with_json,
)

EVERY_OPERATION = [
    pytest.param("order", FULL, get_order(), id="getOrder"),
    pytest.param("captures", FULL, get_captures(), id="getCaptures"),
    pytest.param("capture-read", FULL, get_capture(), id="getCapture"),
    pytest.param("refund-read", FULL, get_refund(), id="getRefund"),
    pytest.param("options", FULL, get_options(), id="getOptionsForExtendDueDate"),
    pytest.param("refund", FULL, refund(1_000), id="refundOrder"),
    pytest.param("release", PART, release(), id="releaseRemainingAuthorization"),
    pytest.param("extension", FULL, extend(offered(0)), id="extendDueDate"),
    pytest.param("capture", NONE, capture(1_000), id="captureOrder"),
    pytest.param("cancel", NONE, cancel(), id="cancelOrder"),
]


def _keeping(operation: str, **members: Any) -> type[Mock]:
    """A server where an operation leaves some members of the order as they should not be."""

    class Keeping(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            if call.operation.operation == operation and response.is_success:
                ledger: Ledger = msgspec.structs.replace(self.orders[call.order_id], **members)
                self.orders[call.order_id] = ledger
            return response

    return Keeping


def test_a_release_of_an_order_captured_in_part_that_is_refused_fails() -> None:
    server = refusing("releaseRemainingAuthorization", "not_allowed")

    assert deviations(server, PART, release()) == {"release.accepted": "FAIL"}


@pytest.mark.parametrize("plan", [FULL, TWO_CAPTURES], ids=["one capture", "two captures"])
def test_a_release_of_a_fully_captured_order_that_is_accepted_fails(plan: OrderPlan) -> None:
    server = accepting("release.fully-captured-refused")

    assert deviations(server, plan, release()) == {"release.fully-captured-refused": "FAIL"}


def test_a_release_of_a_cancelled_order_that_is_accepted_fails() -> None:
    server = accepting("release.cancelled-refused")

    assert deviations(server, CANCELLED, release()) == {"release.cancelled-refused": "FAIL"}


def test_a_release_that_frees_nothing_fails() -> None:
    server = _keeping("releaseRemainingAuthorization", remaining_authorized_amount=4_000)

    assert deviations(server, PART, release()) == {"release.frees-the-rest": "FAIL"}


def test_a_release_that_leaves_one_minor_unit_fails() -> None:
    server = _keeping("releaseRemainingAuthorization", remaining_authorized_amount=1)

    assert deviations(server, PART, release()) == {"release.frees-the-rest": "FAIL"}


def test_a_fully_captured_release_with_another_error_code_fails_the_code() -> None:
    server = altering(
        "releaseRemainingAuthorization",
        lambda _, r: with_json(r, {**r.body.json(), "error_code": "REFUND_NOT_ALLOWED"}),
    )

    assert deviations(server, FULL, release()) == {"release.fully-captured-code": "FAIL"}


@pytest.mark.parametrize("plan", [NONE, RELEASED], ids=["no captures", "released already"])
@pytest.mark.parametrize("status", ["accepted", "refused"])
def test_a_release_that_the_documentation_leaves_open_is_not_judged(
    plan: OrderPlan, status: str
) -> None:
    kinds = {
        "accepted": accepting("release.not-captured" if plan is NONE else "release.again"),
        "refused": refusing("releaseRemainingAuthorization", "not_allowed"),
    }

    assert deviations(kinds[status], plan, release()) == {}


def test_a_capture_after_a_release_that_is_accepted_fails() -> None:
    found = deviations(accepting("capture.not-after-release"), RELEASED, capture(1))

    assert found["capture.not-after-release"] == "FAIL"


def test_a_capture_of_more_than_remains_that_is_accepted_fails() -> None:
    assert deviations(accepting("capture.within-the-order"), PART, capture(4_001)) == {
        "capture.within-the-order": "FAIL",
        "order.body": "WARN",
    }


def test_a_capture_that_books_another_amount_fails() -> None:
    server = _keeping("captureOrder", captured_amount=2)

    found = deviations(server, NONE, capture(1))

    assert found["capture.books-amount"] == "FAIL"


@pytest.mark.parametrize("days", [-1, 0, 1, 31, 366, offered(0, plus=1)], ids=str)
def test_a_number_of_days_that_was_not_offered_and_is_accepted_fails(days: Any) -> None:
    server = accepting("extension.offered-days-only")

    assert deviations(server, FULL, extend(days)) == {"extension.offered-days-only": "FAIL"}


def test_an_offered_number_of_days_that_is_refused_fails() -> None:
    server = refusing("extendDueDate", "not_extended")

    assert deviations(server, FULL, extend(offered(0))) == {"extension.accepted": "FAIL"}


def test_an_extension_of_a_card_order_that_is_accepted_fails() -> None:
    server = accepting("extension.pay-later-only")

    assert deviations(server, CARD, extend(30))["extension.pay-later-only"] == "FAIL"


def test_an_extension_that_changes_an_amount_fails() -> None:
    server = _keeping("extendDueDate", refunded_amount=1)

    found = deviations(server, FULL, extend(offered(0)))

    assert found["extension.leaves-the-money-alone"] == "FAIL"


def test_options_for_a_card_order_fail() -> None:
    server = accepting("options.pay-later-only")

    assert deviations(server, CARD, get_options()) == {"options.pay-later-only": "FAIL"}


def test_an_empty_list_of_options_for_a_card_order_counts_as_a_refusal() -> None:
    class OffersNothing(accepting("options.pay-later-only")):  # type: ignore[misc]
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            if call.operation.operation == "getOptionsForExtendDueDate":
                return with_json(response, {"currency": "SEK", "options": []})
            return response

    assert deviations(OffersNothing, CARD, get_options()) == {}


def test_options_that_are_refused_for_a_pay_later_order_fail() -> None:
    server = refusing("getOptionsForExtendDueDate", "none_offered")

    assert deviations(server, FULL, get_options()) == {"options.answered": "FAIL"}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"currency": "SEK"}, id="no options"),
        pytest.param({"currency": "SEK", "options": [{"amount": 0}]}, id="no days"),
        pytest.param([], id="a list"),
    ],
)
def test_options_without_days_fail_the_body(options: Any) -> None:
    server = altering_json("getOptionsForExtendDueDate", lambda _: options)

    assert deviations(server, FULL, get_options()) == {"options.body": "FAIL"}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"options": [{"amount": 0, "number_of_days": 10}]}, id="no currency"),
        pytest.param(
            {"currency": "SEK", "options": [{"amount": "0", "number_of_days": 10}]},
            id="amount a text",
        ),
    ],
)
def test_option_amounts_rest_on_the_description(options: Any) -> None:
    server = altering_json("getOptionsForExtendDueDate", lambda _: options)

    assert deviations(server, FULL, get_options()) == {"options.amounts": "WARN"}


def test_asking_for_options_that_changes_the_order_fails() -> None:
    server = _keeping("getOptionsForExtendDueDate", refunded_amount=1)

    found = deviations(server, FULL, get_options())

    assert found["options.reading-changes-nothing"] == "FAIL"


def test_options_in_another_currency_are_warned_of() -> None:
    server = altering_json("getOptionsForExtendDueDate", lambda o: {**o, "currency": "EUR"})

    assert deviations(server, FULL, get_options()) == {"options.currency": "WARN"}


def test_options_that_differ_when_asked_again_are_warned_of() -> None:
    class OffersOnce(Mock):
        def resource(self, call: Call) -> Any:
            shown = super().resource(call)
            asked_before = any("due-date" in each.request.path for each in self.exchanges)
            if call.operation.operation == "getOptionsForExtendDueDate" and asked_before:
                return {**shown, "options": shown["options"][:1]}
            return shown

    assert deviations(OffersOnce, FULL, get_options(), get_options()) == {"options.stable": "WARN"}


@pytest.mark.parametrize(("prefix", "plan", "step"), EVERY_OPERATION)
def test_a_call_without_credentials_that_is_served_fails(
    prefix: str, plan: OrderPlan, step: Step
) -> None:
    server = accepting(f"{prefix}.credentials-required")
    before = [refund(1)] if prefix == "refund-read" else []
    anonymous = msgspec.structs.replace(step, credentials="none")

    assert deviations(server, plan, *before, anonymous) == {
        f"{prefix}.credentials-required": "FAIL"
    }


@pytest.mark.parametrize("credentials", ["wrong_password", "wrong_username"])
@pytest.mark.parametrize(("prefix", "plan", "step"), EVERY_OPERATION)
def test_a_call_with_wrong_credentials_that_is_served_fails(
    prefix: str, plan: OrderPlan, step: Step, credentials: Any
) -> None:
    server = accepting(f"{prefix}.wrong-credentials-refused")
    before = [refund(1)] if prefix == "refund-read" else []
    stranger = msgspec.structs.replace(step, credentials=credentials)

    assert deviations(server, plan, *before, stranger) == {
        f"{prefix}.wrong-credentials-refused": "FAIL"
    }


def test_another_orders_capture_that_is_shown_fails() -> None:
    class ShowsEverybodysCaptures(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            for order_id, ledger in self.orders.items():
                if ledger.capture(call.capture_id):
                    call = msgspec.structs.replace(call, order_id=order_id)
            return super().answer(call, base_url)

    assert deviations(ShowsEverybodysCaptures, FULL, get_capture("other"), other=FULL) == {
        "capture-read.unknown-capture-refused": "FAIL"
    }


def test_another_orders_capture_that_is_extended_fails() -> None:
    class ExtendsEverybodysCaptures(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            for order_id, ledger in self.orders.items():
                if ledger.capture(call.capture_id):
                    call = msgspec.structs.replace(call, order_id=order_id)
            return super().answer(call, base_url)

    step = extend(30, capture="other")

    assert deviations(ExtendsEverybodysCaptures, FULL, step, other=FULL) == {
        "extension.unknown-capture-refused": "FAIL"
    }


def test_an_order_that_does_not_exist_and_is_shown_fails() -> None:
    class ShowsAnyOrder(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            if call.order_id not in self.orders:
                call = msgspec.structs.replace(call, order_id=next(iter(self.orders)))
            return super().answer(call, base_url)

    assert deviations(ShowsAnyOrder, FULL, get_order(order="unknown")) == {
        "order.unknown-order-refused": "FAIL",
    }


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
    body = {"error_code": code, "error_messages": ["No such order."], "correlation_id": "c-1"}
    payload = Payload(msgspec.json.encode(body).decode())
    server = altering(
        "getOrder", lambda _, r: msgspec.structs.replace(r, status=status, body=payload)
    )

    found = deviations(server, FULL, get_order(order="unknown"))

    assert found.get("order.not-found-status") == verdict


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"captured_amount": 9_999}, id="captured"),
        pytest.param({"refunded_amount": 1_001}, id="refunded"),
        pytest.param({"remaining_authorized_amount": 1}, id="remaining"),
        pytest.param({"refunds": []}, id="refund not listed"),
        pytest.param({"captures": []}, id="capture not listed"),
        pytest.param({"captured_amount": "10000"}, id="a text"),
        pytest.param({"captured_amount": 10_000.5}, id="a fraction"),
        pytest.param({"refunded_amount": True}, id="true"),
    ],
)
def test_an_order_that_shows_something_else_than_happened_fails(wrong: dict[str, Any]) -> None:
    server = altering_json("getOrder", lambda order: {**order, **wrong})

    assert "FAIL" in deviations(server, FULL, refund(1_000), get_order()).values()


def test_a_wrong_amount_from_the_start_fails_what_the_order_shows() -> None:
    server = altering_json("getOrder", lambda order: {**order, "remaining_authorized_amount": 1})

    assert deviations(server, PART, get_order())["order.shows-what-happened"] == "FAIL"


def test_another_order_than_was_asked_for_fails_its_identity() -> None:
    server = altering_json("getOrder", lambda order: {**order, "order_id": "another"})

    assert deviations(server, FULL, get_order()) == {"order.is-the-one-asked-for": "FAIL"}


def test_money_that_does_not_add_up_fails() -> None:
    server = altering_json("getOrder", lambda order: {**order, "refunded_amount": 10_001})

    assert deviations(server, FULL, get_order())["order.money-adds-up"] == "FAIL"


def test_a_status_that_does_not_fit_is_warned_of() -> None:
    server = altering_json("getOrder", lambda order: {**order, "status": "AUTHORIZED"})

    assert deviations(server, FULL, get_order()) == {"order.lifecycle-status": "WARN"}


def test_an_amount_as_a_text_is_warned_of_where_the_description_has_a_number() -> None:
    server = altering_json("getOrder", lambda order: {**order, "order_amount": "10000"})

    assert deviations(server, FULL, get_order())["order.body"] == "WARN"


def test_a_list_of_captures_that_lacks_one_fails() -> None:
    server = altering_json("getCaptures", lambda captures: captures[:1])

    assert deviations(server, TWO_CAPTURES, get_captures()) == {"captures.complete": "FAIL"}


def test_a_capture_with_another_amount_fails_its_state() -> None:
    server = altering_json("getCapture", lambda shown: {**shown, "captured_amount": 1})

    assert deviations(server, FULL, get_capture()) == {"capture-read.shows-what-happened": "FAIL"}


def test_a_capture_that_shows_more_refunded_than_captured_fails_its_state() -> None:
    server = altering_json("getCapture", lambda shown: {**shown, "refunded_amount": 10_001})

    assert deviations(server, FULL, get_capture()) == {"capture-read.shows-what-happened": "FAIL"}


def test_a_refused_cancellation_that_cancels_fails() -> None:
    class CancelsAndRefuses(accepting("cancel.captured-refused")):  # type: ignore[misc]
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            refused = refusing("cancelOrder", "refused")
            return refused.answer(self, call, base_url) if call.operation.changes else response

    assert deviations(CancelsAndRefuses, PART, cancel()) == {
        "cancel.refusal-changes-nothing": "FAIL",
        "order.lifecycle-status": "WARN",
    }


def test_a_valid_cancellation_that_is_refused_is_warned_of() -> None:
    server = refusing("cancelOrder", "refused")

    assert deviations(server, NONE, cancel()) == {"cancel.accepted": "WARN"}


def test_a_repeated_capture_that_is_booked_twice_is_warned_of() -> None:
    class ForgetsKeysOfCaptures(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            return super().answer(msgspec.structs.replace(call, key=None), base_url)

    keyed = capture(1_000, key=Key("first"))

    found = deviations(ForgetsKeysOfCaptures, NONE, keyed, keyed)

    assert found == {
        "capture.replay-answered-alike": "WARN",
        "capture.replay-booked-once": "WARN",
    }


def test_a_capture_without_its_id_in_a_header_is_warned_of() -> None:
    server = altering("captureOrder", lambda _, r: with_header(r, "Capture-Id", None))

    assert deviations(server, NONE, capture(1)) == {"capture.id-header": "WARN"}
