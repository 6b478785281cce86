"""Reported outcomes are judged by what the server did and answered."""

from collections.abc import Sequence

import msgspec
import pytest

from klarna_conformance.wrong.examples.orders import FULL, changed
from klarna_specs.client.faults import (
    FAULTS,
    Cut,
    Errored,
    Fault,
    OtherRefund,
    Refused,
    Slow,
    Truncated,
    Twice,
    Varied,
)
from klarna_specs.client.play import (
    Command,
    Done,
    Ended,
    RefusedIt,
    Reported,
    TimedOut,
    Unknown,
    Unsupported,
)
from klarna_specs.exchange import Response
from klarna_strategies.clients.commands import extension, options, refund, release
from klarna_strategies.lines import discount, goods

from .plays import (
    K1,
    K2,
    K3,
    LOOK,
    PARTLY,
    Case,
    Course,
    Outcome,
    Sent,
    again,
    done,
    meeting,
    refused,
    unknown,
)

ONE = refund(1)
TOO_MUCH = refund(10_001)
LOST = meeting(ONE, Cut("after", reset=False))


def _carried_out() -> list[Case]:
    nothing_sent = Course().run(ONE, reports=RefusedIt())
    both = Course().run(ONE, Sent()).run(refund(2), Sent(key=K2))
    second_not = Course().run(ONE, Sent()).run(refund(2), reports=RefusedIt())
    return [
        Case("client.carries-out", "undisturbed", Course().run(ONE, Sent()), nothing_sent),
        Case("client.carries-out", "after-another", both, second_not),
    ]


def _case(
    requirement: str, case: str, command: Command, wrong: Outcome, right: Outcome = done
) -> Case:
    """One request of which the client reports the right outcome, and a wrong one."""
    return Case(
        f"client.{requirement}",
        case,
        Course().run(command, Sent(), reports=right),
        Course().run(command, Sent(), reports=wrong),
    )


def _true() -> list[Case]:
    unclear = (
        *("lost", "reset-after", "timeout-after", "timeout-late", "error-after", "truncated"),
    )
    failed = Course().run(meeting(ONE, Errored(503)), Sent(), reports=Done())
    return [
        _case("outcome-clear", "success", ONE, unknown),
        _case("outcome-clear", "refusal", TOO_MUCH, unknown, refused),
        Case("client.done-is-true", "seen", Course().run(ONE, Sent()), failed),
        *(
            _case("refused-is-true", kind, meeting(ONE, FAULTS[kind][0]), RefusedIt(), unknown)
            for kind in unclear
        ),
    ]


def _once() -> list[Case]:
    kinds = ("reset-before", "reset-after", "lost", "timeout-before", "timeout-after")
    cases: list[Case] = []
    for kind in (*kinds, "error", "error-after", "truncated"):
        met = meeting(ONE, FAULTS[kind][0])
        wrong = Course().run(met, Sent(), Sent(key=K2), Sent(key=K3))
        cases.append(Case("client.once", kind, Course().run(met, *again()), wrong))
    right, wrong = (Course().run(meeting(ONE, Twice()), Sent(key=key)) for key in (K1, None))
    return [*cases, Case("client.guarded-against-duplicates", "duplicate", right, wrong)]


def _answers() -> list[Case]:
    cases: list[Case] = []
    for kind in ("timeout-before", "truncated", "malformed", "html"):
        met = meeting(ONE, FAULTS[kind][0])
        right, wrong = Course().run(met, *again()), Course().run(met, Sent(), reports=TimedOut(30))
        cases.append(Case("client.answers", kind, right, wrong))
    for kind, right in (("slow", done), ("401", refused), ("400", refused), ("404", refused)):
        crash = Ended("ValueError")
        cases.append(_case("answers", kind, meeting(ONE, FAULTS[kind][0]), crash, right))
    wait = meeting(ONE, Errored(429, retry_after_s=1))
    waiting = Course().run(wait, *again(after_s=1))
    nobody = meeting(ONE, Refused(), for_ever=True)
    crashed = Course().run(nobody, reports=Ended("ConnectionRefusedError"))
    awaiting = Course().run(meeting(ONE, Slow()), Sent(lasts_s=0.4))
    timing_out = Course().run(meeting(ONE, Slow()), Sent(leaves=True), Sent())
    return [
        *cases,
        Case("client.answers", "429", waiting, Course().run(wait, Sent(), reports=TimedOut(30))),
        Case("client.answers", "refused", Course().run(nobody, reports=unknown), crashed),
        Case("client.patience", "slow", awaiting, timing_out),
    ]


