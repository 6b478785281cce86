from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.calls import Call
from klarna_specs.effects import moved_on
from klarna_specs.ledger import DAY_S, Answer, Ledger, open_ledger
from klarna_specs.loader import load
from klarna_specs.oracle import assess
from klarna_specs.plan import OrderPlan

from .situations import make_call, open_order

SPEC = load()
REFUSED = Answer(success=False, status=403, error_code="NOT_ALLOWED")


def _done(resource_id: str | None = None) -> Answer:
    return Answer(success=True, status=201 if resource_id else 204, resource_id=resource_id)


def _refund(amount: Any, *fees: int, key: str | None = None) -> Call:
    lines = [{"type": "return_fee", "total_amount": fee} for fee in fees]
    body = {"refunded_amount": amount, "order_lines": [{"total_amount": 9000}, *lines]}
    return make_call("refundOrder", body, key=key)


# The order of a plan


def test_order_opens_with_what_its_plan_captured() -> None:
    ledger = open_order(captures=(6000, 1000))
    amounts = (ledger.captured_amount, ledger.refunded_amount, ledger.remaining_authorized_amount)
    assert amounts == (7000, 0, 3000)
    assert [c.capture_id for c in ledger.captures] == ["capture-1", "capture-2"]


@pytest.mark.parametrize(
    ("authorization", "remaining"), [("open", 4000), ("released", 0), ("cancelled", 0)]
)
def test_state_of_the_rest_decides_what_remains(authorization: str, remaining: int) -> None:
    ledger = open_order(captures=(6000,), authorization=authorization)
    assert ledger.remaining_authorized_amount == remaining
    assert (ledger.released, ledger.cancelled) == (
        authorization == "released",
        authorization == "cancelled",
    )


def test_only_captures_whose_ids_are_known_were_made() -> None:
    plan = OrderPlan(
        market="SE",
        currency="SEK",
        order_amount=10000,
        captures=(6000, 1000),
        authorization="released",
    )
    ledger = open_ledger(plan, "order-1", ("c-1",))
    assert [(c.capture_id, c.captured_amount) for c in ledger.captures] == [("c-1", 6000)]
    assert (ledger.remaining_authorized_amount, ledger.released) == (4000, False)


@pytest.mark.parametrize(
    ("plan", "layout"),
    [
        ({"captures": ()}, "none-open"),
        ({"captures": (), "authorization": "cancelled"}, "none-cancelled"),
        ({"captures": (6000,), "authorization": "released"}, "one-partial-released"),
        ({"captures": (6000, 4000)}, "several-complete"),
    ],
)
def test_ledger_opens_with_the_layout_of_its_plan(plan: dict[str, Any], layout: str) -> None:
    assert open_order(**plan).layout == layout


def test_layout_follows_the_calls() -> None:
    ledger = open_order(captures=())
    layouts = [ledger.layout]
    for call, answer in (
        (make_call("captureOrder", {"captured_amount": 6000}), _done("c-1")),
        (make_call("captureOrder", {"captured_amount": 1000}), _done("c-2")),
        (make_call("releaseRemainingAuthorization"), _done()),
    ):
        ledger = moved_on(ledger, call, answer, effect=True)
        layouts.append(ledger.layout)
    assert layouts == [
        "none-open",
        "one-partial-open",
        "several-partial-open",
        "several-partial-released",
    ]


# What a call does


def test_refund_raises_the_refunded_amount_only() -> None:
    before = open_order(captures=(6000,))
    after = moved_on(before, _refund(500), _done("r-1"), effect=True)
    assert (after.refunded_amount, after.captured_amount) == (500, 6000)
    assert after.remaining_authorized_amount == 4000


def test_refund_is_listed_with_its_id_amount_and_body() -> None:
    call = _refund(500)
    after = moved_on(open_order(), call, _done("r-1"), effect=True)
    refund = after.refund("r-1")
    assert (refund.refunded_amount, refund.fee_amount, refund.body) == (500, 0, call.body)


