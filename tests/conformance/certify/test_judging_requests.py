"""Requests of a client are judged by its commands and by the documentation."""

import uuid
from typing import Any

import msgspec
import pytest

from klarna_conformance.judge.client.keys import KeyBook, Use
from klarna_specs.client.faults import Cut, Redirected, Refused, Varied
from klarna_specs.client.play import Command, RefusedIt
from klarna_strategies.clients.commands import captured, extension, options, refund, release
from klarna_strategies.lines import fee, goods

from .plays import (
    K1,
    K2,
    LOOK,
    ORDER,
    PARTLY,
    SPEC,
    Case,
    Course,
    Sent,
    done,
    meeting,
    refused,
    unknown,
)

ONE = refund(1)
SHIRTS = [goods(2_000, tax_rate=2_500, reference="s-1"), goods(1_000, name="Socks")]
LINES = refund(3_000, order_lines=SHIRTS)
FEE = refund(2_250, order_lines=[goods(3_000), fee(750)])


def _keys() -> list[Case]:
    right = Course().run(ONE, Sent())
    two = Course().run(ONE, Sent()).run(ONE, Sent(key=K2))
    shared = Course().run(ONE, Sent()).run(ONE, Sent())
    return [
        Case("client.key-sent", "seen", right, Course().run(ONE, Sent(key=None))),
        Case("client.key-of-its-own", "same-again", two, shared),
        Case("client.key-uuid", "seen", right, Course().run(ONE, Sent(key="refund-17"))),
    ]


def _sends(command: Command, body: Any) -> Course:
    return Course().run(command, Sent(body=body))


def _amounts() -> list[Case]:
    odd, half = refund(8_989), {"refunded_amount": 3_000, "order_lines": SHIRTS[:1]}
    fees = [goods(3_000), fee(750), fee(250)]
    two_fees = refund(2_000, order_lines=fees)
    merged = {**two_fees.arguments, "order_lines": [fees[0], fee(1_000)]}
    as_goods = {**FEE.arguments, "order_lines": [goods(3_000), fee(750, type="physical")]}
    texts = refund(2, description="Two shirts", reference="r-17")
    return [
        Case("client.amounts-as-told", case, Course().run(command, Sent()), _sends(command, body))
        for case, command, body in (
            ("one-minor-unit", ONE, {"refunded_amount": 100}),
            ("odd-amount", odd, {"refunded_amount": 8_900}),
            ("with-lines", LINES, half),
            ("with-fee", FEE, as_goods),
            ("float-loses", refund(29), {"refunded_amount": 28}),
            ("two-fees", two_fees, merged),
        )
    ] + [
        Case("client.texts-as-told", case, Course().run(texts, Sent()), _sends(texts, wrong))
        for case in ("description", "reference")
        for wrong in [{**texts.arguments, case: "Two"}]
    ]


def _as_commanded() -> list[Case]:
    there = msgspec.structs.replace(ONE, order=1)
    two_orders = Course(ORDER, captured(SPEC, "DE")).run(ONE, Sent()).run(there, Sent(key=K2))
    wrong_order = Course(ORDER, captured(SPEC, "DE")).run(ONE, Sent())
    wrong_order.run(there, Sent(key=K2, order=0), reports=unknown)
    second = extension(capture=1)
    right_capture = Course(PARTLY).run(second, Sent())
    wrong_capture = Course(PARTLY).run(second, Sent(capture=0), Sent(key=K2))
    wrong_path = Course().run(ONE, Sent(path="/refund"), reports=unknown)
    return [
        Case("client.as-told-only", "two-orders", two_orders, wrong_order),
        Case("client.as-told-only", "second-capture", right_capture, wrong_capture),
        Case("client.documented-paths", "seen", Course().run(ONE, Sent()), wrong_path),
    ]


def _bodies() -> list[Case]:
    right = Course().run(ONE, Sent())
    return [
        Case("client.well-formed", "seen", right, _sends(ONE, {"refund": {"refunded_amount": 1}})),
        Case("client.content-type", "seen", right, Course().run(ONE, Sent(content_type="text/x"))),
        Case("client.known-members", "seen", right, _sends(ONE, {**ONE.arguments, "shop": "x"})),
    ]


