"""What a client sends again is judged: whether it may, how soon, how often, under which key."""

import msgspec
import pytest

from klarna_conformance.judge.client.checks.retries import MOST_ATTEMPTS
from klarna_conformance.judge.client.judging import excuses
from klarna_conformance.judge.client.keys import Use
from klarna_specs.client.faults import Cut, Errored, Fault, Redirected, Refused, Silent, Slow
from klarna_specs.client.play import RefusedIt
from klarna_specs.client.requirements import client_requirements
from klarna_strategies.clients.commands import extension, options, refund, release

from .plays import (
    K1,
    K2,
    K3,
    ORDER,
    PARTLY,
    SPEC,
    Case,
    Course,
    Sent,
    again,
    meeting,
    refused,
    unknown,
)

ONE = refund(1)
TOO_MUCH = refund(10_001)
LOST = Cut("after", reset=False)


def _cases() -> list[Case]:
    for_ever = meeting(ONE, Errored(503), for_ever=True)
    refusal = Course().told(TOO_MUCH, Sent(), tells=refused)
    unauthorized = meeting(ONE, Errored(401))
    wait = meeting(ONE, Errored(429, retry_after_s=1))
    return [
        Case(
            *("client.sends-no-more-than-enough", "for-ever"),
            Course().told(for_ever, *[Sent()] * MOST_ATTEMPTS, tells=unknown),
            Course().told(for_ever, *[Sent()] * (MOST_ATTEMPTS + 1), tells=unknown),
        ),
        Case(
            *("client.key-kept", "seen"),
            Course().told(meeting(ONE, LOST), *again()),
            Course().told(meeting(ONE, LOST), *again(K2)),
        ),
        Case(
            *("client.no-retry-after-refusal", "refusal"),
            refusal,
            Course().told(TOO_MUCH, *again(), tells=refused),
        ),
        Case(
            *("client.no-retry-after-refusal", "401"),
            Course().told(unauthorized, Sent(), tells=refused),
            Course().told(unauthorized, *again()),
        ),
        Case(
            *("client.stops-after-success", "seen"),
            Course().told(ONE, Sent()),
            Course().told(ONE, *again()),
        ),
        Case(
            *("client.waits-as-asked", "seen"),
            Course().told(wait, *again(after_s=1)),
            Course().told(wait, *again(after_s=0.9)),
        ),
    ]


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.requirement}-{case.case}")
def test_what_is_right_passes_and_what_is_wrong_does_not(case: Case) -> None:
    case.check()


def test_it_is_told_whether_a_client_sends_again() -> None:
    failed = meeting(ONE, Errored(503))
    repeats, gives_up = (
        Course().told(failed, *again()),
        Course().told(failed, Sent(), tells=unknown),
    )

    told = [course.findings("client.retries") for course in (repeats, gives_up)]
    assert [[each.verdict for each in found] for found in told] == [["INFO"], ["INFO"]]
    assert [found[0].observed for found in told] == [
        "the client sends again what got no clear answer",
        "the client does not send again",
    ]


@pytest.mark.parametrize(
    "fault", [LOST, Cut("before"), Silent("after"), Errored(500), Redirected()]
)
def test_a_key_is_kept_whatever_left_the_client_in_the_dark(fault: Fault) -> None:
    course = Course().told(meeting(ONE, fault), *again(K2))

    assert "FAIL" in course.verdicts("client.key-kept")


@pytest.mark.parametrize("between", [Errored(429), Errored(409), Errored(401), Errored(503)])
def test_a_key_is_kept_whatever_comes_in_between(between: Fault) -> None:
    met = meeting(ONE, LOST, between)
    kept = Course().told(met, Sent(), Sent(), Sent())
    changed = Course().told(met, Sent(), Sent(), Sent(key=K2))

    assert kept.verdicts("client.key-kept") == {"PASS"}
    assert {"client.key-kept", "client.once"} <= changed.against()


def test_a_conflict_with_an_attempt_of_unclear_fate_may_be_sent_again_under_the_same_key() -> None:
    def course(*faults: Fault, key: str = K1) -> Course:
        return Course().told(meeting(ONE, *faults), *[Sent()] * len(faults), Sent(key=key))

    assert course(LOST, Errored(409)).against() == set()
    assert course(Errored(409)).against() == {"client.no-retry-after-refusal"}
    assert "client.no-retry-after-refusal" in course(LOST, Errored(409), key=K2).against()


def test_a_key_is_kept_after_a_timeout_of_the_client_itself() -> None:
    course = Course().told(meeting(ONE, Slow()), Sent(leaves=True), Sent(key=K2))

    assert {"client.key-kept", "client.once"} <= course.against()


def test_after_being_asked_to_wait_a_new_key_is_as_good() -> None:
    course = Course().told(meeting(ONE, Errored(429)), *again(K2))

    assert course.against() == set()


def test_what_was_refused_under_its_key_is_clear_again() -> None:
    course = Course().told(
        meeting(TOO_MUCH, Errored(503)), Sent(), Sent(), Sent(key=K2), tells=refused
    )

    assert course.verdicts("client.key-kept") == {"PASS"}


@pytest.mark.parametrize("keys", [(None, None), (K1, None), (None, K1)])
def test_a_refund_is_not_sent_again_without_a_key(keys: tuple[str | None, str | None]) -> None:
    first, second = keys
    course = Course().told(meeting(ONE, Cut("before")), Sent(key=first), Sent(key=second))

    assert course.verdicts("client.key-kept") == {"FAIL"}


