"""Odd bodies, several rules at once, and what comes before all rules."""

from typing import Any

import pytest

from klarna_specs.loader import load
from klarna_specs.oracle import assess

from .situations import (
    FEE,
    SOCKS,
    TAXED,
    On,
    allowed,
    extend,
    ids,
    kinds,
    lines,
    make_call,
    open_order,
    options,
    plain,
    situated,
)

SPEC = load()


@pytest.mark.parametrize(
    "line",
    [
        {**SOCKS, "total_amount": 3900, "total_discount_amount": 100},
        {**SOCKS, "quantity": 0, "total_amount": 0},
        {**SOCKS, "total_amount": -4000, "unit_price": -2000},
        {**SOCKS, "tax_rate": 2500},
        {**SOCKS, "total_tax_amount": 0},
        {**SOCKS, "total_tax_amount": 1},
        {**TAXED, "total_tax_amount": 799},
        {**TAXED, "total_tax_amount": 801},
        {**TAXED, "unit_price": -2000, "total_amount": -4000, "total_tax_amount": -800},
    ],
)
def test_line_with_correct_total_and_tax_breaks_nothing(line: dict[str, Any]) -> None:
    assessment = situated(lines(max(1, line["total_amount"]), SOCKS, line))
    assert set(ids(assessment.broken)) <= {"refund.lines-need-not-add-up"}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ({**SOCKS, "total_amount": 3999}, "totals"),
        ({**SOCKS, "total_discount_amount": 1}, "totals"),
        ({**SOCKS, "quantity": 1}, "totals"),
        ({**SOCKS, "quantity": 0}, "totals"),
        ({**TAXED, "total_tax_amount": 798}, "taxes"),
        ({**TAXED, "total_tax_amount": 1000}, "taxes"),
        ({**TAXED, "total_tax_amount": -800}, "taxes"),
        ({**SOCKS, "total_tax_amount": 800}, "taxes"),
    ],
)
def test_one_odd_line_among_others_leaves_a_refund_open(line: dict[str, Any], rule: str) -> None:
    amount = 4000 + line["total_amount"]
    assessment = situated(lines(amount, SOCKS, line))
    assert ids(assessment.broken) == [f"refund.line-{rule}"]
    assert kinds(assessment) == ["success", "refusal"]


@pytest.mark.parametrize(
    ("raw", "case"),
    [
        (b"", "empty"),
        (b"{", "not-json"),
        (b"[]", "not-an-object"),
        (b'{"reference": "r"}', "member-missing"),
        (b'{"refunded_amount": null}', "member-missing"),
        (b'{"refunded_amount": NaN}', "not-json"),
        (b'{"refunded_amount": "all"}', "wrong-type"),
        (b'{"refunded_amount": true}', "wrong-type"),
        (b'{"refunded_amount": []}', "wrong-type"),
        (b'{"refunded_amount": {}}', "wrong-type"),
    ],
)
def test_malformed_refund_is_refused_for_its_case(raw: bytes, case: str) -> None:
    assessment = assess(SPEC, open_order(), make_call("refundOrder", raw=raw))
    rule = SPEC.requirement("refund.malformed-refused")
    assert rule in assessment.broken
    assert [name for name, when in rule.cases.items() if assessment.holds(when)] == [case]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"refunded_amount": 1.5}',
        b'{"refunded_amount": 1, "order_lines": "socks"}',
        b'{"refunded_amount": 1, "order_lines": [{"quantity": 1.5}]}',
    ],
)
def test_wrong_type_beside_a_valid_amount_should_be_refused(raw: bytes) -> None:
    assessment = assess(SPEC, open_order(), make_call("refundOrder", raw=raw))
    assert ids(assessment.broken) == ["refund.types-kept"]
    assert allowed(assessment) == [
        ("refusal", ("malformed",), ()),
        ("success", ("created",), ("refund.types-kept",)),
    ]


def test_fraction_of_a_day_should_be_refused_as_malformed() -> None:
    assessment = situated(extend(10.5))
    assert "extension.types-kept" in ids(assessment.broken)
    assert assessment.outcomes[0].kind == "refusal"
    assert "malformed" in assessment.outcomes[0].responses