def _ids() -> list[Case]:
    invented = Done(refund_id=K1)
    kinds = ("lower-case", "upper-case", "relative-location", "no-correlation-id")
    return [
        _case("refund-id", "seen", ONE, invented),
        *(
            _case("refund-id", kind, meeting(ONE, *FAULTS[kind]), invented)
            for kind in ("page-spelling", "no-refund-id", "other-refund")
        ),
        *(_case("variations", kind, meeting(ONE, *FAULTS[kind]), invented) for kind in kinds),
        _case("variations", "json-body", meeting(ONE, *FAULTS["json-body"]), Unknown()),
    ]


def _refusals() -> list[Case]:
    singular = meeting(TOO_MUCH, Varied("singular-message"))
    other = RefusedIt(error_messages=("it failed",))
    requirements = ("error-code-told", "correlation-id-told", "messages-told")
    return [
        *(_case(each, "refusal", TOO_MUCH, RefusedIt(), refused) for each in requirements),
        _case("messages-told", "singular-message", singular, other, refused),
    ]


MADE_UP = (
    RefusedIt(error_code="DECLINED"),
    RefusedIt(correlation_id=K1),
)


def _details() -> list[Case]:
    not_found = meeting(ONE, Errored(404))
    of_the_first = RefusedIt(error_code="REFUND_NOT_ALLOWED")
    both, stale = (
        Course().run(TOO_MUCH, Sent(), reports=refused).run(not_found, Sent(key=K2), reports=second)
        for second in (refused, of_the_first)
    )
    return [
        _case("refusal-details-true", "refusal", TOO_MUCH, MADE_UP[0], refused),
        Case("client.refusal-details-true", "second-refusal", both, stale),
    ]


def _rare() -> list[Case]:
    alike = [goods(500, reference="75001")] * 2
    commands = {
        "quantity-zero": refund(100, order_lines=[goods(0, quantity=0), goods(100)]),
        "two-of-a-type": refund(700, order_lines=[goods(1_000), discount(100), discount(200)]),
        "same-reference": refund(1_000, order_lines=alike),
        "any-text": refund(1, description="Größe M"),
    }
    return [
        Case(
            *("client.answers", case),
            Course().run(command, Sent()),
            Course().run(command, reports=Ended("ValueError")),
        )
        for case, command in commands.items()
    ]


def _options() -> list[Case]:
    more = meeting(options(), Varied("unknown-members"))
    few = Done(options=({"number_of_days": 10, "amount": 0},))
    return [
        _case("options-told", "undisturbed", options(), few),
        _case("options-told", "unknown-members", more, few),
    ]


CASES = [
    *(*_carried_out(), *_true(), *_once(), *_answers(), *_ids(), *_refusals(), *_options()),
    *(*_details(), *_rare()),
]


def test_a_double_refund_is_reported_with_its_cause() -> None:
    course = Course().run(LOST, *again(K2))

    (finding,) = course.findings("client.once")
    assert (
        finding.observed
        == "the client sent a second refund with a new key; the server booked it twice"
    )


def test_a_release_done_without_a_key_may_be_reported_unknown() -> None:
    lost = meeting(release(), Cut("after"))
    for reported in (Done(), Unknown()):
        course = Course(PARTLY).run(lost, Sent(key=None), Sent(key=None), reports=reported)
        assert course.against() == {"client.key-sent"}


