"""A call that is retried under its key."""

from collections.abc import Callable
from typing import Any

import pytest

from klarna_specs.effects import moved_on
from klarna_specs.ledger import DAY_S, HOUR_S, Answer
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess

from .situations import (
    CREATED,
    DONE,
    PART,
    REFUSED,
    SOCKS,
    allowed,
    ids,
    kinds,
    make_call,
    open_order,
)

SPEC = load()


REFUSALS = ("refused", "fee_refused", "malformed")
SMALL, WHOLE_AMOUNT = {"refunded_amount": 100}, {"refunded_amount": 10000}
AGAIN, ACCEPTED = ("replay", (), ()), ("success", ("created",), ())
REFUSE = ("refusal", REFUSALS, ())


@pytest.fixture(scope="session")
def repeated() -> Callable[..., Assessment]:
    """Assesses a refund that is retried under its key."""

    def at(
        body: Any = WHOLE_AMOUNT,
        again: Any = None,
        *,
        first: Answer = CREATED,
        after_s: int = 0,
        **call: Any,
    ) -> Assessment:
        sent = make_call("refundOrder", body, key="k")
        ledger = moved_on(open_order(), sent, first, effect=first.success)
        call = make_call("refundOrder", again or body, key="k", **call)
        return assess(SPEC, ledger.at(after_s), call)

    return at


Repeated = Callable[..., Assessment]


@pytest.mark.parametrize(
    ("repeat", "replay", "outcomes", "demanded"),
    [
        pytest.param({}, "replay", [AGAIN], [], id="nothing is left"),
        pytest.param({"after_s": HOUR_S - 1}, "replay", [AGAIN], [], id="within an hour"),
        pytest.param(
            {"body": SMALL, "again": {"refunded_amount": 200}},
            "replay_other_body",
            [AGAIN, ACCEPTED, REFUSE],
            [],
            id="another body",
        ),
        pytest.param(
            {"body": SMALL, "again": {"refunded_amount": -1}},
            "replay_other_body",
            [AGAIN, ("refusal", ("malformed", "refused", "fee_refused"), ())],
            ["refund.amount-not-negative"],
            id="another body that must be refused",
        ),
        pytest.param(
            {"body": SMALL, "again": {"refunded_amount": 0}},
            "replay_other_body",
            [AGAIN, ("success", ("created",), ("refund.zero-amount",)), REFUSE],
            [],
            id="another body that is open",
        ),
        pytest.param(
            {"first": REFUSED}, "replay_of_refusal", [AGAIN, ACCEPTED, REFUSE], [], id="a refusal"
        ),
        pytest.param(
            {"first": REFUSED, "body": {"refunded_amount": 10001}},
            "replay_of_refusal",
            [AGAIN, REFUSE],
            ["refund.within-captured-amount"],
            id="a refusal that was right",
        ),
        pytest.param(
            {"body": SMALL, "after_s": DAY_S},
            "replay_expired",
            [ACCEPTED, REFUSE, AGAIN],
            [],
            id="after a day",
        ),
        pytest.param(
            {"body": SMALL, "after_s": DAY_S + 1},
            "replay_expired",
            [ACCEPTED, REFUSE, AGAIN],
            [],
            id="after more than a day",
        ),
        pytest.param(
            {"after_s": DAY_S},
            "replay_expired",
            [REFUSE, AGAIN],
            ["refund.within-captured-amount"],
            id="after a day, with nothing left",
        ),
    ],
)
def test_repeat_is_allowed_what_its_first_use_and_age_leave_open(
    repeated: Repeated, repeat: dict[str, Any], replay: str, outcomes: Any, demanded: list[str]
) -> None:
    assessment = repeated(**repeat)
    assert (assessment.replay, allowed(assessment)) == (replay, outcomes)
    assert ids(assessment.demanded_by) == demanded
    assert assessment.first.answer == repeat.get("first", CREATED)


@pytest.mark.parametrize(
    ("repeat", "place", "because"),
    [
        ({"body": SMALL, "again": {"refunded_amount": 200}}, 0, "refund.replay-with-another-body"),
        ({"first": REFUSED}, 0, "refund.replay-of-refusal"),
        ({"body": SMALL, "after_s": DAY_S}, -1, "refund.key-after-a-day"),
    ],
)
def test_first_response_again_names_the_requirement_that_allows_it(
    repeated: Repeated, repeat: dict[str, Any], place: int, because: str
) -> None:
    assert repeated(**repeat).outcomes[place].because == (because,)


def test_repeat_of_a_success_names_both_of_its_requirements(repeated: Repeated) -> None:
    (outcome,) = repeated().outcomes
    assert {"refund.replay-answered-alike", "refund.replay-booked-once"} <= set(outcome.because)


