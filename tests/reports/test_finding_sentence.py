"""Findings as one sentence each, with amounts in major units."""

import json

import pytest

from klarna_reports.record.record import Difference, Finding, Listed, Played
from klarna_reports.summary.harm import Harm, Stake, stake
from klarna_reports.words.amounts import ShortNames, difference_texts, in_major_units, major
from klarna_reports.words.exchange_lines import exchange_lines
from klarna_reports.words.finding_sentence import finding_sentence
from klarna_specs.exchange import Exchange, Payload, Request, Response
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario, Step, Together

SPEC = load()
PLAN = OrderPlan(market="DE", currency="EUR", order_amount=5000, captures=(5000,))
ORDER = "/ordermanagement/v1/orders/o-1"


def call(method, path, body=None, *, status=201, answer=None, key="", **others):
    headers = (("Klarna-Idempotency-Key", key),) if key else ()
    sent = Payload(json.dumps(body)) if body is not None else Payload("")
    came = Payload(json.dumps(answer)) if answer is not None else Payload("")
    return Exchange(
        request=Request(method=method, path=ORDER + path, headers=headers, body=sent),
        outcome=Response(status=status, body=came),
        **others,
    )


def refund(amount, *, lines=(), **others):
    body = {"refunded_amount": amount, **({"order_lines": list(lines)} if lines else {})}
    return call("POST", "/refunds", body, **others)


def order(captured, refunded):
    shown = {"captured_amount": captured, "refunded_amount": refunded}
    return call("GET", "", status=200, answer=shown)


def sentence(
    requirement,
    *exchanges,
    exchange=0,
    differences=(),
    expected="this",
    observed="that",
    steps=(),
):
    finding = Finding(
        requirement=requirement,
        verdict="FAIL",
        exchange=exchange,
        expected=expected,
        observed=observed,
        differences=differences,
    )
    played = Played(
        id="s1",
        scenario=Scenario(plan=PLAN, steps=steps),
        exchanges=exchanges,
        findings=(finding,),
    )
    found = SPEC.requirement(requirement)
    return finding_sentence(SPEC, found, played, finding), stake(SPEC, found, played, finding)


def refunded(expected, observed):
    return (Difference(member="refunded_amount", expected=expected, observed=observed),)


def listed(expected, observed):
    return (Difference(member="refunds", expected=expected, observed=observed),)