@pytest.mark.parametrize(
    ("call", "case"),
    [
        ({"raw": b'{"refunded_amount": 1.0}'}, "lenient-value"),
        ({"raw": b'{"refunded_amount": 1, "reference": null}'}, "lenient-value"),
        ({"raw": b'{"refunded_amount": 1, "reason": "r"}'}, "unknown-member"),
        ({"body": {"refunded_amount": 1}, "content_type": "text/plain"}, "content-type"),
        ({"raw": b'\xef\xbb\xbf{"refunded_amount": 1}'}, "byte-order-mark"),
        ({"raw": b'{"refunded_amount": 1, "refunded_amount": 1}'}, "repeated-member"),
        ({"raw": b'{"refunded_amount": "1"}'}, "number-as-text"),
        ({"raw": b'{"refunded_amount": 1,}'}, "json-extension"),
    ],
)
def test_refund_is_odd_for_its_case(call: dict[str, Any], case: str) -> None:
    assessment = assess(SPEC, open_order(), make_call("refundOrder", **call))
    rule = SPEC.requirement("refund.odd-body")
    assert rule in assessment.broken_alone
    assert [name for name, when in rule.cases.items() if assessment.holds(when)] == [case]


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "Application/JSON;charset=utf-8"]
)
def test_refund_labelled_as_json_is_not_odd(content_type: str | None) -> None:
    call = make_call("refundOrder", {"refunded_amount": 1}, content_type=content_type)
    assert assess(SPEC, open_order(), call).broken == ()


# Several rules at once

LONG = {"description": "x" * 256}
WITHIN, LIMITS = "refund.within-captured-amount", "refund.limits-kept"
NAMED = ("refused", "fee_refused", "malformed")
ODD_LINE = {**SOCKS, "total_amount": 4001}
RELEASED = {"captures": (6000,), "authorization": "released"}


@pytest.mark.parametrize(
    ("on", "outcomes", "demanded"),
    [
        pytest.param(plain(10001), [("refusal", ("refused",), ())], [WITHIN], id="a MUST alone"),
        pytest.param(
            lines(10001, SOCKS, FEE),
            [("refusal", ("refused", "fee_refused"), ())],
            [WITHIN, "refund.fee-lines-add-up"],
            id="two MUSTs",
        ),
        pytest.param(
            On("refundOrder", {"refunded_amount": 10001, **LONG}),
            [("refusal", ("refused", "malformed", "fee_refused"), ())],
            [WITHIN],
            id="a MUST and a SHOULD",
        ),
        pytest.param(
            On("refundOrder", {"refunded_amount": 10001, "note": "n"}),
            [("refusal", NAMED, ())],
            [WITHIN],
            id="a MUST and an odd body",
        ),
        pytest.param(
            lines(10001, {**SOCKS, "total_amount": 10001}),
            [("refusal", NAMED, ())],
            [WITHIN],
            id="a MUST and an odd line",
        ),
        pytest.param(
            lines(3500, SOCKS, FEE, order={"market": "US", **RELEASED}),
            [("refusal", ("fee_refused", "refused", "malformed"), ())],
            ["refund.fee-market"],
            id="a MUST and what is open",
        ),
        pytest.param(
            On("refundOrder", {"refunded_amount": 0, **LONG}),
            [
                ("refusal", ("malformed", "refused", "fee_refused"), ("refund.zero-amount",)),
                ("success", ("created",), (LIMITS, "refund.zero-amount")),
            ],
            [],
            id="a SHOULD and what is open",
        ),
        pytest.param(
            On("refundOrder", {"refunded_amount": 4001, "order_lines": [ODD_LINE], **LONG}),
            [
                ("refusal", ("malformed", "refused", "fee_refused"), ("refund.line-totals",)),
                ("success", ("created",), (LIMITS, "refund.line-totals")),
            ],
            [],
            id="a SHOULD and an odd line",
        ),
        pytest.param(
            lines(3500, SOCKS, FEE, order=RELEASED),
            [
                ("refusal", ("fee_refused", "refused", "malformed"), ()),
                ("success", ("created",), ()),
            ],
            [],
            id="a silent MUST",
        ),
    ],
)
def test_rules_broken_together_allow_what_each_of_them_allows(
    on: On, outcomes: Any, demanded: list[str]
) -> None:
    assessment = situated(on)
    assert allowed(assessment) == outcomes
    assert ids(assessment.demanded_by) == demanded


