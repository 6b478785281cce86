"""Reported outcomes are judged by what the server did and answered."""

from collections.abc import Sequence

import pytest

from klarna_specs.client.faults import (
    FAULTS,
    Cut,
    Errored,
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
    Mute,
    RefusedIt,
    Told,
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
    nothing_sent = Course().told(ONE, tells=RefusedIt())
    both = Course().told(ONE, Sent()).told(refund(2), Sent(key=K2))
    second_not = Course().told(ONE, Sent()).told(refund(2), tells=RefusedIt())
    return [
        Case("client.carries-out", "undisturbed", Course().told(ONE, Sent()), nothing_sent),
        Case("client.carries-out", "after-another", both, second_not),
    ]


def _true() -> list[Case]:
    right = Course().told(ONE, Sent())
    cases = [
        Case("client.outcome-clear", "success", right, Course().told(ONE, Sent(), tells=unknown)),
        Case(
            *("client.outcome-clear", "refusal"),
            Course().told(TOO_MUCH, Sent(), tells=refused),
            Course().told(TOO_MUCH, Sent(), tells=unknown),
        ),
        Case(
            *("client.done-is-true", "seen"),
            right,
            Course().told(meeting(ONE, Errored(503)), Sent(), tells=Done()),
        ),
    ]
    for kind in ("lost", "reset-after", "timeout-after", "error-after", "truncated"):
        met = meeting(ONE, FAULTS[kind][0])
        honest = Course().told(met, Sent(), tells=unknown)
        false = Course().told(met, Sent(), tells=RefusedIt())
        cases.append(Case("client.refused-is-true", kind, honest, false))
    return cases


def _once() -> list[Case]:
    kinds = ("reset-before", "reset-after", "lost", "timeout-before", "timeout-after")
    cases: list[Case] = []
    for kind in (*kinds, "error", "error-after", "truncated"):
        met = meeting(ONE, FAULTS[kind][0])
        right = Course().told(met, *again())
        wrong = Course().told(met, Sent(), Sent(key=K2), Sent(key=K3))
        cases.append(Case("client.once", kind, right, wrong))
    duplicate = meeting(ONE, Twice())
    cases.append(
        Case(
            *("client.guarded-against-duplicates", "duplicate"),
            Course().told(duplicate, Sent()),
            Course().told(duplicate, Sent(key=None)),
        )
    )
    return cases


def _answers() -> list[Case]:
    cases: list[Case] = []
    for kind in ("timeout-before", "truncated", "malformed", "html"):
        met = meeting(ONE, FAULTS[kind][0])
        right, wrong = Course().told(met, *again()), Course().told(met, Sent(), tells=Mute(30))
        cases.append(Case("client.answers", kind, right, wrong))
    for kind, tells in (("slow", done), ("401", refused), ("400", refused), ("404", refused)):
        met = meeting(ONE, FAULTS[kind][0])
        right = Course().told(met, Sent(), tells=tells)
        wrong = Course().told(met, Sent(), tells=Ended("ValueError"))
        cases.append(Case("client.answers", kind, right, wrong))
    wait = meeting(ONE, Errored(429, retry_after_s=1))
    nobody = meeting(ONE, Refused(), for_ever=True)
    cases += [
        Case(
            *("client.answers", "429"),
            Course().told(wait, *again(after_s=1)),
            Course().told(wait, Sent(), tells=Mute(30)),
        ),
        Case(
            *("client.answers", "refused"),
            Course().told(nobody, tells=unknown),
            Course().told(nobody, tells=Ended("ConnectionRefusedError")),
        ),
        Case(
            *("client.patience", "slow"),
            Course().told(meeting(ONE, Slow()), Sent(lasts_s=0.4)),
            Course().told(meeting(ONE, Slow()), Sent(leaves=True), Sent()),
        ),
    ]
    return cases


def _ids() -> list[Case]:
    cases = [
        Case(
            *("client.refund-id", "seen"),
            Course().told(ONE, Sent()),
            Course().told(ONE, Sent(), tells=Done(refund_id=K1)),
        )
    ]
    for kind in ("page-spelling", "no-refund-id"):
        met = meeting(ONE, *FAULTS[kind])
        cases.append(
            Case(
                *("client.refund-id", kind),
                Course().told(met, Sent()),
                Course().told(met, Sent(), tells=Done(refund_id=K1)),
            )
        )
    kinds = ("lower-case", "upper-case", "relative-location", "json-body")
    for kind in (*kinds, "no-correlation-id"):
        met = meeting(ONE, *FAULTS[kind])
        wrong: Told = Unknown() if kind == "json-body" else Done(refund_id=K1)
        cases.append(
            Case(
                *("client.variations", kind),
                Course().told(met, Sent()),
                Course().told(met, Sent(), tells=wrong),
            )
        )
    return cases


def _refusals() -> list[Case]:
    right = Course().told(TOO_MUCH, Sent(), tells=refused)
    bare = Course().told(TOO_MUCH, Sent(), tells=RefusedIt())
    singular = meeting(TOO_MUCH, Varied("singular-message"))
    return [
        Case("client.error-code-told", "refusal", right, bare),
        Case("client.correlation-id-told", "refusal", right, bare),
        Case("client.messages-told", "refusal", right, bare),
        Case(
            *("client.messages-told", "singular-message"),
            Course().told(singular, Sent(), tells=refused),
            Course().told(singular, Sent(), tells=RefusedIt(error_messages=("it failed",))),
        ),
    ]


MADE_UP = (
    RefusedIt(error_code="DECLINED"),
    RefusedIt(correlation_id=K1),
    RefusedIt(error_messages=("Insufficient funds",)),
)


def _details() -> list[Case]:
    first = Course().told(TOO_MUCH, Sent(), tells=refused)
    both = Course().told(TOO_MUCH, Sent(), tells=refused).told(AGAIN, Sent(key=K2), tells=refused)
    stale = Course().told(TOO_MUCH, Sent(), tells=refused).told(AGAIN, Sent(key=K2), tells=OF_FIRST)
    return [
        Case(
            *("client.refusal-details-true", "refusal"),
            first,
            Course().told(TOO_MUCH, Sent(), tells=MADE_UP[0]),
        ),
        Case("client.refusal-details-true", "second-refusal", both, stale),
    ]


AGAIN = meeting(ONE, Errored(404))
OF_FIRST = RefusedIt(error_code="REFUND_NOT_ALLOWED")


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
            Course().told(command, Sent()),
            Course().told(command, tells=Ended("ValueError")),
        )
        for case, command in commands.items()
    ]