_REFUSAL = "a refusal (403)"
_FEE = {"type": "return_fee", "total_amount": -200}
_CASES = {
    "a double booking names the key and both sums": (
        "refund.replay-booked-once",
        (refund(1000, key="k"), refund(1000, key="k"), order(5000, 2000)),
        {"exchange": 1, "differences": refunded(1000, 2000)},
        "Two refunds of 10.00 EUR under one idempotency key: 20.00 EUR refunded, 10.00 EUR "
        "expected.",
        Stake(Harm.MONEY_LOST, 1000),
    ),
    "an over-refund names what was captured": (
        "refund.within-captured-amount",
        (order(5000, 500), refund(6000)),
        {"exchange": 1, "expected": _REFUSAL},
        "A refund of 60.00 EUR on 50.00 EUR captured, 5.00 EUR refunded before, was accepted (201) "
        "where a refusal (403) was expected.",
        Stake(Harm.MONEY_LOST, 6000),
    ),
    "an over-refund by concurrent calls names how many": (
        "refund.within-captured-amount",
        (refund(3000, group=0),) * 3,
        {"exchange": 1, "expected": _REFUSAL},
        "A refund of 30.00 EUR among three concurrent calls was accepted (201) where a refusal "
        "(403) was expected.",
        Stake(Harm.MONEY_LOST, 3000),
    ),
    "a wrong refusal names status and code": (
        "refund.accepted",
        (refund(1000, status=403, answer={"error_code": "REFUND_NOT_ALLOWED"}),),
        {"expected": "success (201)"},
        "A refund of 10.00 EUR was refused (403 REFUND_NOT_ALLOWED) where success (201) was "
        "expected.",
        Stake(Harm.MONEY_REFUSED, 1000),
    ),
    "a return fee is named with the refund, and is what it costs": (
        "refund.fee-market",
        (refund(800, lines=(_FEE,)),),
        {"expected": _REFUSAL},
        "A refund of 8.00 EUR with a return fee of 2.00 EUR in DE was accepted (201) where a "
        "refusal (403) was expected.",
        Stake(Harm.MONEY_LOST, 200),
    ),
    "a wrong order is described by the last change": (
        "order.shows-what-happened",
        (call("POST", "/release-remaining-authorization", status=204), order(5000, 0)),
        {
            "exchange": 1,
            "differences": (Difference(member="captured_amount", expected=5000, observed=0),),
        },
        "A release: 0.00 EUR captured, 50.00 EUR expected.",
        Stake(Harm.STATE, 5000),
    ),
    "the form of a response costs no money": (
        "refund.created-status",
        (refund(1000, status=200),),
        {"observed": "status 200"},
        "A refund of 10.00 EUR was answered with status 200 where this was expected.",
        Stake(Harm.FORM),
    ),
    "other ids with the same amounts cost no money": (
        "refund.books-amount",
        (refund(1000), order(5000, 1000)),
        {"differences": listed((Listed("a", 1000),), (Listed("b", 1000),))},
        "A refund of 10.00 EUR: refund B of 10.00 EUR listed in place of refund A of 10.00 EUR.",
        Stake(Harm.FORM),
    ),
    "an extension is named with its days, and costs no money": (
        "extension.offered-days-only",
        (call("PATCH", "/captures/c-1/extend-due-date", {"number_of_days": 30}, status=204),),
        {"expected": "a refusal (400 or 403 or 404 or 422)"},
        "A due date extension by 30 days was accepted (204) where a refusal (400, 403, 404 or 422) "
        "was expected.",
        Stake(Harm.STATE),
    ),
    "a read of another order's refund says so": (
        "refund-read.unknown-refund-refused",
        (call("GET", "/refunds/r-1", status=200, step=0),),
        {
            "expected": "a refusal (404)",
            "steps": (Step(operation="getRefund", refund="other"),),
        },
        "A read of a refund of another order succeeded (200) where a refusal (404) was expected.",
        Stake(Harm.STATE),
    ),
    "an extension of an unknown capture says so": (
        "extension.unknown-capture-refused",
        (call("PATCH", "/captures/c/extend-due-date", {"number_of_days": 30}, status=204, step=0),),
        {
            "expected": "a refusal (404)",
            "steps": (Step(operation="extendDueDate", capture="unknown"),),
        },
        "A due date extension by 30 days for a capture that does not exist was accepted (204) "
        "where a refusal (404) was expected.",
        Stake(Harm.STATE),
    ),
    "a member of a wrong type is named with its value": (
        "refund.types-kept",
        (call("POST", "/refunds", {"refunded_amount": 1000, "description": 5}),),
        {"expected": "a refusal (400)"},
        "A refund of 10.00 EUR with a wrong body (description: 5 is not of type 'string') was "
        "accepted (201) where a refusal (400) was expected.",
        Stake(Harm.MONEY_LOST, 1000),
    ),
    "a member beyond its limits is named": (
        "refund.limits-kept",
        (call("POST", "/refunds", {"refunded_amount": 1000, "description": "x" * 300}),),
        {"expected": "a refusal (400)"},
        "A refund of 10.00 EUR with a wrong body (description: a text of 300 characters is too "
        "long) was accepted (201) where a refusal (400) was expected.",
        Stake(Harm.MONEY_LOST, 1000),
    ),
    "an order that contradicts itself is described by its sums": (
        "order.money-adds-up",
        (order(100, 0),),
        {
            "differences": (Difference(member="captured_amount", expected=200, observed=100),),
            "expected": "captures that sum to 100",
            "observed": "a sum of 200",
        },
        "The order before any call: 1.00 EUR captured, but captures of 2.00 EUR in all.",
        Stake(Harm.STATE, 100),
    ),
    "a difference of what the call changes comes first": (
        "refund.books-amount",
        (refund(1000), order(5000, 0)),
        {
            "differences": (
                Difference(member="captured_amount", expected=500, observed=400),
                *refunded(1000, 0),
            )
        },
        "A refund of 10.00 EUR: 0.00 EUR refunded, 10.00 EUR expected.",
        Stake(Harm.STATE, 100),
    ),
    "a total that other refunds changed too is shown with its error": (
        "refund.replay-booked-once",
        (*[refund(1939, key="k")] * 3, order(20000, 9873)),
        {"exchange": 2, "differences": refunded(4018, 9873)},
        "Three refunds of 19.39 EUR under one idempotency key: 98.73 EUR refunded in all, 58.55 "
        "EUR more than expected.",
        Stake(Harm.MONEY_LOST, 5855),
    ),
    "a resource under another id is named": (
        "refund.books-amount",
        (refund(1000), order(5000, 1000)),
        {
            "differences": listed(
                (Listed("a", 500), Listed("b", 1000)), (Listed("a", 500), Listed("c", 1000))
            )
        },
        "A refund of 10.00 EUR: refund C of 10.00 EUR listed in place of refund B of 10.00 EUR.",
        Stake(Harm.FORM),
    ),
    "an answer to a repeat is of the repeat": (
        "refund.replay-answered-alike",
        (refund(1000, key="k"), refund(1000, key="k", status=409)),
        {"exchange": 1, "expected": "status 201, as at first", "observed": "status 409"},
        "A refund of 10.00 EUR under a used idempotency key was answered with status 409 where "
        "status 201, as at first, was expected.",
        Stake(Harm.FORM),
    ),
}


