"""Retries are judged: whether they are allowed, how soon, how often, under which key."""

import msgspec
import pytest

from klarna_conformance.judge.client.checks.retries import MOST_ATTEMPTS
from klarna_conformance.judge.client.judging import excuses
from klarna_conformance.judge.client.keys import Use
from klarna_specs.client.faults import Cut, Errored, Fault, Redirected, Refused, Silent, Slow
from klarna_specs.client.play import RefusedIt
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
    refusal = Course().run(TOO_MUCH, Sent(), reports=refused)
    unauthorized = meeting(ONE, Errored(401))
    wait = meeting(ONE, Errored(429, retry_after_s=1))
    return [
        Case(
            *("client.sends-no-more-than-enough", "for-ever"),
            Course().run(for_ever, *[Sent()] * MOST_ATTEMPTS, reports=unknown),
            Course().run(for_ever, *[Sent()] * (MOST_ATTEMPTS + 1), reports=unknown),
        ),
        Case(
            *("client.key-kept", "seen"),
            Course().run(meeting(ONE, LOST), *again()),
            Course().run(meeting(ONE, LOST), *again(K2)),
        ),
        Case(
            *("client.no-retry-after-refusal", "refusal"),
            refusal,
            Course().run(TOO_MUCH, *again(), reports=refused),
        ),
        Case(
            *("client.no-retry-after-refusal", "401"),
            Course().run(unauthorized, Sent(), reports=refused),
            Course().run(unauthorized, *again()),
        ),
        Case(
            *("client.stops-after-success", "seen"),
            Course().run(ONE, Sent()),
            Course().run(ONE, *again()),
        ),
        Case(
            *("client.waits-as-asked", "seen"),
            Course().run(wait, *again(after_s=1)),
            Course().run(wait, *again(after_s=0.9)),
        ),
    ]


CASES = _cases()


def test_whether_a_client_retries_is_info() -> None:
    failed = meeting(ONE, Errored(503))
    repeats, aborts = (
        Course().run(failed, *again()),
        Course().run(failed, Sent(), reports=unknown),
    )

    reported = [course.findings("client.retries") for course in (repeats, aborts)]
    assert [[each.verdict for each in found] for found in reported] == [["INFO"], ["INFO"]]
    assert [found[0].observed for found in reported] == [
        "the client retries what got no clear response",
        "the client does not retry",
    ]


@pytest.mark.parametrize(
    "fault", [LOST, Cut("before"), Silent("after"), Errored(500), Redirected()]
)
def test_a_retry_keeps_its_key_after_any_unclear_response(fault: Fault) -> None:
    course = Course().run(meeting(ONE, fault), *again(K2))

    assert "FAIL" in course.verdicts("client.key-kept")


@pytest.mark.parametrize("between", [Errored(429), Errored(409), Errored(401), Errored(503)])
def test_a_retry_keeps_its_key_whatever_comes_in_between(between: Fault) -> None:
    met = meeting(ONE, LOST, between)
    kept = Course().run(met, Sent(), Sent(), Sent())
    changed = Course().run(met, Sent(), Sent(), Sent(key=K2))

    assert kept.verdicts("client.key-kept") == {"PASS"}
    assert {"client.key-kept", "client.once"} <= changed.against()


def test_a_409_after_an_unclear_attempt_may_be_retried_with_its_key() -> None:
    def course(*faults: Fault, key: str = K1) -> Course:
        return Course().run(meeting(ONE, *faults), *[Sent()] * len(faults), Sent(key=key))

    assert course(LOST, Errored(409)).against() == set()
    assert course(Errored(409)).against() == {"client.no-retry-after-refusal"}
    assert "client.no-retry-after-refusal" in course(LOST, Errored(409), key=K2).against()


def test_a_retry_keeps_its_key_after_the_clients_own_timeout() -> None:
    course = Course().run(meeting(ONE, Slow()), Sent(leaves=True), Sent(key=K2))

    assert {"client.key-kept", "client.once"} <= course.against()