def _credentials() -> list[Case]:
    bare = Course().run(ONE, Sent(credentials="none"), reports=unknown)
    away, foreign = meeting(ONE, Redirected()), meeting(ONE, Varied("foreign-location"))
    kept, leaked = Sent(elsewhere="bare"), Sent(elsewhere="with credentials")
    return [
        Case("client.credentials-sent", "seen", Course().run(ONE, Sent()), bare),
        Case(
            *("client.credentials-kept", "redirect"),
            Course().run(away, Sent(), kept, reports=unknown),
            Course().run(away, Sent(), leaked, reports=unknown),
        ),
        Case(
            *("client.credentials-kept", "foreign-location"),
            Course().run(foreign, Sent(), kept),
            Course().run(foreign, Sent(), leaked),
        ),
    ]


CASES = [*_keys(), *_amounts(), *_as_commanded(), *_bodies(), *_credentials()]


def test_a_later_command_that_goes_to_another_server_leaks_the_credentials() -> None:
    leaked = Sent(elsewhere="with credentials")
    course = Course().run(ONE, leaked, reports=RefusedIt())

    assert course.against() == {"client.carries-out", "client.credentials-kept"}
    (finding,) = course.findings("client.carries-out")
    assert finding.observed.endswith("; its request went to another server")


@pytest.mark.parametrize(
    ("text", "verdict"), [(None, "PASS"), ("{}", "INFO"), ('{"reason": "x"}', "INFO")]
)
def test_a_body_of_a_release_is_info(text: str | None, verdict: str) -> None:
    course = Course(PARTLY).run(release(), Sent(text=text))

    assert course.verdicts("client.release-body") == {verdict}


def test_a_key_of_an_earlier_scenario_is_found() -> None:
    course = Course(known=KeyBook({K1: Use("refundOrder", "o-1")})).run(ONE, Sent())

    (finding,) = course.findings("client.key-of-its-own")
    assert finding.verdict == "FAIL"
    assert finding.observed == "its idempotency key was used before, for refundOrder on order o-1"


def test_a_key_of_a_refund_cannot_be_used_for_a_release() -> None:
    course = Course(PARTLY).run(ONE, Sent()).run(release(), Sent(), reports=unknown)

    assert course.verdicts("client.key-of-its-own") == {"PASS", "FAIL"}


def test_reads_need_no_key() -> None:
    course = Course().run(options(), Sent(key=None)).run(options(), Sent(key=None))

    assert course.against() == set()


_FREE = {"total_tax_amount": 0, "total_discount_amount": 0}


@pytest.mark.parametrize(
    "lines",
    [
        SHIRTS[::-1],
        [{**line, **_FREE} for line in SHIRTS],
        [{**SHIRTS[0], "total_tax_amount": 400}, SHIRTS[1]],
        [dict(reversed(SHIRTS[0].items())), SHIRTS[1]],
    ],
    ids=["in another order", "with defaults", "with its tax", "members in another order"],
)
def test_equivalent_order_lines_pass(lines: list[dict[str, Any]]) -> None:
    assert _sends(LINES, {"refunded_amount": 3_000, "order_lines": lines}).against() == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tax_rate": 0}, "tax_rate of order line 1 2500, as commanded"),
        ({"total_amount": 1_999}, "total_amount of order line 1 2000, as commanded"),
        ({"quantity": 2}, "quantity of order line 1 1, as commanded"),
        ({"name": "Shirt"}, "name of order line 1 'T-Shirt', as commanded"),
        ({"type": "return_fee"}, "type of order line 1 'physical', as commanded"),
        ({"total_tax_amount": 402}, "total_tax_amount of order line 1 None, as commanded"),
        ({"total_tax_amount": "400"}, "total_tax_amount of order line 1 None, as commanded"),
    ],
)
def test_a_changed_order_line_fails_and_is_named(change: dict[str, Any], expected: str) -> None:
    lines = [SHIRTS[1], {**SHIRTS[0], **change}]
    course = _sends(LINES, {"refunded_amount": 3_000, "order_lines": lines})

    (finding,) = course.findings("client.amounts-as-told")
    assert (finding.verdict, finding.expected) == ("FAIL", expected)


