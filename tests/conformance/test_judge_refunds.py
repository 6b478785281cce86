"""Servers that are wrong about refunds: each fails exactly the requirements that it breaks."""

from typing import Any

import msgspec
import pytest

from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.exchange import Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Raw, Step
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import capture, get_refund, refund

from .museum import (
    BELGIUM,
    FEE_REFUND,
    FULL,
    NONE,
    PART,
    TWO_CAPTURES,
    ForgetsKeys,
    accepting,
    altering,
    altering_json,
    deviations,
    refusing,
    with_header,
    with_status,
)

OVER = refund(10_001)
KEYED = refund(1_000, key=Key("first"))


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        pytest.param(FULL, [OVER], id="one minor unit above the capture"),
        pytest.param(FULL, [refund(6_000), refund(6_000)], id="less than the capture, twice"),
        pytest.param(FULL, [refund(10_000), refund(1)], id="one minor unit when nothing is left"),
        pytest.param(PART, [refund(10_000)], id="what was ordered but not captured"),
        pytest.param(NONE, [refund(1)], id="before any capture"),
        pytest.param(FULL, [refund(2**32 + 1)], id="beyond 32 bits"),
    ],
)
def test_a_refund_of_more_than_is_left_that_is_accepted_fails_the_bound(
    plan: Any, steps: list[Step]
) -> None:
    server = accepting("refund.within-captured-amount")

    assert deviations(server, plan, *steps) == {"refund.within-captured-amount": "FAIL"}


def test_a_refund_of_more_than_is_left_that_is_accepted_but_not_booked_fails_the_bound() -> None:
    class BooksNothing(accepting("refund.within-captured-amount")):  # type: ignore[misc]
        def answer(self, call: Call, base_url: str) -> Response:
            before = dict(self.orders)
            response = super().answer(call, base_url)
            self.orders = before
            return response

    assert deviations(BooksNothing, FULL, OVER) == {"refund.within-captured-amount": "FAIL"}


def test_a_negative_refund_that_is_accepted_fails_the_sign() -> None:
    server = accepting("refund.amount-not-negative")

    assert deviations(server, FULL, refund(-1)) == {
        "refund.amount-not-negative": "FAIL",
        "order.body": "WARN",
    }


def test_a_valid_refund_that_is_refused_fails_its_acceptance() -> None:
    server = refusing("refundOrder", "refused")

    assert deviations(server, FULL, refund(1)) == {"refund.accepted": "FAIL"}


@pytest.mark.parametrize(
    ("plan", "step", "verdict"),
    [
        (TWO_CAPTURES, refund(6_000), "FAIL"),
        pytest.param(TWO_CAPTURES, refund(6_001), "WARN", id="over several captures"),
        pytest.param(FULL, refund(100, description="d" * 255), "WARN", id="longest text"),
        pytest.param(FULL, refund(100, order_lines=[]), "WARN", id="no lines"),
        pytest.param(FULL, refund(100, description="Returned"), "FAIL", id="short text"),
    ],
)
def test_a_refusal_fails_only_what_the_page_itself_allows(
    plan: OrderPlan, step: Step, verdict: str
) -> None:
    server = refusing("refundOrder", "refused")

    assert deviations(server, plan, step) == {"refund.accepted": verdict}


def test_a_valid_fee_that_is_refused_fails_the_fees_acceptance() -> None:
    server = refusing("refundOrder", "fee_refused")

    assert deviations(server, FULL, FEE_REFUND) == {"refund.fee-accepted": "FAIL"}


def test_a_fee_that_cannot_be_removed_fails_its_removal() -> None:
    server = refusing("refundOrder", "refused", lambda call: call.member("refunded_amount") == 500)

    assert deviations(server, FULL, FEE_REFUND, refund(500)) == {"refund.fee-removal": "FAIL"}