def test_after_a_429_a_new_key_is_allowed() -> None:
    course = Course().run(meeting(ONE, Errored(429)), *again(K2))

    assert course.against() == set()


def test_after_a_refusal_under_its_key_a_new_key_is_allowed() -> None:
    course = Course().run(
        meeting(TOO_MUCH, Errored(503)), Sent(), Sent(), Sent(key=K2), reports=refused
    )

    assert course.verdicts("client.key-kept") == {"PASS"}


@pytest.mark.parametrize("keys", [(None, None), (K1, None), (None, K1)])
def test_a_refund_is_not_retried_without_a_key(keys: tuple[str | None, str | None]) -> None:
    first, second = keys
    course = Course().run(meeting(ONE, Cut("before")), Sent(key=first), Sent(key=second))

    assert course.verdicts("client.key-kept") == {"FAIL"}


def test_a_release_can_be_retried_without_a_key() -> None:
    lost = meeting(release(), LOST)
    course = Course(PARTLY).run(lost, *[Sent(key=None)] * 2, reports=unknown)

    assert course.verdicts("client.key-kept") == {"PASS"}


def test_a_read_may_be_retried_freely() -> None:
    course = Course().run(meeting(options(), Errored(503)), *[Sent(key=None)] * 2)

    assert course.against() == set()


def test_a_second_refund_for_one_command_is_found() -> None:
    for sent in ([Sent(), Sent(key=K2)], [Sent(key=None), Sent(key=None)]):
        assert Course().run(ONE, *sent).verdicts("client.once") == {"FAIL"}


def test_two_half_refunds_are_not_one_refund() -> None:
    half = {"refunded_amount": 50}
    course = Course().run(refund(100), Sent(body=half), Sent(body=half, key=K2))

    assert {"client.once", "client.amounts-as-told"} <= course.against()


def test_a_double_refund_by_a_later_command_is_found() -> None:
    failed = meeting(ONE, LOST)
    course = Course().run(failed, Sent(), reports=unknown)
    course.run(ONE, Sent(key=K2), Sent(key=K3))

    assert course.verdicts("client.once") == {"PASS", "FAIL"}


def test_a_retry_before_the_success_came_is_no_retry_after_success() -> None:
    slow = meeting(ONE, Slow())
    course = Course().run(slow, Sent(lasts_s=2), Sent(after_s=-1))

    assert course.verdicts("client.stops-after-success") == {"PASS"}
    assert course.against() == {"client.patience"}


def test_a_retry_before_the_refusal_came_is_no_retry_after_refusal() -> None:
    course = Course().run(TOO_MUCH, Sent(lasts_s=2), Sent(after_s=-1), reports=refused)

    assert "client.no-retry-after-refusal" not in course.against()


def test_a_longer_wait_is_fine_and_without_retry_after_none_is_due() -> None:
    wait = meeting(extension(), Errored(429, retry_after_s=1), Errored(429))
    course = Course().run(wait, Sent(), Sent(after_s=3), Sent(after_s=0.1))

    assert course.verdicts("client.waits-as-asked") == {"PASS"}


def test_conditional_requirements_without_findings_are_excused() -> None:
    conditional = {each.id for each in SPEC.client_requirements if each.conditional}
    excused = {each.requirement for each in excuses(SPEC, {"client.key-kept", "client.once"})}

    assert excused == conditional - {"client.key-kept"}
    assert {each.verdict for each in excuses(SPEC, ())} == {"NOT_APPLICABLE"}


def test_a_refund_of_unknown_outcome_may_be_retried_late_with_its_key() -> None:
    for fault in (LOST, Errored(503)):
        course = Course().run(meeting(ONE, fault), Sent(), reports=unknown)
        course.run(ONE, Sent(), Sent(key=K2))

        assert course.against() == set()