def test_a_changed_reference_of_a_line_is_a_change_of_text_only() -> None:
    lines = [{**SHIRTS[0], "reference": "s-2"}, SHIRTS[1]]
    course = _sends(LINES, {"refunded_amount": 3_000, "order_lines": lines})

    assert course.against() == {"client.texts-as-told"}


def test_a_whole_float_and_a_null_are_info() -> None:
    body = {"refunded_amount": 1.0, "description": None}
    course = Course().run(ONE, Sent(body=body), reports=refused)

    assert course.against() == set()
    assert course.verdicts("client.well-formed") == {"INFO"}
    assert course.verdicts("client.amounts-as-told") == {"INFO"}


@pytest.mark.parametrize(("amount", "verdict"), [(100, "FAIL"), (3_000, "PASS")])
def test_an_amount_of_a_release_is_what_remains_authorized(amount: int, verdict: str) -> None:
    course = Course(PARTLY).run(release(), Sent(body={"amount": amount}))

    assert course.verdicts("client.amounts-as-told") == {verdict}


@pytest.mark.parametrize("amount", [1.5, "1", True, None])
def test_an_amount_of_another_type_fails(amount: object) -> None:
    course = Course().run(ONE, Sent(body={"refunded_amount": amount}), reports=unknown)

    assert course.verdicts("client.amounts-as-told") == {"FAIL"}


def test_another_number_of_days_fails() -> None:
    course = Course().run(extension(10), Sent(body={"number_of_days": 30}))

    assert course.verdicts("client.amounts-as-told") == {"FAIL"}


@pytest.mark.parametrize("sent", ["", "amount=1", "{"])
def test_a_body_that_is_no_json_is_not_well_formed(sent: str) -> None:
    course = Course().run(ONE, Sent(text=sent), reports=unknown)

    assert course.verdicts("client.well-formed") == {"FAIL"}


def test_a_client_may_read_the_order() -> None:
    course = Course().run(ONE, LOOK, Sent())

    assert course.against() == set()


def test_a_read_at_an_undocumented_path_is_a_warning() -> None:
    course = Course().run(ONE, Sent(), Sent(method="GET", path="/history", key=None))

    assert course.verdicts("client.documented-paths") == {"PASS", "WARN"}


def test_a_head_of_a_readable_resource_is_info() -> None:
    course = Course().run(ONE, Sent(method="HEAD", path="?", key=None, body={}), Sent())

    assert course.verdicts("client.documented-paths") == {"PASS", "INFO"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/cancel"), ("POST", "/captures"), ("POST", "/release-remaining-authorization")],
)
def test_an_uncommanded_change_fails(method: str, path: str) -> None:
    stray = Sent(method=method, path=path, body={"captured_amount": 1}, key=K2)

    assert Course(PARTLY).run(ONE, Sent(), stray).verdicts("client.as-told-only") == {"FAIL"}


def test_a_refund_by_another_spelling_of_the_path_fails() -> None:
    course = Course().run(ONE, Sent(), Sent(path="/refunds/", key=K2), reports=unknown)

    assert "FAIL" in course.verdicts("client.documented-paths")


BARE = Sent(credentials="none")


@pytest.mark.parametrize(
    ("command", "sent", "verdicts"),
    [
        pytest.param(ONE, [BARE, Sent()], ["INFO", "PASS"], id="after a 401"),
        pytest.param(ONE, [BARE, BARE, Sent()], ["INFO", "PASS"], id="after a second 401"),
        pytest.param(
            meeting(ONE, Cut("before")), [BARE, BARE, Sent()], ["INFO", "PASS"], id="after a loss"
        ),
        pytest.param(meeting(ONE, None, Refused()), [BARE], [], id="no request got through"),
    ],
)
def test_credentials_may_come_after_a_401(
    command: Command, sent: list[Sent], verdicts: list[str]
) -> None:
    course = Course().run(command, *sent, reports=done if verdicts else unknown)

    found = [each.verdict for each in course.findings("client.credentials-sent")]
    assert list(dict.fromkeys(found)) == verdicts
    assert course.against() == set()