def test_a_done_release_is_not_reported_refused_after_a_retry() -> None:
    lost = meeting(release(), Cut("after"))
    course = Course(PARTLY).run(lost, Sent(key=None), Sent(key=None), reports=refused)

    assert course.verdicts("client.refused-is-true") == {"FAIL"}


def test_a_refusal_after_an_unclear_response_may_be_reported_unknown() -> None:
    course = Course().run(meeting(TOO_MUCH, Errored(503)), *again(), reports=unknown)

    assert "client.outcome-clear" not in course.against()


@pytest.mark.parametrize("status", [401, 409])
def test_a_401_or_409_leaves_the_outcome_open(status: int) -> None:
    met = meeting(ONE, Errored(status))  # pyright: ignore[reportArgumentType]

    for reported in (RefusedIt(), unknown):
        assert Course().run(met, Sent(), reports=reported).verdicts("client.outcome-clear") == set()


def test_a_refund_found_by_a_read_may_be_reported_as_done() -> None:
    def found(answers: Sequence[Response]) -> Reported:
        return Done(refund_id=answers[-1].body.json()["refunds"][0]["refund_id"])

    course = Course().run(LOST, Sent(), LOOK, reports=found)
    assert course.against() == set()


def test_an_unsupported_operation_is_not_judged() -> None:
    found = Course().run(ONE, reports=Unsupported()).findings()

    assert {each.verdict for each in found} == set()


def test_a_refund_that_was_sent_cannot_be_reported_unsupported() -> None:
    course = Course().run(ONE, Sent(), Sent(key=K2), reports=Unsupported())

    assert {"client.refused-is-true", "client.once"} <= course.against()


def test_an_extension_retried_after_a_lost_response_is_done_once() -> None:
    lost = meeting(extension(), Truncated())
    assert Course().run(lost, *again()).against() == set()


@pytest.mark.parametrize(("fault", "key"), [(Twice(), None), (OtherRefund(), K1)])
def test_the_refund_id_is_that_of_the_response_if_there_is_another(
    fault: Fault, key: str | None
) -> None:
    course = Course().run(meeting(ONE, fault), Sent(key=key))
    other = Course().run(meeting(ONE, fault), Sent(key=key), reports=Done(course.refund_ids[1]))

    assert course.verdicts("client.refund-id") == {"PASS"}
    assert other.verdicts("client.refund-id") == {"FAIL"}


def test_a_refund_by_somebody_else_is_no_second_one() -> None:
    assert Course().run(meeting(ONE, OtherRefund())).against() == set()
    assert Course().run(meeting(ONE, OtherRefund(lost=True)), *again()).against() == set()


def test_the_id_of_a_refund_by_somebody_else_is_false_after_a_lost_response() -> None:
    met = meeting(ONE, OtherRefund(lost=True))
    own, other = Course().run(met, Sent()).refund_ids

    for refund_id, verdict in ((own, "PASS"), (other, "FAIL")):
        course = Course().run(met, Sent(), reports=Done(refund_id))
        assert course.verdicts("client.refund-id") == {verdict}


def test_a_409_after_an_attempt_without_effect_is_not_done() -> None:
    met = meeting(ONE, Cut("before"), Errored(409))

    believed = Course().run(met, *again(), reports=Done())
    retried = Course().run(met, *again(), Sent())

    assert believed.verdicts("client.done-is-true") == {"FAIL"}
    assert retried.against() == set()


def test_a_missing_id_is_a_warning_where_no_response_had_it() -> None:
    course = Course().run(LOST, Sent(), reports=Done())

    assert course.verdicts("client.refund-id") == {"WARN"}


def test_a_refund_that_was_never_made_needs_no_id() -> None:
    course = Course().run(meeting(ONE, Errored(503)), Sent(), reports=Done())

    assert course.against() == {"client.done-is-true"}
    assert course.findings("client.refund-id") == ()


def test_a_client_may_refuse_the_impossible_without_a_request() -> None:
    course = Course().run(TOO_MUCH, reports=RefusedIt())

    assert course.against() == set()
    assert not any("undisturbed" in each.aspects for each in course.findings())