def test_a_fee_that_is_given_back_at_once_fails_what_is_kept() -> None:
    class PaysTheFeeOut(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            if isinstance(call.body, dict) and call.member("order_lines"):
                call = msgspec.structs.replace(call, body={"refunded_amount": 10_000})
            return super().answer(call, base_url)

    assert deviations(PaysTheFeeOut, FULL, FEE_REFUND) == {
        "refund.fee-keeps-the-rest": "FAIL",
        "refund.location-leads-to-refund": "FAIL",
        "refund.read-back": "FAIL",
        "refund-read.shows-what-happened": "FAIL",
    }


def test_a_fee_in_a_market_that_is_not_listed_fails_the_market() -> None:
    server = accepting("refund.fee-market")

    assert deviations(server, BELGIUM, FEE_REFUND) == {"refund.fee-market": "FAIL"}


@pytest.mark.parametrize("plan", [TWO_CAPTURES, PART], ids=["two captures", "captured in part"])
def test_a_fee_without_one_whole_capture_fails_the_single_capture(plan: Any) -> None:
    charged = refund(500, order_lines=[goods(600), fee(100)])

    assert deviations(accepting("refund.fee-single-capture"), plan, charged) == {
        "refund.fee-single-capture": "FAIL"
    }


@pytest.mark.parametrize("refunded_amount", [9_499, 9_501, 10_000])
def test_a_fee_whose_lines_do_not_add_up_and_that_is_accepted_fails_the_sum(
    refunded_amount: int,
) -> None:
    charged = refund(refunded_amount, order_lines=[goods(10_000), fee(500)])

    assert deviations(accepting("refund.fee-lines-add-up"), FULL, charged) == {
        "refund.fee-lines-add-up": "FAIL"
    }


def test_plain_lines_that_do_not_add_up_and_are_refused_are_warned_of() -> None:
    server = refusing("refundOrder", "refused")

    assert deviations(server, FULL, refund(900, order_lines=[goods(1_000)])) == {
        "refund.lines-need-not-add-up": "WARN"
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param("{}", id="amount missing"),
        pytest.param('{"refunded_amount": "all"}', id="amount a text"),
        pytest.param('{"refunded_amount": true}', id="amount a truth value"),
    ],
)
def test_a_malformed_refund_that_is_accepted_fails(body: str) -> None:
    step = Step(operation="refundOrder", body=Raw(text=body))
    server = accepting("refund.malformed-refused")

    assert deviations(server, FULL, step)["refund.malformed-refused"] == "FAIL"


def test_a_fractional_amount_that_is_accepted_is_warned_of() -> None:
    step = Step(operation="refundOrder", body=Raw(text='{"refunded_amount": 1.5}'))

    assert deviations(accepting("refund.types-kept"), FULL, step)["refund.types-kept"] == "WARN"


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"refunded_amount": 1}',
        '{"refunded_amount": 1, "refunded_amount": 1}',
        '{"refunded_amount": "1"}',
        '{"refunded_amount": 1.0}',
        '{"refunded_amount": 1,}',
        '{"refunded_amount": 1, "description": null}',
    ],
)
def test_an_open_form_may_be_read_or_refused(text: str) -> None:
    step = Step(operation="refundOrder", body=Raw(text=text))

    assert deviations(accepting("refund.odd-body"), FULL, step) == {}
    assert deviations(refusing("refundOrder", "malformed"), FULL, step) == {}


def test_a_repeated_refund_that_is_booked_as_a_new_one_fails_both_halves_of_idempotency() -> None:
    assert deviations(ForgetsKeys, FULL, KEYED, KEYED) == {
        "refund.replay-answered-alike": "FAIL",
        "refund.replay-booked-once": "FAIL",
    }