def test_a_refusal_of_what_a_late_retry_made_impossible_is_true() -> None:
    lost = meeting(release(), Cut("before"))
    late = Sent(method="POST", path="/release-remaining-authorization", body={})
    impossible, possible = (
        Course(PARTLY).run(lost, Sent(), reports=unknown).run(command, late, *own, reports=refused)
        for command, own in ((release(), (Sent(key=K2),)), (refund(2), ()))
    )

    assert impossible.against() == set()
    assert possible.against() == {"client.carries-out"}


def test_a_late_retry_is_reported_with_its_command() -> None:
    course = Course(ORDER, ORDER).run(meeting(ONE, LOST), Sent(), reports=unknown)
    course.run(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    (finding,) = course.findings("client.retries-later")
    assert finding.verdict == "INFO"
    assert f"refundOrder on order {course.order_id}, reported unknown" in finding.observed


def test_a_late_repetition_of_what_was_done_is_a_warning() -> None:
    course = Course(ORDER, ORDER).run(ONE, Sent())
    course.run(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    assert course.verdicts("client.as-told-only") == {"PASS", "WARN"}


def test_a_late_request_is_not_taken_for_one_of_the_command() -> None:
    course = Course(ORDER, ORDER).run(meeting(ONE, LOST), Sent(), reports=unknown)
    course.run(msgspec.structs.replace(ONE, order=1), Sent(key=K2, order=0), Sent(key=K3))

    (finding,) = (f for f in course.findings("client.as-told-only") if f.verdict == "FAIL")
    assert finding.observed.endswith("of an earlier command, after its outcome was reported")


def test_a_late_retry_needs_the_key_of_its_refund() -> None:
    course = Course(ORDER, ORDER).run(meeting(ONE, LOST), Sent(), reports=unknown)
    course.run(msgspec.structs.replace(ONE, order=1), Sent(key=K2, order=0), Sent(key=K3))

    assert course.against() == {"client.as-told-only"}


def test_what_was_reported_as_refused_is_not_retried_late() -> None:
    course = Course(ORDER, ORDER).run(meeting(ONE, Errored(429)), Sent(), reports=refused)
    course.run(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    assert course.against() == {"client.as-told-only"}


def test_a_key_for_two_refunds_is_no_late_retry_of_the_first() -> None:
    course = Course().run(meeting(ONE, Errored(503)), Sent(), reports=unknown).run(ONE, Sent())

    assert course.against() == {"client.key-of-its-own"}


def test_the_judge_returns_each_key_with_its_use() -> None:
    course = Course().run(meeting(ONE, LOST), Sent(), reports=unknown)

    assert course.judged.keys.uses == {K1: Use("refundOrder", course.order_id, unknown=True)}


def test_a_refund_that_never_got_out_may_be_retried_late() -> None:
    unseen = Course(ORDER, ORDER).run(meeting(ONE, Refused()), reports=unknown)
    unseen.run(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))
    here = Course().run(meeting(ONE, Refused()), reports=unknown).run(ONE, Sent(), Sent(key=K2))

    assert (unseen.against(), here.against()) == (set(), set())


def test_a_refund_that_never_got_out_but_was_reported_refused_stays_so() -> None:
    course = Course(ORDER, ORDER).run(meeting(ONE, Refused()), reports=RefusedIt())
    course.run(msgspec.structs.replace(ONE, order=1), Sent(order=0), Sent(key=K2))

    assert course.against() == {"client.as-told-only"}


@pytest.mark.parametrize(
    ("keys", "verdicts"), [((K2, K2), ["FAIL", "FAIL"]), ((K2, K1), ["FAIL", "PASS"])]
)
def test_the_key_of_the_first_attempt_counts(keys: tuple[str, str], verdicts: list[str]) -> None:
    met = meeting(ONE, Errored(503), Errored(503))
    course = Course().run(met, Sent(), *(Sent(key=each) for each in keys))

    assert [each.verdict for each in course.findings("client.key-kept")] == verdicts


def test_retry_after_counts_with_a_429_only() -> None:
    failed = meeting(ONE, Errored(503, retry_after_s=1))

    assert Course().run(failed, *again(after_s=0.1)).findings("client.waits-as-asked") == ()