def test_a_uuid_of_any_version_is_a_key() -> None:
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, "refund-17"))

    assert Course().run(ONE, Sent(key=key)).against() == set()


@pytest.mark.parametrize("before", [(), (BARE,)], ids=["first", "after a 401"])
def test_wrong_credentials_fail(before: tuple[Sent, ...]) -> None:
    course = Course().run(ONE, *before, Sent(credentials="wrong_password"), reports=unknown)

    assert {each.verdict for each in course.findings("client.credentials-sent")} == {"FAIL"}


@pytest.mark.parametrize("tax", [399, 400, 401])
def test_a_tax_may_be_rounded_up_or_down(tax: int) -> None:
    lines = [{**SHIRTS[0], "total_tax_amount": tax}, SHIRTS[1]]

    assert _sends(LINES, {"refunded_amount": 3_000, "order_lines": lines}).against() == set()


@pytest.mark.parametrize("name", ["description", "reference"])
@pytest.mark.parametrize("text", ["None", "null", "nil", "undefined", "NULL", ""])
def test_a_word_for_a_missing_text_is_a_warning(name: str, text: str) -> None:
    body = {"refunded_amount": 1, name: text}
    added = Course().run(ONE, Sent(body=body))
    commanded = Course().run(refund(1, **{name: text}), Sent(body=body))

    (finding,) = added.findings("client.texts-as-told")
    assert (finding.verdict, finding.observed) == ("WARN", f"{text!r} is sent")
    assert commanded.against() == set()


@pytest.mark.parametrize("text", ["None", "null", "nil", "undefined"])
def test_a_word_for_a_missing_text_of_a_line_is_a_warning(text: str) -> None:
    line = {"name": "Shirt", "quantity": 1, "unit_price": 1, "total_amount": 1}
    body = {"refunded_amount": 1, "order_lines": [{**line, "reference": text}]}
    added = Course().run(refund(1, order_lines=[line]), Sent(body=body))
    commanded = Course().run(refund(1, order_lines=body["order_lines"]), Sent(body=body))

    (finding,) = added.findings("client.texts-as-told")
    assert (finding.verdict, finding.expected, finding.observed) == (
        "WARN",
        "no reference of order line 1, as commanded",
        f"{text!r} is sent",
    )
    assert commanded.against() == set()


@pytest.mark.parametrize(
    ("sent", "observed"),
    [
        ({}, "no reference is sent"),
        ({"reference": "other"}, "'other' is sent"),
        ({"reference": "x" * 200}, f"'{'x' * 59}... is sent"),
    ],
)
def test_lost_text_of_a_line_is_named_with_what_is_sent(
    sent: dict[str, str], observed: str
) -> None:
    line = {"name": "Shirt", "quantity": 1, "unit_price": 1, "total_amount": 1}
    command = refund(1, order_lines=[{**line, "reference": "a-1"}])
    body = {"refunded_amount": 1, "order_lines": [line | sent]}

    (finding,) = Course().run(command, Sent(body=body)).findings("client.texts-as-told")
    expected = "reference of order line 1 'a-1', as commanded"
    assert (finding.expected, finding.observed) == (expected, observed)


def test_a_stale_description_is_found_and_a_default_is_fine() -> None:
    first = refund(1, description="One shirt")
    for text, expected in (("One shirt", {"WARN"}), ("Refund", set[str]())):
        body = {"refunded_amount": 1, "description": text}
        course = Course().run(first, Sent()).run(ONE, Sent(key=K2, body=body))
        assert course.verdicts("client.texts-as-told") - {"PASS"} == expected