@pytest.mark.parametrize(
    ("requirement", "exchanges", "about", "text", "cost"), _CASES.values(), ids=_CASES
)
def test_finding_is_one_sentence_with_its_cost(requirement, exchanges, about, text, cost) -> None:
    assert sentence(requirement, *exchanges, **about) == (text, cost)


def test_lines_of_a_replay_name_what_belongs_to_another_order() -> None:
    scenario = Scenario(plan=PLAN, steps=(Step(operation="getRefund", refund="other"),))
    read = call("GET", "/refunds/r-1", status=200, step=0)
    (line,) = exchange_lines(SPEC, Played(id="s1", scenario=scenario, exchanges=(read,)))
    assert line.strip() == "1. getRefund, for a refund of another order -> 200"


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00 EUR"), (1, "0.01 EUR"), (-150, "-1.50 EUR"), (123456789, "1,234,567.89 EUR")],
)
def test_minor_units_become_major_units(amount: int, text: str) -> None:
    assert major(amount, "EUR") == text


def test_only_amounts_of_members_are_converted() -> None:
    text = "refunded_amount at most 100, status 403, captured_amount -5"
    assert in_major_units(text, "SEK") == (
        "refunded_amount at most 1.00 SEK, status 403, captured_amount -0.05 SEK"
    )


def test_ids_get_short_names_in_order_of_appearance() -> None:
    lists = Difference(
        member="refunds",
        expected=(Listed("id-1", 100),),
        observed=(Listed("id-1", 100), Listed("id-2", 200)),
    )
    names = ShortNames(Played(id="s1", scenario=Scenario(plan=PLAN, steps=())))
    assert difference_texts(lists, names, "EUR") == (
        "refund A: 1.00 EUR",
        "refund A: 1.00 EUR, refund B: 2.00 EUR",
    )
    assert names.within("id-2 after id-1") == "refund B after refund A"


@pytest.mark.parametrize(
    ("requirement", "expected", "observed", "text"),
    [
        (
            "refund.no-server-error",
            "no 5xx status",
            "status 500",
            "failed in the server (status 500)",
        ),
        (
            "refund.location-leads-to-refund",
            "refund r-1 of 1000",
            "status 404",
            "has a Location that leads to status 404 where refund A of 10.00 EUR was expected",
        ),
        (
            "refund.location-header",
            "a Location header",
            "none",
            "was answered without a Location header",
        ),
        ("refund.id-distinct", "an id that is new", "'r-1' again", "got the id of refund A again"),
    ],
)
def test_wrong_answer_is_described_in_words(
    requirement: str, expected: str, observed: str, text: str
) -> None:
    named = refund(1000)
    response = Response(status=201, headers=(("Refund-Id", "r-1"),))
    sent = Exchange(request=named.request, outcome=response)
    found, _ = sentence(requirement, sent, exchange=0, expected=expected, observed=observed)
    assert found == f"A refund of 10.00 EUR {text}."


def test_concurrent_calls_for_another_order_are_named_if_all_are() -> None:
    reads = (call("GET", "/refunds/r-1", status=200, step=0, group=0),) * 2
    foreign, own = (
        Step(operation="getRefund", refund="other"),
        Step(operation="getRefund", refund=0),
    )
    said = [
        sentence("refund-read.answered", *reads, steps=(Together(steps),))[0]
        for steps in ((foreign, foreign), (foreign, own))
    ]

    assert [" of another order among two " in text for text in said] == [True, False]


def test_recorded_call_for_a_refund_that_the_order_does_not_show_says_so() -> None:
    lone = call("GET", "/refunds/r-9", status=200, answer={"refund_id": "r-9"})
    shown = call("GET", "", status=200, answer={"refunds": [{"refund_id": "r-9"}]})
    said = [
        sentence("refund-read.answered", *exchanges, exchange=len(exchanges) - 1)[0]
        for exchanges in ((lone,), (order(5000, 0), lone), (shown, lone))
    ]

    assert [" that the order does not show " in text for text in said] == [False, True, False]