@pytest.mark.parametrize(
    "command",
    [meeting(ONE, Errored(400, body="empty")), meeting(TOO_MUCH, Varied("no-correlation-id"))],
    ids=["in the header", "in the body"],
)
def test_a_correlation_id_may_be_in_the_header_or_the_body(command: Command) -> None:
    course = Course().run(command, Sent(), reports=refused)

    assert course.verdicts("client.correlation-id-told") == {"PASS"}


def test_a_truncated_response_gives_its_correlation_id() -> None:
    broken_off = meeting(TOO_MUCH, Truncated())

    head = dict(Course().run(broken_off, Sent()).last_outcome.headers)
    right = RefusedIt(correlation_id=head["Klarna-Correlation-Id"])
    invented = RefusedIt(correlation_id="0f5cf4b1-6f37-4a1c-9d3e-6a8f0c7b2e11")

    for outcome, verdict in ((right, "PASS"), (invented, "FAIL")):
        course = Course().run(broken_off, Sent(), reports=outcome)
        assert course.verdicts("client.refusal-details-true") == {verdict}


def test_truncated_options_are_not_reported_as_complete() -> None:
    offers = options_of(Course().run(options(), Sent()))
    cut = meeting(options(), Truncated())

    part = Course().run(cut, Sent(), reports=Done(options=offers[:1]))
    whole = Course().run(cut, Sent(), reports=Done(options=offers))

    assert part.verdicts("client.options-told") == {"FAIL"}
    assert whole.verdicts("client.options-told") == {"PASS"}


def test_days_reported_as_texts_are_shown_as_texts() -> None:
    offers = options_of(Course().run(options(), Sent()))
    texts = tuple({**each, "number_of_days": str(each["number_of_days"])} for each in offers)

    course = Course().run(options(), Sent(), reports=Done(options=texts))

    (found,) = course.findings("client.options-told")
    assert found.observed.startswith("the client reported '")
    assert found.expected.split()[2].isdigit()


def test_amount_above_a_former_limit_may_be_refused_by_the_client() -> None:
    plan = changed(FULL, order_amount=150_000_001, captures=(150_000_001,))
    for amount, verdicts in ((150_000_001, set[str]()), (100_000_000, {"FAIL"})):
        course = Course(plan).run(refund(amount), reports=RefusedIt())
        assert course.verdicts("client.carries-out") == verdicts


def options_of(course: Course) -> tuple[dict[str, int], ...]:
    assert isinstance(course.last_outcome, Response)
    return tuple(course.last_outcome.body.json()["options"])


def test_a_long_key_does_not_excuse_a_command_not_carried_out() -> None:
    course = Course().run(ONE, Sent(key="shop-42:" + "k" * 100))

    assert course.verdicts("client.carries-out") == {"PASS"}


def test_refusing_the_possible_without_a_request_fails() -> None:
    (finding,) = Course().run(ONE, reports=RefusedIt()).findings("client.carries-out")

    assert (finding.verdict, finding.aspects) == ("FAIL", ("seen",))


@pytest.mark.parametrize("reported", MADE_UP)
def test_invented_details_fail_and_missing_ones_pass(reported: RefusedIt) -> None:
    requirement = "client.refusal-details-true"

    assert Course().run(TOO_MUCH, Sent(), reports=reported).verdicts(requirement) == {"FAIL"}
    assert Course().run(TOO_MUCH, Sent(), reports=RefusedIt()).verdicts(requirement) == {"PASS"}


@pytest.mark.parametrize(
    ("command", "reported"),
    [
        (TOO_MUCH, RefusedIt(error_messages=("Klarna: 403 Forbidden",))),
        (TOO_MUCH, RefusedIt(error_code="refund-not-allowed")),
        (meeting(ONE, Errored(401, body="html")), RefusedIt("NO_CODE", ("Wrong password?",))),
        (TOO_MUCH, RefusedIt(error_messages=("The payment provider declined this request.",))),
    ],
)
def test_a_clients_own_words_are_not_invented_details(
    command: Command, reported: RefusedIt
) -> None:
    course = Course().run(command, Sent(), reports=reported)

    assert course.verdicts("client.refusal-details-true") == {"PASS"}