def _options() -> list[Case]:
    met = meeting(options(), Varied("unknown-members"))
    few = Done(options=({"number_of_days": 10, "amount": 0},))
    return [
        Case(
            *("client.options-told", case),
            Course().told(command, Sent()),
            Course().told(command, Sent(), tells=few),
        )
        for case, command in (("undisturbed", options()), ("unknown-members", met))
    ]


CASES = [
    *(*_carried_out(), *_true(), *_once(), *_answers(), *_ids(), *_refusals(), *_options()),
    *(*_details(), *_rare()),
]


def test_a_double_refund_is_reported_with_its_cause() -> None:
    course = Course().told(LOST, *again(K2))

    (finding,) = course.findings("client.once")
    assert finding.observed == "the client sent a second refund with a new key; 2 booked"


def test_a_release_done_without_a_key_may_be_reported_unknown() -> None:
    lost = meeting(release(), Cut("after"))
    for tells in (Done(), Unknown()):
        course = Course(PARTLY).told(lost, Sent(key=None), Sent(key=None), tells=tells)
        assert course.against() == {"client.key-sent"}


def test_a_done_release_is_not_reported_refused_after_a_retry() -> None:
    lost = meeting(release(), Cut("after"))
    course = Course(PARTLY).told(lost, Sent(key=None), Sent(key=None), tells=refused)

    assert course.verdicts("client.refused-is-true") == {"FAIL"}


def test_a_refusal_after_an_unclear_response_may_be_reported_unknown() -> None:
    course = Course().told(meeting(TOO_MUCH, Errored(503)), *again(), tells=unknown)

    assert "client.outcome-clear" not in course.against()


@pytest.mark.parametrize("status", [401, 409])
def test_a_401_or_409_leaves_the_outcome_open(status: int) -> None:
    met = meeting(ONE, Errored(status))  # pyright: ignore[reportArgumentType]

    for tells in (RefusedIt(), unknown):
        assert Course().told(met, Sent(), tells=tells).verdicts("client.outcome-clear") == set()


def test_a_refund_found_by_a_read_may_be_reported_as_done() -> None:
    def found(answers: Sequence[Response]) -> Told:
        return Done(refund_id=answers[-1].body.json()["refunds"][0]["refund_id"])

    course = Course().told(LOST, Sent(), LOOK, tells=found)
    assert course.against() == set()


def test_an_unsupported_operation_is_not_judged() -> None:
    found = Course().told(ONE, tells=Unsupported()).findings()

    assert {each.verdict for each in found} == set()


def test_a_refund_that_was_sent_cannot_be_reported_unsupported() -> None:
    course = Course().told(ONE, Sent(), Sent(key=K2), tells=Unsupported())

    assert {"client.refused-is-true", "client.once"} <= course.against()


def test_an_extension_retried_after_a_lost_response_is_done_once() -> None:
    lost = meeting(extension(), Truncated())
    assert Course().told(lost, *again()).against() == set()