def test_a_release_can_be_sent_again_without_a_key() -> None:
    lost = meeting(release(), LOST)
    course = Course(PARTLY).told(lost, *[Sent(key=None)] * 2, tells=unknown)

    assert course.verdicts("client.key-kept") == {"PASS"}


def test_a_read_is_sent_again_as_it_likes() -> None:
    course = Course().told(meeting(options(), Errored(503)), *[Sent(key=None)] * 2)

    assert course.against() == set()


def test_a_second_refund_of_a_client_that_was_told_of_one_is_found() -> None:
    for sent in ([Sent(), Sent(key=K2)], [Sent(key=None), Sent(key=None)]):
        assert Course().told(ONE, *sent).verdicts("client.once") == {"FAIL"}


def test_a_refund_in_two_halves_is_no_single_refund() -> None:
    half = {"refunded_amount": 50}
    course = Course().told(refund(100), Sent(body=half), Sent(body=half, key=K2))

    assert {"client.once", "client.amounts-as-told"} <= course.against()


def test_a_refund_that_a_later_command_makes_once_more_is_found() -> None:
    given_up = meeting(ONE, LOST)
    course = Course().told(given_up, Sent(), tells=unknown)
    course.told(ONE, Sent(key=K2), Sent(key=K3))

    assert course.verdicts("client.once") == {"PASS", "FAIL"}


def test_a_call_that_was_abandoned_did_not_succeed_before_it_was_sent_again() -> None:
    slow = meeting(ONE, Slow())
    course = Course().told(slow, Sent(lasts_s=2), Sent(after_s=-1))

    assert course.verdicts("client.stops-after-success") == {"PASS"}
    assert course.against() == {"client.patience"}


def test_the_refusal_of_a_call_that_was_abandoned_does_not_forbid_the_one_sent_meanwhile() -> None:
    course = Course().told(TOO_MUCH, Sent(lasts_s=2), Sent(after_s=-1), tells=refused)

    assert "client.no-retry-after-refusal" not in course.against()


def test_waiting_longer_than_asked_is_fine_and_other_answers_ask_for_nothing() -> None:
    wait = meeting(extension(), Errored(429, retry_after_s=1), Errored(429))
    course = Course().told(wait, Sent(), Sent(after_s=3), Sent(after_s=0.1))

    assert course.verdicts("client.waits-as-asked") == {"PASS"}


def test_what_a_client_never_did_is_excused_and_nothing_else() -> None:
    conditional = {each.id for each in client_requirements(SPEC) if each.conditional}
    excused = {each.requirement for each in excuses(SPEC, {"client.key-kept", "client.once"})}

    assert excused == conditional - {"client.key-kept"}
    assert {each.verdict for each in excuses(SPEC, ())} == {"NOT_APPLICABLE"}


def test_an_earlier_refund_of_unknown_outcome_may_be_sent_later_under_its_key() -> None:
    for fault in (LOST, Errored(503)):
        course = Course().told(meeting(ONE, fault), Sent(), tells=unknown)
        course.told(ONE, Sent(), Sent(key=K2))

        assert course.against() == set()


def test_an_earlier_refund_is_not_sent_later_under_another_key() -> None:
    course = Course(ORDER, ORDER).told(meeting(ONE, LOST), Sent(), tells=unknown)
    course.told(msgspec.structs.replace(ONE, order=1), Sent(key=K2, order=0), Sent(key=K3))

    assert course.against() == {"client.as-told-only"}


def test_what_was_told_as_refused_is_not_sent_later() -> None:
    course = Course(ORDER, ORDER).told(meeting(ONE, Errored(429)), Sent(), tells=refused)
    course.told(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    assert course.against() == {"client.as-told-only"}


def test_a_key_that_stands_for_two_refunds_is_no_late_attempt_at_the_first() -> None:
    course = Course().told(meeting(ONE, Errored(503)), Sent(), tells=unknown).told(ONE, Sent())

    assert course.against() == {"client.key-of-its-own"}


def test_a_late_attempt_of_an_earlier_scenario_is_known_by_its_key() -> None:
    course = Course().told(meeting(ONE, LOST), Sent(), tells=unknown)

    assert course.judged.keys.uses == {K1: Use("refundOrder", course.order_id, unknown=True)}


def test_what_never_got_to_the_server_may_be_sent_later_too() -> None:
    unseen = Course(ORDER, ORDER).told(meeting(ONE, Refused()), tells=unknown)
    unseen.told(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))
    here = Course().told(meeting(ONE, Refused()), tells=unknown).told(ONE, Sent(), Sent(key=K2))

    assert (unseen.against(), here.against()) == (set(), set())


def test_what_never_got_to_the_server_and_was_told_as_refused_is_not_sent_later() -> None:
    course = Course(ORDER, ORDER).told(meeting(ONE, Refused()), tells=RefusedIt())
    course.told(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    assert course.against() == {"client.as-told-only"}


@pytest.mark.parametrize(
    ("keys", "told"), [((K2, K2), ["FAIL", "FAIL"]), ((K2, K1), ["FAIL", "PASS"])]
)
def test_it_is_the_key_of_the_first_time_that_counts(
    keys: tuple[str, str], told: list[str]
) -> None:
    met = meeting(ONE, Errored(503), Errored(503))
    course = Course().told(met, Sent(), *(Sent(key=each) for each in keys))

    assert [each.verdict for each in course.findings("client.key-kept")] == told


def test_only_a_429_asks_to_wait() -> None:
    failed = meeting(ONE, Errored(503, retry_after_s=1))

    assert Course().told(failed, *again(after_s=0.1)).findings("client.waits-as-asked") == ()