@pytest.mark.parametrize(("fees", "total"), [((), 0), ((-500,), 500), ((-500, -1), 501)])
def test_return_fees_of_a_refund_are_a_positive_amount(fees: tuple[int, ...], total: int) -> None:
    after = moved_on(open_order(), _refund(100, *fees), _done("r-1"), effect=True)
    assert after.fee_amount == total


def test_return_fees_of_all_refunds_add_up() -> None:
    ledger = open_order()
    for number, fee in enumerate((-500, -20)):
        ledger = moved_on(ledger, _refund(100, fee), _done(f"r-{number}"), effect=True)
    assert (ledger.fee_amount, ledger.refunded_amount) == (520, 200)


def test_capture_raises_captured_and_lowers_remaining_amount() -> None:
    call = make_call("captureOrder", {"captured_amount": 1500})
    after = moved_on(open_order(captures=(6000,)), call, _done("c-9"), effect=True)
    assert (after.captured_amount, after.remaining_authorized_amount) == (7500, 2500)
    assert [c.capture_id for c in after.captures] == ["capture-1", "c-9"]


def test_release_leaves_nothing_authorized() -> None:
    call = make_call("releaseRemainingAuthorization")
    after = moved_on(open_order(captures=(6000,)), call, _done(), effect=True)
    assert (after.released, after.remaining_authorized_amount) == (True, 0)
    assert after.captured_amount == 6000


def test_cancellation_leaves_nothing_authorized() -> None:
    after = moved_on(open_order(captures=()), make_call("cancelOrder"), _done(), effect=True)
    assert (after.cancelled, after.remaining_authorized_amount) == (True, 0)


def test_offers_of_a_capture_are_those_last_read() -> None:
    ledger = open_order(captures=(6000, 4000)).with_options("capture-2", (10, 30))
    assert [c.offered_days for c in ledger.captures] == [None, (10, 30)]
    assert [c.offered_days for c in ledger.with_options("capture-2", ()).captures] == [None, ()]


def test_extension_changes_one_capture_and_makes_offers_unknown() -> None:
    ledger = open_order(captures=(6000, 4000))
    ledger = ledger.with_options("capture-1", (10,)).with_options("capture-2", (10,))
    call = make_call("extendDueDate", {"number_of_days": 10}, capture_id="capture-2")
    after = moved_on(ledger, call, _done(), effect=True)
    assert [c.extended for c in after.captures] == [False, True]
    assert [c.offered_days for c in after.captures] == [None, None]


@pytest.mark.parametrize("operation", ["getOrder", "getCapture", "getCaptures", "getRefund"])
def test_read_moves_no_money(operation: str) -> None:
    before = open_order(captures=(6000,))
    after = moved_on(before, make_call(operation), Answer(success=True, status=200), effect=True)
    for name in ("captured_amount", "refunded_amount", "remaining_authorized_amount"):
        assert getattr(after, name) == getattr(before, name)


def test_call_without_effect_moves_no_money() -> None:
    after = moved_on(open_order(), _refund(500), REFUSED, effect=False)
    assert (after.refunded_amount, after.refunds) == (0, ())


@pytest.mark.parametrize("amount", ["all", None, 1.5, [500]])
@pytest.mark.parametrize("operation", ["refundOrder", "captureOrder"])
def test_accepted_invalid_amount_leaves_the_ledger_uncertain(operation: str, amount: Any) -> None:
    member = {"refundOrder": "refunded_amount", "captureOrder": "captured_amount"}[operation]
    before = open_order(captures=(6000,))
    after = moved_on(before, make_call(operation, {member: amount}), _done("x"), effect=True)
    assert (after.uncertain, after.captured_amount, after.refunded_amount) == (True, 6000, 0)


@pytest.mark.parametrize("amount", ["500", 500.0])
def test_amount_in_an_open_form_is_booked_like_the_plain_one(amount: Any) -> None:
    after = moved_on(open_order(), _refund(amount), _done("r-1"), effect=True)
    assert (after.uncertain, after.refunded_amount) == (False, 500)