@pytest.mark.parametrize(
    ("on", "broken", "alone"),
    [
        (lines(10001, SOCKS, FEE), [WITHIN, "refund.fee-lines-add-up"], []),
        (On("refundOrder", {"refunded_amount": 10001, **LONG}), [WITHIN, LIMITS], [WITHIN]),
        (lines(3500, SOCKS, FEE, order=RELEASED), [], []),
    ],
)
def test_rule_is_broken_alone_only_beside_weaker_ones(
    on: On, broken: list[str], alone: list[str]
) -> None:
    assessment = situated(on)
    assert (ids(assessment.broken), ids(assessment.broken_alone)) == (broken, alone)


@pytest.mark.parametrize(
    ("on", "refusals"),
    [
        (plain(0), NAMED),
        (plain(1.0), ("malformed", "refused", "fee_refused")),
        (lines(4001, ODD_LINE), NAMED),
        (
            On("refundOrder", {"refunded_amount": 0, "note": "n"}),
            ("refused", "malformed", "fee_refused"),
        ),
    ],
)
def test_call_that_may_be_refused_may_be_so_for_any_other_reason(
    on: On, refusals: tuple[str, ...]
) -> None:
    (found,) = [o.responses for o in situated(on).outcomes if o.kind == "refusal"]
    assert found == refusals


# Credentials and orders come first


@pytest.mark.parametrize("credentials", ["none", "wrong_password", "wrong_username"])
@pytest.mark.parametrize("on", [plain(1), plain(10001), plain(0), plain("1"), plain(1, order=None)])
def test_wrong_credentials_are_the_first_refusal(on: On, credentials: str) -> None:
    (outcome,) = situated(on._replace(call={"credentials": credentials})).outcomes
    assert (outcome.kind, outcome.responses[0]) == ("refusal", "unauthorized")
    assert "unauthorized" not in outcome.responses[1:]


@pytest.mark.parametrize(
    ("on", "refusals"),
    [
        (plain(1), ("unauthorized",)),
        (plain(10001), ("unauthorized", "refused")),
        (plain(0), ("unauthorized", "refused", "fee_refused", "malformed")),
        (plain(1, order=None), ("unauthorized", "not_found")),
        (plain({}, order=None), ("unauthorized", "not_found", "malformed")),
        (options(order={"market": "US"}), ("unauthorized", "none_offered", "malformed")),
    ],
)
def test_other_refusals_are_named_beside_wrong_credentials(
    on: On, refusals: tuple[str, ...]
) -> None:
    (outcome,) = situated(on._replace(call={"credentials": "none"})).outcomes
    assert outcome.responses == refusals


@pytest.mark.parametrize("operation", sorted(SPEC.operations))
def test_call_on_an_unknown_order_is_refused(operation: str) -> None:
    bodies = {
        "refundOrder": "refunded_amount",
        "captureOrder": "captured_amount",
        "extendDueDate": "number_of_days",
    }
    body = {bodies[operation]: 10} if operation in bodies else None
    assert allowed(situated(On(operation, body, order=None))) == [("refusal", ("not_found",), ())]


def test_capture_of_another_order_is_known_to_be_foreign() -> None:
    other = open_order(order_id="order-2")
    call = make_call("getCapture", capture_id=other.captures[0].capture_id)
    assessment = assess(SPEC, open_order(), call, [other])
    rule = SPEC.requirement("capture-read.unknown-capture-refused")
    assert assessment.broken == (rule,)
    assert assessment.holds(rule.cases["of-another-order"])