@pytest.mark.parametrize(
    ("fault", "in_words"),
    [
        (Errored(400, body="null"), "BAD_REQUEST"),
        (Errored(400, body="string"), "badRequest"),
        (Errored(401, body="html"), "Unauthorized"),
    ],
)
def test_a_code_that_the_server_did_not_give_is_a_warning_if_it_is_the_status(
    fault: Errored, in_words: str
) -> None:
    told, true = {"client.error-code-told"}, {"client.refusal-details-true"}
    codes = {"NO_CODE": set[str](), f"HTTP_{fault.status}": told, in_words: told}

    for code, against in {**codes, "HTTP_403": true, "DECLINED": true}.items():
        course = Course().run(meeting(ONE, fault), Sent(), reports=_with_code(code))
        assert course.against() == against


def _with_code(code: str) -> Outcome:
    """The client reports the refusal of the last response under this code."""

    def reported(answers: Sequence[Response]) -> Reported:
        refusal = refused(answers)
        assert isinstance(refusal, RefusedIt)
        return msgspec.structs.replace(refusal, error_code=code)

    return reported


def test_a_documented_code_of_another_status_is_invented() -> None:
    html = meeting(ONE, Errored(401, body="html"))
    course = Course().run(html, Sent(), reports=RefusedIt("NOT_ALLOWED"))

    assert course.verdicts("client.refusal-details-true") == {"FAIL"}


def test_a_refusal_under_the_same_key_may_be_believed() -> None:
    met = meeting(ONE, Cut("after", reset=False), Errored(422))
    for key, expected in ((K1, set[str]()), (K2, {"FAIL"})):
        course = Course().run(met, Sent(), Sent(key=key), reports=refused)
        assert course.verdicts("client.refused-is-true") == expected


@pytest.mark.parametrize("taken", ["", "error_code", "error_messages", "correlation_id"])
def test_a_detail_of_another_attempt_is_false(taken: str) -> None:
    def mixed(answers: Sequence[Response]) -> Reported:
        first, last = _refused_each(answers)
        return msgspec.structs.replace(last, **({taken: getattr(first, taken)} if taken else {}))

    course = Course().run(meeting(ONE, Errored(429), Errored(404)), *again(), reports=mixed)

    assert course.verdicts("client.refusal-details-true") == {"FAIL" if taken else "PASS"}


def test_a_lost_response_counts_only_if_the_server_booked() -> None:
    lost, refusable = LOST, meeting(TOO_MUCH, Cut("after", reset=False))
    for command, seen in ((lost, True), (refusable, False)):
        (finding,) = Course().run(command, Sent(), reports=unknown).findings("client.once")
        assert ("lost" in finding.aspects) == seen


def test_a_success_after_unknown_was_reported_makes_that_not_false() -> None:
    before, after = (Course().run(LOST, *again(), reports=unknown, after=n) for n in (None, 1))

    assert before.against() == {"client.outcome-clear"}
    assert after.against() == set()
    assert after.verdicts("client.retries-later") == {"INFO"}


def test_messages_of_all_attempts_may_be_reported() -> None:
    def both(answers: Sequence[Response]) -> Reported:
        first, last = _refused_each(answers)
        return RefusedIt(error_messages=(*first.error_messages, *last.error_messages))

    course = Course().run(meeting(ONE, Errored(429), Errored(404)), *again(), reports=both)

    assert course.verdicts("client.refusal-details-true") == {"PASS"}


def _refused_each(answers: Sequence[Response]) -> list[RefusedIt]:
    """What a client would report of each response."""
    reported = [refused((each,)) for each in answers]
    return [each for each in reported if isinstance(each, RefusedIt)]