@pytest.mark.parametrize("lines", [None, "socks", [None], [{"type": "return_fee"}], [[]]])
def test_order_lines_of_any_shape_can_be_booked(lines: Any) -> None:
    call = make_call("refundOrder", {"refunded_amount": 1, "order_lines": lines})
    assert moved_on(open_order(), call, _done("r-1"), effect=True).fee_amount == 0


# Keys


def test_key_is_stored_with_its_response() -> None:
    after = moved_on(open_order().at(7), _refund(500, key="k"), _done("r-1"), effect=True)
    use = after.key_use("k")
    assert (use.operation, use.answer, use.at_s, use.times) == ("refundOrder", _done("r-1"), 7, 1)


def test_repeat_is_counted_and_keeps_the_first_response() -> None:
    call = _refund(500, key="k")
    ledger = moved_on(open_order(), call, _done("r-1"), effect=True)
    use = moved_on(ledger.at(60), call, _done("r-2"), effect=False).key_use("k")
    assert (use.times, use.answer, use.at_s) == (2, _done("r-1"), 0)


def test_later_responses_of_a_key_are_stored_in_order() -> None:
    call = _refund(500, key="k")
    ledger = open_order()
    for name in ("r-1", "r-2", "r-1", "r-3"):
        ledger = moved_on(ledger, call, _done(name), effect=False)
    use = ledger.key_use("k")
    assert (use.answer, use.later, use.times) == (_done("r-1"), (_done("r-2"), _done("r-3")), 4)


def test_amounts_of_a_key_are_those_before_its_first_call() -> None:
    ledger = moved_on(open_order(captures=(6000,)), _refund(100), _done("r-0"), effect=True)
    for name in ("r-1", "r-2"):
        ledger = moved_on(ledger, _refund(500, key="k"), _done(name), effect=True)
    use = ledger.key_use("k")
    assert (use.amounts, ledger.amounts) == ((6000, 100, 4000), (6000, 1100, 4000))


def test_success_replaces_a_refusal_and_its_body() -> None:
    refused, accepted = _refund(99999, key="k"), _refund(500, key="k")
    ledger = moved_on(open_order(), refused, REFUSED, effect=False)
    use = moved_on(ledger.at(60), accepted, _done("r-1"), effect=True).key_use("k")
    assert (use.answer, use.fingerprint, use.later) == (_done("r-1"), accepted.fingerprint, ())
    assert (use.times, use.at_s) == (2, 0)


def test_refusal_does_not_replace_a_success() -> None:
    accepted, refused = _refund(500, key="k"), _refund(99999, key="k")
    ledger = moved_on(open_order(), accepted, _done("r-1"), effect=True)
    use = moved_on(ledger, refused, REFUSED, effect=False).key_use("k")
    assert (use.answer, use.fingerprint) == (_done("r-1"), accepted.fingerprint)
    assert use.later == (REFUSED,)


def test_key_without_a_response_is_stored_without_one() -> None:
    after = open_order().at(7).after_silence(_refund(500, key="k"))
    use = after.key_use("k")
    assert (use.answer, use.later, use.amounts, use.at_s) == (None, (), (10000, 0, 0), 7)
    assert (after.uncertain, after.refunded_amount) == (True, 0)


@pytest.mark.parametrize("answer", [_done("r-1"), REFUSED])
def test_response_after_none_counts_as_a_later_one(answer: Answer) -> None:
    call = _refund(500, key="k")
    use = moved_on(open_order().after_silence(call), call, answer, effect=False).key_use("k")
    assert (use.answer, use.later, use.times) == (None, (answer,), 2)


def test_missing_response_after_a_response_adds_none() -> None:
    call = _refund(500, key="k")
    use = moved_on(open_order(), call, REFUSED, effect=False).after_silence(call).key_use("k")
    assert (use.answer, use.later, use.times) == (REFUSED, (), 2)


@pytest.mark.parametrize(
    ("age_s", "first"), [(0, "r-1"), (DAY_S - 1, "r-1"), (DAY_S, "r-2"), (DAY_S + 1, "r-2")]
)
def test_key_is_stored_for_a_day(age_s: int, first: str) -> None:
    call = _refund(500, key="k")
    ledger = moved_on(open_order(), call, _done("r-1"), effect=True)
    use = moved_on(ledger.at(age_s), call, _done("r-2"), effect=False).key_use("k")
    assert use.answer == _done(first)