def test_the_refund_id_is_that_of_the_response_after_a_duplicate() -> None:
    course = Course().told(meeting(ONE, Twice()), Sent(key=None))
    other = Course().told(meeting(ONE, Twice()), Sent(key=None), tells=Done(course.refund_ids[1]))

    assert course.verdicts("client.refund-id") == {"PASS"}
    assert other.verdicts("client.refund-id") == {"FAIL"}


def test_a_missing_id_is_a_warning_where_no_response_had_it() -> None:
    course = Course().told(LOST, Sent(), tells=Done())

    assert course.verdicts("client.refund-id") == {"WARN"}


def test_a_refund_that_was_never_made_needs_no_id() -> None:
    course = Course().told(meeting(ONE, Errored(503)), Sent(), tells=Done())

    assert course.against() == {"client.done-is-true"}
    assert course.findings("client.refund-id") == ()


def test_a_client_may_refuse_the_impossible_without_a_request() -> None:
    course = Course().told(TOO_MUCH, tells=RefusedIt())

    assert course.against() == set()
    assert not any("undisturbed" in each.aspects for each in course.findings())


@pytest.mark.parametrize(
    "command",
    [meeting(ONE, Errored(400, body="empty")), meeting(TOO_MUCH, Varied("no-correlation-id"))],
    ids=["in the header", "in the body"],
)
def test_a_correlation_id_may_be_in_the_header_or_the_body(command: Command) -> None:
    course = Course().told(command, Sent(), tells=refused)

    assert course.verdicts("client.correlation-id-told") == {"PASS"}


def test_a_truncated_response_gives_its_correlation_id() -> None:
    broken_off = meeting(TOO_MUCH, Truncated())

    head = dict(Course().told(broken_off, Sent()).last_outcome.headers)
    right = RefusedIt(correlation_id=head["Klarna-Correlation-Id"])
    invented = RefusedIt(correlation_id="0f5cf4b1-6f37-4a1c-9d3e-6a8f0c7b2e11")

    for told, verdict in ((right, "PASS"), (invented, "FAIL")):
        course = Course().told(broken_off, Sent(), tells=told)
        assert course.verdicts("client.refusal-details-true") == {verdict}


def test_truncated_options_are_not_reported_as_complete() -> None:
    offers = options_of(Course().told(options(), Sent()))
    cut = meeting(options(), Truncated())

    part = Course().told(cut, Sent(), tells=Done(options=offers[:1]))
    whole = Course().told(cut, Sent(), tells=Done(options=offers))

    assert part.verdicts("client.options-told") == {"FAIL"}
    assert whole.verdicts("client.options-told") == {"PASS"}


def options_of(course: Course) -> tuple[dict[str, int], ...]:
    assert isinstance(course.last_outcome, Response)
    return tuple(course.last_outcome.body.json()["options"])


def test_a_long_key_does_not_excuse_a_command_not_carried_out() -> None:
    course = Course().told(ONE, Sent(key="shop-42:" + "k" * 100))

    assert course.verdicts("client.carries-out") == {"PASS"}


def test_refusing_the_possible_without_a_request_fails() -> None:
    (finding,) = Course().told(ONE, tells=RefusedIt()).findings("client.carries-out")

    assert (finding.verdict, finding.aspects) == ("FAIL", ("seen",))


@pytest.mark.parametrize("tells", MADE_UP)
def test_invented_details_fail_and_missing_ones_pass(tells: RefusedIt) -> None:
    requirement = "client.refusal-details-true"

    assert Course().told(TOO_MUCH, Sent(), tells=tells).verdicts(requirement) == {"FAIL"}
    assert Course().told(TOO_MUCH, Sent(), tells=RefusedIt()).verdicts(requirement) == {"PASS"}


@pytest.mark.parametrize(
    ("command", "tells"),
    [
        (TOO_MUCH, RefusedIt(error_messages=("Klarna: 403 Forbidden",))),
        (TOO_MUCH, RefusedIt(error_code="refund-not-allowed")),
        (meeting(ONE, Errored(401, body="html")), RefusedIt("NO_CODE", ("Wrong password?",))),
    ],
)
def test_a_clients_own_words_are_not_invented_details(command: Command, tells: RefusedIt) -> None:
    course = Course().told(command, Sent(), tells=tells)

    assert course.verdicts("client.refusal-details-true") == {"PASS"}


def test_a_documented_code_of_another_status_is_invented() -> None:
    html = meeting(ONE, Errored(401, body="html"))
    course = Course().told(html, Sent(), tells=RefusedIt("NOT_ALLOWED"))

    assert course.verdicts("client.refusal-details-true") == {"FAIL"}


def test_a_refusal_under_the_same_key_may_be_believed() -> None:
    met = meeting(ONE, Cut("after", reset=False), Errored(422))
    for key, expected in ((K1, set[str]()), (K2, {"FAIL"})):
        course = Course().told(met, Sent(), Sent(key=key), tells=refused)
        assert course.verdicts("client.refused-is-true") == expected