def test_a_repeated_refund_that_is_answered_alike_but_booked_again_fails_booked_once() -> None:
    class BooksAgain(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            first = self.orders[call.order_id].key_use(call.key)
            response = super().answer(call, base_url)
            if first:
                super().answer(msgspec.structs.replace(call, key=None), base_url)
            return response

    assert deviations(BooksAgain, FULL, KEYED, KEYED) == {"refund.replay-booked-once": "FAIL"}


def test_a_repeated_refund_that_is_refused_fails_as_not_answered_alike() -> None:
    class RefusesRepeats(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            first = self.orders[call.order_id].key_use(call.key)
            server = refusing("refundOrder", "refused") if first else Mock
            return server.answer(self, call, base_url)

    assert deviations(RefusesRepeats, FULL, KEYED, KEYED) == {
        "refund.replay-answered-alike": "FAIL"
    }


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda r, n: with_header(r, "Refund-Id", f"another-{n}"), id="another id"),
        pytest.param(lambda r, n: with_status(r, 200 + n % 2), id="another status"),
        pytest.param(
            lambda r, n: with_header(r, "Location", f"http://mock/elsewhere/{n}"), id="Location"
        ),
    ],
)
def test_a_repeated_refund_that_is_booked_once_but_told_differently_fails(alter: Any) -> None:
    class TellsDifferently(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            first = self.orders[call.order_id].key_use(call.key)
            response = super().answer(call, base_url)
            return alter(response, first.times) if first else response

    assert deviations(TellsDifferently, FULL, KEYED, KEYED, KEYED) == {
        "refund.replay-answered-alike": "FAIL"
    }


def test_a_key_that_is_forgotten_when_another_refund_comes_between_fails() -> None:
    class RemembersTheLastKeyOnly(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            ledger = self.orders[call.order_id]
            if call.operation.changes:
                keys = tuple(use for use in ledger.keys[-1:] if use.key == call.key)
                self.orders[call.order_id] = msgspec.structs.replace(ledger, keys=keys)
            return super().answer(call, base_url)

    other = refund(1_000, key=Key("second"))

    assert deviations(RemembersTheLastKeyOnly, FULL, KEYED, other, KEYED) == {
        "refund.replay-answered-alike": "FAIL",
        "refund.replay-booked-once": "FAIL",
    }


def test_a_refund_that_is_not_booked_fails_the_bookkeeping() -> None:
    class BooksNothing(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            before = dict(self.orders)
            response = super().answer(call, base_url)
            self.orders = before
            return response

    assert deviations(BooksNothing, FULL, refund(1_000)) == {
        "refund.books-amount": "FAIL",
        "refund.location-leads-to-refund": "FAIL",
        "refund.read-back": "FAIL",
        "refund-read.answered": "FAIL",
    }


def test_a_refund_that_frees_authorization_fails_the_bookkeeping() -> None:
    class FreesAuthorization(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            if call.operation.changes:
                ledger = msgspec.structs.replace(
                    self.orders[call.order_id], remaining_authorized_amount=3_999
                )
                self.orders[call.order_id] = ledger
            return response

    assert deviations(FreesAuthorization, PART, refund(1)) == {"refund.books-amount": "FAIL"}


def test_a_refused_refund_that_is_booked_all_the_same_fails() -> None:
    class BooksRefused(accepting("refund.within-captured-amount")):  # type: ignore[misc]
        def answer(self, call: Call, base_url: str) -> Response:
            response = super().answer(call, base_url)
            refused = refusing("refundOrder", "refused")
            return refused.answer(self, call, base_url) if call.operation.changes else response

    assert deviations(BooksRefused, FULL, OVER)["refund.refusal-changes-nothing"] == "FAIL"


def test_a_refund_that_reads_back_with_another_amount_fails() -> None:
    server = altering_json("getRefund", lambda r: {**r, "refunded_amount": 999})

    assert deviations(server, FULL, refund(1_000)) == {
        "refund.location-leads-to-refund": "FAIL",
        "refund.read-back": "FAIL",
        "refund-read.shows-what-happened": "FAIL",
    }


def test_an_amount_that_reads_back_as_a_text_fails() -> None:
    server = altering_json("getRefund", lambda r: {**r, "refunded_amount": "1000"})

    assert deviations(server, FULL, refund(1_000))["refund.read-back"] == "FAIL"


def test_a_refund_that_reads_back_with_another_id_fails() -> None:
    server = altering_json("getRefund", lambda r: {**r, "refund_id": "another"})

    assert deviations(server, FULL, refund(1_000))["refund.read-back"] == "FAIL"


def test_a_refund_that_cannot_be_read_back_fails() -> None:
    server = refusing("getRefund", "not_found")

    assert deviations(server, FULL, refund(1_000)) == {
        "refund.location-leads-to-refund": "FAIL",
        "refund.read-back": "FAIL",
        "refund-read.answered": "FAIL",
    }


def test_an_earlier_refund_that_changes_later_fails_its_state() -> None:
    class LastAmountForAll(Mock):
        def resource(self, call: Call) -> Any:
            shown = super().resource(call)
            last = self.orders[call.order_id].refunds[-1:]
            if call.operation.operation == "getRefund":
                return {**shown, "refunded_amount": last[0].refunded_amount}
            return shown

    assert deviations(LastAmountForAll, FULL, refund(1_000), refund(2_000)) == {
        "refund-read.shows-what-happened": "FAIL"
    }


def test_another_reference_than_was_sent_fails_the_text() -> None:
    server = altering_json("getRefund", lambda r: {**r, "reference": "another"})

    assert deviations(server, FULL, refund(1_000, reference="RMA-1")) == {
        "refund.text-kept": "FAIL"
    }


def test_a_description_that_is_cut_off_fails_the_text() -> None:
    server = altering_json("getRefund", lambda r: {**r, "description": r["description"][:100]})

    assert deviations(server, FULL, refund(1_000, description="x" * 255)) == {
        "refund.text-kept": "FAIL"
    }


def test_the_text_of_another_refund_is_never_shown() -> None:
    server = altering_json("getRefund", lambda r: {**r, "description": "Two shirts"})
    first = refund(1_000, description="Two shirts")

    assert deviations(server, FULL, first, refund(500)) == {"refund.own-text": "FAIL"}


def test_a_text_of_the_servers_own_may_be_shown() -> None:
    server = altering_json("getRefund", lambda r: {"description": "Refund", **r})
    first = refund(1_000, description="Two shirts")

    assert deviations(server, FULL, first, refund(500)) == {}


def test_the_text_of_a_capture_may_be_shown_with_its_refund() -> None:
    server = altering_json("getRefund", lambda r: {**r, "description": "Two shirts"})
    steps = capture(1_000, description="Two shirts"), refund(300, description="Two shirts")

    assert deviations(server, NONE, *steps, refund(500)) == {}


def test_a_reference_need_not_be_shown() -> None:
    server = altering_json("getRefund", lambda r: {**r, "reference": ""})

    assert deviations(server, FULL, refund(1_000, reference="RMA-1")) == {}


def test_two_refunds_with_one_id_fail_the_distinct_id() -> None:
    server = altering(
        "refundOrder", lambda _, response: with_header(response, "Refund-Id", "always-the-same")
    )

    found = deviations(server, FULL, refund(1_000), refund(2_000))

    assert found["refund.id-distinct"] == "FAIL"


def test_a_refund_of_another_order_that_is_shown_fails() -> None:
    class ShowsEverybodysRefunds(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            for order_id, ledger in self.orders.items():
                if ledger.refund(call.refund_id):
                    call = msgspec.structs.replace(call, order_id=order_id)
            return super().answer(call, base_url)

    of_other = get_refund("other")

    assert deviations(
        ShowsEverybodysRefunds, FULL, refund(1_000, order="other"), of_other, other=FULL
    ) == {"refund-read.unknown-refund-refused": "FAIL"}