def test_refusal_is_stored_too() -> None:
    after = moved_on(open_order(), _refund(99999, key="k"), REFUSED, effect=False)
    use = after.key_use("k")
    assert use.answer == REFUSED


@pytest.mark.parametrize("credentials", ["none", "wrong_password", "wrong_username"])
def test_key_of_another_order_is_not_stored(credentials: str) -> None:
    call = make_call("refundOrder", {"refunded_amount": 1}, key="k", credentials=credentials)
    assert moved_on(open_order(), call, REFUSED, effect=False).keys == ()


def test_call_without_key_is_not_stored() -> None:
    assert moved_on(open_order(), _refund(500), _done("r-1"), effect=True).keys == ()


def test_unused_key_is_none() -> None:
    assert (open_order().key_use("k"), open_order().key_use(None)) == (None, None)


# Money adds up, whatever allowed calls are made in whatever order

_AMOUNTS = st.sampled_from([0, 1, 1000, 4000, 9999, 10000, 10001]) | st.integers(-5, 12000)
_MOVES = st.tuples(
    st.sampled_from(
        ["refundOrder", "captureOrder", "releaseRemainingAuthorization", "cancelOrder"]
    ),
    _AMOUNTS,
    st.sampled_from([None, "k-1", "k-2"]),
    st.sampled_from([0, 3600, DAY_S]),
    st.integers(0, 3),
)
_COURSES = st.tuples(
    st.sampled_from([(), (6000,), (10000,), (6000, 4000), (1, 9998)]),
    st.lists(_MOVES, max_size=8),
)


def _played(course: Any) -> list[Ledger]:
    """The ledgers of an order after each of some calls that were answered as is allowed."""
    captures, moves = course
    ledgers = [open_order(captures=captures)]
    for number, (operation, amount, key, wait_s, choice) in enumerate(moves):
        ledger = ledgers[-1].at(ledgers[-1].now_s + wait_s)
        member = {"refundOrder": "refunded_amount", "captureOrder": "captured_amount"}
        body = {member[operation]: amount} if operation in member else None
        call = make_call(operation, body, key=key)
        assessment = assess(SPEC, ledger, call)
        outcome = assessment.outcomes[choice % len(assessment.outcomes)]
        answer = REFUSED if outcome.kind == "refusal" else _done(f"x-{number}")
        if outcome.kind == "replay" and assessment.first is not None:
            answer = assessment.first.answer
        ledgers.append(moved_on(ledger, call, answer, effect=outcome.kind == "success"))
    return ledgers


@given(_COURSES)
def test_refunded_amount_is_the_sum_of_the_refunds(course: Any) -> None:
    for ledger in _played(course):
        assert ledger.refunded_amount == sum(r.refunded_amount for r in ledger.refunds)


@given(_COURSES)
def test_captured_amount_is_the_sum_of_the_captures(course: Any) -> None:
    for ledger in _played(course):
        assert ledger.captured_amount == sum(c.captured_amount for c in ledger.captures)


@given(_COURSES)
def test_no_more_is_refunded_than_was_captured(course: Any) -> None:
    for ledger in _played(course):
        assert 0 <= ledger.refunded_amount <= ledger.captured_amount


@given(_COURSES)
def test_captured_plus_remaining_never_exceeds_the_order(course: Any) -> None:
    for ledger in _played(course):
        assert ledger.remaining_authorized_amount >= 0
        assert ledger.captured_amount + ledger.remaining_authorized_amount <= ledger.order_amount


@given(_COURSES)
def test_rest_of_an_order_remains_until_released_or_cancelled(course: Any) -> None:
    for ledger in _played(course):
        rest = ledger.order_amount - ledger.captured_amount
        rest_is_gone = ledger.released or ledger.cancelled
        assert ledger.remaining_authorized_amount == (0 if rest_is_gone else rest)