@pytest.mark.parametrize("after_s", [HOUR_S, DAY_S - 1])
def test_repeat_after_an_hour_should_still_get_the_first_response(
    repeated: Repeated, after_s: int
) -> None:
    assessment = repeated(after_s=after_s)
    assert (assessment.replay, kinds(assessment)[0]) == ("replay_aged", "replay")


@pytest.mark.parametrize("credentials", ["none", "wrong_password", "wrong_username"])
def test_repeat_with_wrong_credentials_is_refused(repeated: Repeated, credentials: str) -> None:
    assessment = repeated(credentials=credentials)
    assert (assessment.replay, kinds(assessment)) == ("", ["refusal"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"refunded_amount": 0}, ["refusal", "success", "replay"]),
        ({"refunded_amount": 1, "description": "x" * 256}, ["refusal", "success", "replay"]),
        ({"refunded_amount": 3999, "order_lines": [SOCKS]}, ["success", "refusal", "replay"]),
        (
            {"refunded_amount": 4001, "order_lines": [{**SOCKS, "total_amount": 4001}]},
            ["success", "refusal", "replay"],
        ),
    ],
)
def test_open_repeat_after_a_day_gets_what_a_new_call_gets_first(
    repeated: Repeated, body: dict[str, Any], expected: list[str]
) -> None:
    assessment = repeated(body, after_s=DAY_S)
    assert (assessment.replay, kinds(assessment)) == ("replay_expired", expected)
    assert assessment.demanded_by == ()


def test_repeat_of_a_call_without_response_may_succeed_or_be_refused() -> None:
    call = make_call("refundOrder", SMALL, key="k")
    silent = open_order().after_silence(call)
    assessment = assess(SPEC, silent, call)
    assert assessment.first.answer is None
    assert allowed(assessment) == [ACCEPTED, REFUSE]
    assert assessment.demanded_by == ()
    refused = moved_on(silent, call, REFUSED, effect=False)
    later = (silent, refused, silent.at(DAY_S - 1), silent.at(DAY_S))
    replays = [assess(SPEC, ledger, call).replay for ledger in later]
    assert replays == [*["replay_of_silence"] * 3, "replay_expired"]


def test_key_of_another_order_makes_a_new_call() -> None:
    first = make_call("refundOrder", SMALL, key="k", order_id="order-2")
    other = moved_on(open_order(order_id="order-2"), first, CREATED, effect=True)
    assessment = assess(SPEC, open_order(), make_call("refundOrder", SMALL, key="k"), [other])
    assert assessment.replay == "replay_elsewhere"
    assert assessment.outcomes[-1].because == ("refund.key-on-another-order",)
    assert allowed(assessment) == [ACCEPTED, REFUSE, AGAIN]
    assert assessment.demanded_by == ()
    above = assess(
        SPEC, open_order(**PART), make_call("refundOrder", WHOLE_AMOUNT, key="k"), [other]
    )
    assert (above.replay, kinds(above)) == ("replay_elsewhere", ["refusal", "replay"])
    assert ids(above.demanded_by) == ["refund.within-captured-amount"]


def test_key_of_another_operation_or_capture_makes_a_new_call() -> None:
    ledger = moved_on(
        open_order(**PART), make_call("refundOrder", SMALL, key="k"), CREATED, effect=True
    )
    assessment = assess(SPEC, ledger, make_call("releaseRemainingAuthorization", key="k"))
    assert assessment.replay == "replay_elsewhere"
    assert allowed(assessment) == [
        ("success", ("released",), ()),
        ("refusal", ("fully_captured", "not_allowed", "malformed"), ()),
        AGAIN,
    ]
    body = {"number_of_days": 10}
    two = open_order(captures=(6000, 4000))
    ledger = moved_on(two, make_call("extendDueDate", body, key="k"), DONE, effect=True)
    call = make_call("extendDueDate", body, key="k", capture_id="capture-2")
    assert assess(SPEC, ledger, call).replay == "replay_elsewhere"


@pytest.mark.parametrize(
    ("first", "operation", "key"),
    [("k-1", "refundOrder", "k-2"), (None, "refundOrder", None), ("k", "getOrder", "k")],
    ids=["another key", "no key", "a read"],
)
def test_repeat_needs_the_key_of_a_change(
    first: str | None, operation: str, key: str | None
) -> None:
    ledger = moved_on(
        open_order(), make_call("refundOrder", SMALL, key=first), CREATED, effect=True
    )
    body = SMALL if operation == "refundOrder" else None
    assessment = assess(SPEC, ledger, make_call(operation, body, key=key))
    assert (assessment.replay, kinds(assessment)) == ("", ["success"])
