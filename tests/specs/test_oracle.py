import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.calls import Call
from klarna_specs.effects import moved_on
from klarna_specs.ledger import DAY_S, HOUR_S, Answer, Ledger
from klarna_specs.loader import load
from klarna_specs.oracle import Assessment, assess

SPEC = load()
Ask = Callable[..., Call]
OpenOrder = Callable[..., Ledger]
SOCKS = {
    "name": "Socks",
    "type": "physical",
    "quantity": 2,
    "unit_price": 2000,
    "total_amount": 4000,
}
FEE = {
    "name": "Way back",
    "type": "return_fee",
    "quantity": 1,
    "unit_price": -500,
    "total_amount": -500,
}
TAXED = {**SOCKS, "tax_rate": 2500, "total_tax_amount": 800}
EXTRA_FEE = {**FEE, "unit_price": -1, "total_amount": -1}
NO_FEE = {**FEE, "unit_price": 0, "total_amount": 0}
CREATED = Answer(success=True, status=201, resource_id="refund-1", location="/refunds/refund-1")
DONE = Answer(success=True, status=204)
REFUSED = Answer(success=False, status=403, error_code="REFUND_NOT_ALLOWED")


class On(NamedTuple):
    """A call and the order that it is made on; `before` is what was done to the order by then."""

    operation: str
    body: Any = None
    order: dict[str, Any] | None = {}  # noqa: RUF012 - never changed
    before: tuple[tuple[str, Any], ...] = ()
    offered: tuple[int, ...] | None = (10, 30)
    call: dict[str, Any] = {}  # noqa: RUF012 - never changed


def _plain(amount: Any, **on: Any) -> On:
    return On("refundOrder", {"refunded_amount": amount}, **on)


def _lines(amount: int, *lines: dict[str, Any], **on: Any) -> On:
    return On("refundOrder", {"refunded_amount": amount, "order_lines": list(lines)}, **on)


def _release(**on: Any) -> On:
    return On("releaseRemainingAuthorization", **{"order": PART, **on})


def _extend(days: Any = 10, **on: Any) -> On:
    return On("extendDueDate", {"number_of_days": days}, **on)


def _options(**on: Any) -> On:
    return On("getOptionsForExtendDueDate", **on)


PART = {"captures": (6000,)}
WHOLE = {"captures": (10000,)}
LARGE = {"order_amount": 150_000_000, "captures": (150_000_000,)}
Situated = Callable[[On], Assessment]


@pytest.fixture(scope="session")
def situated(ask: Ask, open_order: OpenOrder) -> Situated:
    """Assesses the call of a situation."""

    def at(on: On) -> Assessment:
        call = ask(on.operation, on.body, **on.call)
        if on.order is None:
            return assess(SPEC, None, call)
        ledger = open_order(**on.order)
        for operation, body in on.before:
            ledger = moved_on(ledger, ask(operation, body), CREATED, effect=True)
        if on.offered is not None:
            for capture in ledger.captures:
                ledger = ledger.with_options(capture.capture_id, on.offered)
        return assess(SPEC, ledger, call)

    return at


def _told(assessment: Assessment) -> list[tuple[Any, ...]]:
    """Kind, responses and the requirements against each outcome."""
    return [(o.kind, o.responses, o.against) for o in assessment.outcomes]


def _ids(requirements: tuple[Any, ...]) -> list[str]:
    return [requirement.id for requirement in requirements]


# Every rule of the operations on the page: kept, broken, and what follows

MUST_REFUSE = "must refuse"  # nothing else is allowed
RATHER_REFUSE = "rather refuse"  # SHOULD
RATHER_ACCEPT = "rather accept"  # SHOULD
OPEN = "open"  # INFO: either is as good

_OWN: dict[str, tuple[On, On, str, str]] = {
    # requirement: (kept, broken, what the documentation makes of it, the response it names)
    "refund.within-captured-amount": (_plain(10000), _plain(10001), MUST_REFUSE, "refused"),
    "refund.amount-not-negative": (_plain(1), _plain(-1), MUST_REFUSE, "malformed"),
    "refund.zero-amount": (_plain(1), _plain(0), OPEN, "refused"),
    "refund.lines-need-not-add-up": (
        _lines(4000, SOCKS),
        _lines(3999, SOCKS),
        RATHER_ACCEPT,
        "created",
    ),
    "refund.limits-kept": (
        On("refundOrder", {"refunded_amount": 1, "description": "x" * 255}),
        On("refundOrder", {"refunded_amount": 1, "description": "x" * 256}),
        RATHER_REFUSE,
        "malformed",
    ),
    "refund.line-totals": (
        _lines(4000, SOCKS),
        _lines(4001, {**SOCKS, "total_amount": 4001}),
        OPEN,
        "created",
    ),
    "refund.line-taxes": (
        _lines(4000, TAXED),
        _lines(4000, {**TAXED, "total_tax_amount": 802}),
        OPEN,
        "created",
    ),
    "refund.amount-above-older-limit": (
        _plain(100_000_000, order=LARGE),
        _plain(100_000_001, order=LARGE),
        OPEN,
        "created",
    ),
    "refund.fee-market": (
        _lines(3500, SOCKS, FEE, order={"market": "AU"}),
        _lines(3500, SOCKS, FEE, order={"market": "US"}),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-single-capture": (
        _lines(3500, SOCKS, FEE),
        _lines(3500, SOCKS, FEE, order={"captures": (6000, 4000)}),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-lines-add-up": (
        _lines(3500, FEE, SOCKS),
        _lines(4000, FEE, SOCKS),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-sign": (_lines(3500, SOCKS, FEE), _lines(4000, SOCKS, NO_FEE), OPEN, "fee_refused"),
    "refund.fee-count": (
        _lines(3500, SOCKS, FEE),
        _lines(3499, SOCKS, FEE, EXTRA_FEE),
        OPEN,
        "created",
    ),
    "refund.fee-again": (
        _lines(3500, SOCKS, FEE),
        _lines(
            3500,
            SOCKS,
            FEE,
            before=(("refundOrder", {"refunded_amount": 1500, "order_lines": [FEE]}),),
        ),
        OPEN,
        "created",
    ),
    "refund.fee-on-captured-goods": (
        _lines(9500, {**SOCKS, "unit_price": 5000, "total_amount": 10000}, FEE),
        _lines(9502, {**SOCKS, "unit_price": 5001, "total_amount": 10002}, FEE),
        OPEN,
        "fee_refused",
    ),
    "refund.fee-after-a-refund": (
        _lines(3500, SOCKS, FEE),
        _lines(3500, SOCKS, FEE, before=(("refundOrder", {"refunded_amount": 1}),)),
        OPEN,
        "created",
    ),
    "refund.types-kept": (
        On("refundOrder", {"refunded_amount": 1, "description": "Socks"}),
        On("refundOrder", {"refunded_amount": 1, "description": ["Socks"]}),
        RATHER_REFUSE,
        "malformed",
    ),
    "release.fully-captured-refused": (
        _release(),
        _release(order=WHOLE),
        MUST_REFUSE,
        "fully_captured",
    ),
    "release.cancelled-refused": (
        _release(),
        _release(order={"captures": (6000,), "authorization": "cancelled"}),
        MUST_REFUSE,
        "not_allowed",
    ),
    "release.not-captured": (_release(), _release(order={"captures": ()}), OPEN, "not_allowed"),
    "release.again": (
        _release(),
        _release(before=(("releaseRemainingAuthorization", None),)),
        OPEN,
        "not_allowed",
    ),
    "release.empty-object-accepted": (_release(), _release(body={}), RATHER_ACCEPT, "released"),
    "extension.offered-days-only": (_extend(30), _extend(11), MUST_REFUSE, "not_extended"),
    "extension.pay-later-only": (
        _extend(order={"payment_method": "pay_in_4"}),
        _extend(order={"payment_method": "card"}),
        MUST_REFUSE,
        "not_extended",
    ),
    "extension.market": (
        _extend(order={"market": "GB"}),
        _extend(order={"market": "US"}),
        OPEN,
        "not_extended",
    ),
    "extension.nothing-left-to-pay": (
        _extend(before=(("refundOrder", {"refunded_amount": 9999}),)),
        _extend(before=(("refundOrder", {"refunded_amount": 10000}),)),
        OPEN,
        "not_extended",
    ),
    "extension.again": (
        _extend(),
        _extend(before=(("extendDueDate", {"number_of_days": 10}),)),
        OPEN,
        "extended",
    ),
    "refund.odd-body": (_plain(1), _plain(1.0), OPEN, "malformed"),
    "extension.odd-body": (
        _extend(),
        On("extendDueDate", {"number_of_days": 10, "reason": "r"}),
        OPEN,
        "malformed",
    ),
    "options.pay-later-only": (
        _options(order={"payment_method": "pay_later"}),
        _options(order={"payment_method": "pay_now"}),
        MUST_REFUSE,
        "none_offered",
    ),
    "options.market": (
        _options(order={"market": "FI"}),
        _options(order={"market": "US"}),
        OPEN,
        "none_offered",
    ),
    "options.nothing-left-to-pay": (
        _options(before=(("refundOrder", {"refunded_amount": 9999}),)),
        _options(before=(("refundOrder", {"refunded_amount": 10000}),)),
        OPEN,
        "none_offered",
    ),
}
_VALID = {
    "refund": _plain(1),
    "release": _release(),
    "extension": _extend(),
    "options": _options(),
}


def _shared() -> dict[str, tuple[On, On, str, str]]:
    """The rules that operations share."""
    rules: dict[str, tuple[On, On, str, str]] = {}
    for prefix, valid in _VALID.items():
        reads = not SPEC.operations[valid.operation].changes
        for rule, credentials, what in (
            ("credentials-required", "none", MUST_REFUSE),
            ("wrong-credentials-refused", "wrong_password", MUST_REFUSE),
            *([("credentials-otherwise", "other_case_scheme", OPEN)] if reads else []),
        ):
            broken = valid._replace(call={"credentials": credentials})
            rules[f"{prefix}.{rule}"] = (valid, broken, what, "unauthorized")
        unknown = valid._replace(order=None)
        rules[f"{prefix}.unknown-order-refused"] = (valid, unknown, MUST_REFUSE, "not_found")
    for prefix in ("extension", "options"):
        valid = _VALID[prefix]
        broken = valid._replace(call={"capture_id": "capture-7"})
        rules[f"{prefix}.unknown-capture-refused"] = (valid, broken, MUST_REFUSE, "not_found")
    for prefix in ("refund", "extension"):
        broken = _VALID[prefix]._replace(body={})
        rules[f"{prefix}.malformed-refused"] = (_VALID[prefix], broken, MUST_REFUSE, "malformed")
    return rules


RULES = {**_OWN, **_shared()}
BROKEN = [(rule, broken, what, response) for rule, (_, broken, what, response) in RULES.items()]
_IDS = list(RULES)


def test_every_rule_of_the_page_has_examples() -> None:
    on_page = (o for o in SPEC.operations.values() if o.on_page)
    rules = {r.id for o in on_page for r in o.requirements if r.rule and "traffic" not in r.needs}
    # Days that are no whole number are never offered, so this is never the only rule broken.
    assert rules - set(RULES) == {"extension.types-kept"}


@pytest.mark.parametrize(("rule", "kept"), [(r, k) for r, (k, *_) in RULES.items()], ids=_IDS)
def test_a_call_that_keeps_every_rule_has_to_be_accepted(
    situated: Situated, rule: str, kept: On
) -> None:
    assessment = situated(kept)
    success = SPEC.operations[kept.operation].success
    assert _told(assessment) == [("success", (success,), ())]
    assert rule in _ids(assessment.kept)


@pytest.mark.parametrize(("rule", "broken"), [(r, b) for r, b, *_ in BROKEN], ids=_IDS)
def test_a_call_can_break_one_rule_alone(situated: Situated, rule: str, broken: On) -> None:
    assessment = situated(broken)
    assert (_ids(assessment.broken), _ids(assessment.broken_alone)) == ([rule], [rule])


@pytest.mark.parametrize(("rule", "broken", "what", "response"), BROKEN, ids=_IDS)
def test_a_broken_rule_decides_the_outcomes(
    situated: Situated, rule: str, broken: On, what: str, response: str
) -> None:
    operation = SPEC.operations[broken.operation]
    success = operation.success
    accept = ("success", (success,))
    refuse = (
        "refusal",
        (response,)
        if what in (MUST_REFUSE, RATHER_REFUSE)
        else _refusals(on=broken, first=response),
    )
    expected = {
        MUST_REFUSE: [(*refuse, ())],
        RATHER_REFUSE: [(*refuse, ()), (*accept, (rule,))],
        RATHER_ACCEPT: [(*accept, ()), (*refuse, (rule,))],
        OPEN: sorted(
            [(*accept, (rule,)), (*refuse, (rule,))],
            key=lambda o: o[0] != _kind(operation, response),
        ),
    }
    assert _told(situated(broken)) == expected[what]


def _refusals(*, on: On, first: str) -> tuple[str, ...]:
    """All refusals of the operation but those that come before anything else, a named one first."""
    gates = {"unauthorized", "not_found"}
    responses = SPEC.operations[on.operation].responses
    refusals = [name for name, r in responses.items() if r.kind == "refusal"]
    names = [name for name in refusals if name == first or name not in gates]
    return tuple(sorted(names, key=lambda name: name != first))


def _kind(operation: Any, response: str) -> str:
    return operation.responses[response].kind


@pytest.mark.parametrize(
    ("rule", "broken"), [(r, b) for r, b, what, _ in BROKEN if what == MUST_REFUSE]
)
def test_a_demanded_refusal_names_the_rule_that_demands_it(
    situated: Situated, rule: str, broken: On
) -> None:
    assessment = situated(broken)
    assert [o.because for o in assessment.outcomes] == [(rule,)]
    assert _ids(assessment.demanded_by) == [rule]


@pytest.mark.parametrize("broken", [b for _, b, what, _ in BROKEN if what != MUST_REFUSE])
def test_where_more_than_one_outcome_is_allowed_none_is_demanded(
    situated: Situated, broken: On
) -> None:
    assert situated(broken).demanded_by == ()


@pytest.mark.parametrize(
    ("on", "ids"),
    [
        (_plain(1), ["refund.accepted"]),
        (_lines(3500, SOCKS, FEE), ["refund.fee-accepted", "refund.accepted"]),
        (
            _plain(500, before=(("refundOrder", {"refunded_amount": 1500, "order_lines": [FEE]}),)),
            ["refund.fee-removal", "refund.accepted"],
        ),
        (_release(), ["release.accepted"]),
        (_extend(), ["extension.accepted"]),
        (_options(), ["options.answered"]),
    ],
)
def test_a_demanded_success_names_the_most_specific_requirement_first(
    situated: Situated, on: On, ids: list[str]
) -> None:
    assert _ids(situated(on).demanded_by) == ids


@pytest.mark.parametrize(
    ("on", "level"),
    [
        (_plain(1), "MUST"),
        (_plain(100_000_000, order=LARGE), "MUST"),
        (_plain(100_000_001, order=LARGE), "SHOULD"),
        (_plain(6000, order={"captures": (6000, 4000)}), "MUST"),
        (_plain(6001, order={"captures": (6000, 4000)}), "SHOULD"),
        (On("refundOrder", {"refunded_amount": 1, "reference": "r" * 100}), "MUST"),
        (On("refundOrder", {"refunded_amount": 1, "reference": "r" * 101}), "SHOULD"),
        (On("refundOrder", {"refunded_amount": 1, "description": "d" * 101}), "SHOULD"),
        (_lines(4000, SOCKS), "MUST"),
        (_lines(1), "SHOULD"),
        (_lines(4000, {**SOCKS, "name": "n" * 100}), "MUST"),
        (_lines(4000, {**SOCKS, "name": "n" * 101}), "SHOULD"),
        (_lines(4000, {**SOCKS, "type": "digital"}), "SHOULD"),
        (_lines(4000, SOCKS, {**SOCKS, "quantity": 0, "total_amount": 0}), "SHOULD"),
        (_lines(3999, {**SOCKS, "total_discount_amount": 1, "total_amount": 3999}), "SHOULD"),
        (_lines(4000, {**SOCKS, "total_discount_amount": 0}), "MUST"),
        (_lines(50, *[{**SOCKS, "quantity": 1, "unit_price": 1, "total_amount": 1}] * 50), "MUST"),
        (
            _lines(51, *[{**SOCKS, "quantity": 1, "unit_price": 1, "total_amount": 1}] * 51),
            "SHOULD",
        ),
    ],
)
def test_what_only_the_description_allows_should_be_accepted(
    situated: Situated, on: On, level: str
) -> None:
    assessment = situated(on)
    assert assessment.outcomes[0].kind == "success"
    accepted = SPEC.requirement("refund.accepted")
    assert SPEC.level(accepted, assessment.holds) == level


# Boundaries that the rules are about


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (_plain(6000, order=PART), "success"),
        (_plain(6001, order=PART), "refusal"),
        (_plain(1, order={"captures": ()}), "refusal"),
        (_plain(10000, order={"captures": (6000, 4000)}), "success"),
        (_plain(2000, before=(("refundOrder", {"refunded_amount": 8000}),)), "success"),
        (_plain(2001, before=(("refundOrder", {"refunded_amount": 8000}),)), "refusal"),
        (_plain(6000, order=PART, before=(("releaseRemainingAuthorization", None),)), "success"),
        (_plain(10**30), "refusal"),
        (_lines(9500, {**SOCKS, "unit_price": 5000, "total_amount": 10000}, FEE), "success"),
        (
            _plain(500, before=(("refundOrder", {"refunded_amount": 9500, "order_lines": [FEE]}),)),
            "success",
        ),
        (
            _plain(501, before=(("refundOrder", {"refunded_amount": 9500, "order_lines": [FEE]}),)),
            "refusal",
        ),
        (_lines(3500, SOCKS, FEE, order=PART), "refusal"),
        (_release(order={"captures": (9999,)}), "success"),
        (_release(order={"captures": (6000, 4000)}), "refusal"),
        (_extend(0, offered=(10, 30)), "refusal"),
        (_extend(10, offered=()), "refusal"),
        (On("captureOrder", {"captured_amount": 4000}, order=PART), "success"),
        (On("captureOrder", {"captured_amount": 4001}, order=PART), "refusal"),
        (
            On(
                "captureOrder",
                {"captured_amount": 1},
                order=PART,
                before=(("releaseRemainingAuthorization", None),),
            ),
            "refusal",
        ),
        (On("getOrder"), "success"),
        (On("getCaptures", order={"captures": ()}), "success"),
        (On("getCapture"), "success"),
        (On("getCapture", call={"capture_id": "capture-2"}), "refusal"),
        (On("getRefund", before=(("refundOrder", {"refunded_amount": 1}),)), "success"),
        (On("getRefund"), "refusal"),
    ],
)
def test_at_its_boundary_a_call_has_one_outcome(situated: Situated, on: On, kind: str) -> None:
    assert [outcome.kind for outcome in situated(on).outcomes] == [kind]


def test_without_known_offers_any_number_of_days_may_be_right(situated: Situated) -> None:
    assessment = situated(_extend(11, offered=None))
    assert "extension.offered-days-only" not in _ids((*assessment.kept, *assessment.broken))
    assert {o.kind: o.against for o in assessment.outcomes} == {
        "refusal": ("extension.market",),
        "success": ("extension.market",),
    }


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
def test_a_line_that_gives_its_total_and_its_tax_breaks_nothing(
    situated: Situated, line: dict[str, Any]
) -> None:
    assessment = situated(_lines(max(1, line["total_amount"]), SOCKS, line))
    assert set(_ids(assessment.broken)) <= {"refund.lines-need-not-add-up"}


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
def test_one_odd_line_among_others_leaves_a_refund_open(
    situated: Situated, line: dict[str, Any], rule: str
) -> None:
    amount = 4000 + line["total_amount"]
    assessment = situated(_lines(amount, SOCKS, line))
    assert _ids(assessment.broken) == [f"refund.line-{rule}"]
    assert _kinds(assessment) == ["success", "refusal"]


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
def test_a_malformed_refund_is_refused_for_its_case(
    ask: Ask, open_order: OpenOrder, raw: bytes, case: str
) -> None:
    assessment = assess(SPEC, open_order(), ask("refundOrder", raw=raw))
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
def test_a_wrong_type_that_leaves_an_amount_to_read_should_be_refused(
    ask: Ask, open_order: OpenOrder, raw: bytes
) -> None:
    assessment = assess(SPEC, open_order(), ask("refundOrder", raw=raw))
    assert _ids(assessment.broken) == ["refund.types-kept"]
    assert _told(assessment) == [
        ("refusal", ("malformed",), ()),
        ("success", ("created",), ("refund.types-kept",)),
    ]


def test_a_fraction_of_a_day_should_be_refused_as_malformed(situated: Situated) -> None:
    assessment = situated(_extend(10.5))
    assert "extension.types-kept" in _ids(assessment.broken)
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
def test_a_refund_is_odd_for_its_case(
    ask: Ask, open_order: OpenOrder, call: dict[str, Any], case: str
) -> None:
    assessment = assess(SPEC, open_order(), ask("refundOrder", **call))
    rule = SPEC.requirement("refund.odd-body")
    assert rule in assessment.broken_alone
    assert [name for name, when in rule.cases.items() if assessment.holds(when)] == [case]


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "Application/JSON;charset=utf-8"]
)
def test_a_refund_labelled_as_json_is_not_odd(
    ask: Ask, open_order: OpenOrder, content_type: str | None
) -> None:
    call = ask("refundOrder", {"refunded_amount": 1}, content_type=content_type)
    assert assess(SPEC, open_order(), call).broken == ()


# Several rules at once


def test_of_two_broken_musts_none_is_broken_alone(situated: Situated) -> None:
    assessment = situated(_lines(10001, SOCKS, FEE))
    assert _ids(assessment.broken) == ["refund.within-captured-amount", "refund.fee-lines-add-up"]
    assert assessment.broken_alone == ()


def test_two_broken_musts_allow_the_refusals_of_both(situated: Situated) -> None:
    assert _told(situated(_lines(10001, SOCKS, FEE))) == [
        ("refusal", ("refused", "fee_refused"), ())
    ]


def test_a_broken_must_also_allows_the_refusals_of_weaker_rules_that_are_broken(
    situated: Situated,
) -> None:
    long = situated(On("refundOrder", {"refunded_amount": 10001, "description": "x" * 256}))
    odd = situated(On("refundOrder", {"refunded_amount": 10001, "note": "n"}))
    assert _told(long) == [("refusal", ("refused", "malformed", "fee_refused"), ())]
    assert _told(odd) == [("refusal", ("refused", "fee_refused", "malformed"), ())]
    assert [_ids(each.demanded_by) for each in (long, odd)] == [
        ["refund.within-captured-amount"],
        ["refund.within-captured-amount"],
    ]


def test_only_a_must_that_is_broken_alone_pins_the_refusal(situated: Situated) -> None:
    odd_line = _lines(10001, {**SOCKS, "total_amount": 10001})
    assert _told(situated(_plain(10001))) == [("refusal", ("refused",), ())]
    assert _told(situated(odd_line)) == [("refusal", ("refused", "fee_refused", "malformed"), ())]


def test_where_nothing_is_demanded_every_refusal_but_of_credentials_and_orders_is_named(
    situated: Situated,
) -> None:
    named = {
        "zero": situated(_plain(0)),
        "odd": situated(_plain(1.0)),
        "line": situated(_lines(4001, {**SOCKS, "total_amount": 4001})),
        "both": situated(On("refundOrder", {"refunded_amount": 0, "note": "n"})),
    }
    assert {name: _refusal_of(each) for name, each in named.items()} == {
        "zero": ("refused", "fee_refused", "malformed"),
        "odd": ("malformed", "refused", "fee_refused"),
        "line": ("refused", "fee_refused", "malformed"),
        "both": ("refused", "malformed", "fee_refused"),
    }


def _refusal_of(assessment: Assessment) -> tuple[str, ...]:
    (refusal,) = [o.responses for o in assessment.outcomes if o.kind == "refusal"]
    return refusal


def test_a_must_is_broken_alone_beside_a_weaker_rule(situated: Situated) -> None:
    on = On("refundOrder", {"refunded_amount": 10001, "description": "x" * 256})
    assessment = situated(on)
    assert _ids(assessment.broken) == ["refund.within-captured-amount", "refund.limits-kept"]
    assert _ids(assessment.broken_alone) == ["refund.within-captured-amount"]


def test_a_must_is_not_softened_by_what_is_open(situated: Situated) -> None:
    on = _lines(
        3500, SOCKS, FEE, order={"market": "US", "captures": (6000,), "authorization": "released"}
    )
    assert _told(situated(on)) == [("refusal", ("fee_refused", "refused", "malformed"), ())]


@pytest.mark.parametrize(
    ("body", "refusals", "rule"),
    [
        ({"refunded_amount": 0}, ("malformed", "refused", "fee_refused"), "refund.zero-amount"),
        (
            {"refunded_amount": 4001, "order_lines": [{**SOCKS, "total_amount": 4001}]},
            ("malformed", "refused", "fee_refused"),
            "refund.line-totals",
        ),
    ],
)
def test_where_a_should_and_something_open_meet_only_the_open_one_counts_against_refusing(
    situated: Situated, body: dict[str, Any], refusals: tuple[str, ...], rule: str
) -> None:
    assessment = situated(On("refundOrder", {**body, "description": "x" * 256}))
    assert _told(assessment) == [
        ("refusal", refusals, (rule,)),
        ("success", ("created",), ("refund.limits-kept", rule)),
    ]
    assert assessment.demanded_by == ()


def test_where_a_must_is_silent_either_outcome_is_as_good(situated: Situated) -> None:
    on = _lines(3500, SOCKS, FEE, order={"captures": (6000,), "authorization": "released"})
    assessment = situated(on)
    assert _told(assessment) == [
        ("refusal", ("fee_refused", "refused", "malformed"), ()),
        ("success", ("created",), ()),
    ]
    assert (assessment.broken, assessment.demanded_by) == ((), ())


# Credentials and orders come first


@pytest.mark.parametrize("credentials", ["none", "wrong_password", "wrong_username"])
@pytest.mark.parametrize(
    "on", [_plain(1), _plain(10001), _plain(0), _plain("1"), _plain(1, order=None)]
)
def test_a_call_with_wrong_credentials_is_refused_for_them_before_all(
    situated: Situated, on: On, credentials: str
) -> None:
    (outcome,) = situated(on._replace(call={"credentials": credentials})).outcomes
    assert (outcome.kind, outcome.responses[0]) == ("refusal", "unauthorized")
    assert "unauthorized" not in outcome.responses[1:]


@pytest.mark.parametrize(
    ("on", "refusals"),
    [
        (_plain(1), ("unauthorized",)),
        (_plain(10001), ("unauthorized", "refused")),
        (_plain(0), ("unauthorized", "refused", "fee_refused", "malformed")),
        (_plain(1, order=None), ("unauthorized", "not_found")),
        (_plain({}, order=None), ("unauthorized", "not_found", "malformed")),
        (_options(order={"market": "US"}), ("unauthorized", "none_offered", "malformed")),
    ],
)
def test_beside_wrong_credentials_the_other_refusals_that_a_call_deserves_are_named(
    situated: Situated, on: On, refusals: tuple[str, ...]
) -> None:
    (outcome,) = situated(on._replace(call={"credentials": "none"})).outcomes
    assert outcome.responses == refusals


@pytest.mark.parametrize("operation", sorted(SPEC.operations))
def test_a_call_on_an_unknown_order_is_refused(situated: Situated, operation: str) -> None:
    bodies = {
        "refundOrder": "refunded_amount",
        "captureOrder": "captured_amount",
        "extendDueDate": "number_of_days",
    }
    body = {bodies[operation]: 10} if operation in bodies else None
    assert _told(situated(On(operation, body, order=None))) == [("refusal", ("not_found",), ())]


def test_a_capture_of_another_order_is_known_to_be_foreign(ask: Ask, open_order: OpenOrder) -> None:
    other = open_order(order_id="order-2")
    call = ask("getCapture", capture_id=other.captures[0].capture_id)
    assessment = assess(SPEC, open_order(), call, [other])
    rule = SPEC.requirement("capture-read.unknown-capture-refused")
    assert assessment.broken == (rule,)
    assert assessment.holds(rule.cases["of-another-order"])


# Repeats


def _repeat(
    ask: Ask,
    open_order: OpenOrder,
    *,
    first: Answer = CREATED,
    body: Any = None,
    again: Any = None,
    after_s: int = 0,
    credentials: str = "valid",
) -> Assessment:
    body = body or {"refunded_amount": 10000}
    effect = first.success
    ledger = moved_on(open_order(), ask("refundOrder", body, key="k"), first, effect=effect)
    call = ask("refundOrder", again or body, key="k", credentials=credentials)
    return assess(SPEC, ledger.at(after_s), call)


def _kinds(assessment: Assessment) -> list[str]:
    return [outcome.kind for outcome in assessment.outcomes]


@pytest.mark.parametrize("after_s", [HOUR_S, DAY_S - 1])
def test_a_repeat_after_an_hour_should_still_get_the_first_answer(
    ask: Ask, open_order: OpenOrder, after_s: int
) -> None:
    assessment = _repeat(ask, open_order, after_s=after_s)
    assert (assessment.replay, _kinds(assessment)[0]) == ("replay_aged", "replay")


@pytest.mark.parametrize("after_s", [0, HOUR_S - 1])
def test_a_repeat_gets_the_first_answer_though_nothing_is_left(
    ask: Ask, open_order: OpenOrder, after_s: int
) -> None:
    assessment = _repeat(ask, open_order, after_s=after_s)
    assert (assessment.replay, _kinds(assessment)) == ("replay", ["replay"])
    assert assessment.first is not None
    assert assessment.first.answer == CREATED


def test_a_repeat_is_answered_alike_because_of_its_requirements(
    ask: Ask, open_order: OpenOrder
) -> None:
    (outcome,) = _repeat(ask, open_order).outcomes
    assert {"refund.replay-answered-alike", "refund.replay-booked-once"} <= set(outcome.because)


def test_a_repeat_with_another_body_gets_the_first_answer_or_its_own_or_any_refusal(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(
        ask, open_order, body={"refunded_amount": 100}, again={"refunded_amount": 200}
    )
    assert assessment.replay == "replay_other_body"
    assert assessment.outcomes[0].because == ("refund.replay-with-another-body",)
    assert _told(assessment) == [
        ("replay", (), ()),
        ("success", ("created",), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
    ]
    assert assessment.demanded_by == ()


def test_a_repeat_with_a_body_that_must_be_refused_succeeds_as_the_first_or_not_at_all(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(
        ask, open_order, body={"refunded_amount": 100}, again={"refunded_amount": -1}
    )
    assert _told(assessment) == [
        ("replay", (), ()),
        ("refusal", ("malformed", "refused", "fee_refused"), ()),
    ]
    assert _ids(assessment.demanded_by) == ["refund.amount-not-negative"]


def test_a_repeat_with_a_body_that_is_open_keeps_what_speaks_against_its_success(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(
        ask, open_order, body={"refunded_amount": 100}, again={"refunded_amount": 0}
    )
    assert _told(assessment) == [
        ("replay", (), ()),
        ("success", ("created",), ("refund.zero-amount",)),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
    ]


def test_a_repeat_of_a_refusal_gets_it_again_or_is_looked_at_afresh(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(ask, open_order, first=REFUSED)
    assert assessment.replay == "replay_of_refusal"
    assert assessment.outcomes[0].because == ("refund.replay-of-refusal",)
    assert _told(assessment) == [
        ("replay", (), ()),
        ("success", ("created",), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
    ]
    assert assessment.demanded_by == ()


def test_a_repeat_of_a_refusal_that_was_right_must_not_succeed(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(ask, open_order, first=REFUSED, body={"refunded_amount": 10001})
    assert _told(assessment) == [
        ("replay", (), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
    ]
    assert _ids(assessment.demanded_by) == ["refund.within-captured-amount"]


def test_a_repeat_of_a_call_that_got_no_answer_may_succeed_or_be_refused(
    ask: Ask, open_order: OpenOrder
) -> None:
    call = ask("refundOrder", {"refunded_amount": 100}, key="k")
    assessment = assess(SPEC, open_order().after_silence(call), call)
    assert assessment.replay == "replay_of_silence"
    assert assessment.first is not None
    assert assessment.first.answer is None
    assert _told(assessment) == [
        ("success", ("created",), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
    ]
    assert assessment.demanded_by == ()


def test_a_refusal_after_no_answer_does_not_settle_what_a_repeat_gets(
    ask: Ask, open_order: OpenOrder
) -> None:
    call = ask("refundOrder", {"refunded_amount": 100}, key="k")
    ledger = moved_on(open_order().after_silence(call), call, REFUSED, effect=False)
    assert assess(SPEC, ledger, call).replay == "replay_of_silence"


def test_a_call_that_got_no_answer_is_forgotten_after_a_day(
    ask: Ask, open_order: OpenOrder
) -> None:
    call = ask("refundOrder", {"refunded_amount": 100}, key="k")
    ledger = open_order().after_silence(call)
    replays = [assess(SPEC, ledger.at(now), call).replay for now in (DAY_S - 1, DAY_S)]
    assert replays == ["replay_of_silence", "replay_expired"]


@pytest.mark.parametrize("after_s", [DAY_S, DAY_S + 1])
def test_after_a_day_a_repeat_is_rather_a_new_call(
    ask: Ask, open_order: OpenOrder, after_s: int
) -> None:
    assessment = _repeat(ask, open_order, body={"refunded_amount": 100}, after_s=after_s)
    assert assessment.replay == "replay_expired"
    assert assessment.outcomes[-1].because == ("refund.key-after-a-day",)
    assert _told(assessment) == [
        ("success", ("created",), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
        ("replay", (), ()),
    ]
    assert assessment.demanded_by == ()


def test_after_a_day_a_repeat_may_not_refund_more_than_is_left(
    ask: Ask, open_order: OpenOrder
) -> None:
    assessment = _repeat(ask, open_order, after_s=DAY_S)
    assert _told(assessment) == [
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
        ("replay", (), ()),
    ]
    assert _ids(assessment.demanded_by) == ["refund.within-captured-amount"]


@pytest.mark.parametrize(
    ("body", "kinds"),
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
def test_after_a_day_a_repeat_that_is_open_gets_what_a_new_call_gets_first(
    ask: Ask, open_order: OpenOrder, body: dict[str, Any], kinds: list[str]
) -> None:
    assessment = _repeat(ask, open_order, body=body, after_s=DAY_S)
    assert (assessment.replay, _kinds(assessment)) == ("replay_expired", kinds)
    assert assessment.demanded_by == ()


def test_a_key_of_another_order_is_rather_a_new_one(ask: Ask, open_order: OpenOrder) -> None:
    body = {"refunded_amount": 100}
    first = ask("refundOrder", body, key="k", order_id="order-2")
    other = moved_on(open_order(order_id="order-2"), first, CREATED, effect=True)
    assessment = assess(SPEC, open_order(), ask("refundOrder", body, key="k"), [other])
    assert assessment.replay == "replay_elsewhere"
    assert assessment.outcomes[-1].because == ("refund.key-on-another-order",)
    assert _told(assessment) == [
        ("success", ("created",), ()),
        ("refusal", ("refused", "fee_refused", "malformed"), ()),
        ("replay", (), ()),
    ]
    assert assessment.demanded_by == ()


def test_a_key_of_another_order_does_not_let_more_be_refunded_than_is_left(
    ask: Ask, open_order: OpenOrder
) -> None:
    body = {"refunded_amount": 10000}
    first = ask("refundOrder", body, key="k", order_id="order-2")
    other = moved_on(open_order(order_id="order-2"), first, CREATED, effect=True)
    call = ask("refundOrder", body, key="k")
    assessment = assess(SPEC, open_order(**PART), call, [other])
    assert (assessment.replay, _kinds(assessment)) == ("replay_elsewhere", ["refusal", "replay"])
    assert _ids(assessment.demanded_by) == ["refund.within-captured-amount"]


def test_a_key_of_another_operation_is_rather_a_new_one(ask: Ask, open_order: OpenOrder) -> None:
    ledger = moved_on(
        open_order(**PART),
        ask("refundOrder", {"refunded_amount": 100}, key="k"),
        CREATED,
        effect=True,
    )
    assessment = assess(SPEC, ledger, ask("releaseRemainingAuthorization", key="k"))
    assert assessment.replay == "replay_elsewhere"
    assert _told(assessment) == [
        ("success", ("released",), ()),
        ("refusal", ("fully_captured", "not_allowed", "malformed"), ()),
        ("replay", (), ()),
    ]


def test_a_key_of_another_capture_is_rather_a_new_one(ask: Ask, open_order: OpenOrder) -> None:
    body = {"number_of_days": 10}
    first = ask("extendDueDate", body, key="k")
    ledger = moved_on(open_order(captures=(6000, 4000)), first, DONE, effect=True)
    call = ask("extendDueDate", body, key="k", capture_id="capture-2")
    assert assess(SPEC, ledger, call).replay == "replay_elsewhere"


def test_a_repeated_body_under_another_key_is_no_repeat(ask: Ask, open_order: OpenOrder) -> None:
    body = {"refunded_amount": 100}
    ledger = moved_on(open_order(), ask("refundOrder", body, key="k-1"), CREATED, effect=True)
    assessment = assess(SPEC, ledger, ask("refundOrder", body, key="k-2"))
    assert (assessment.replay, _kinds(assessment)) == ("", ["success"])


def test_a_repeated_body_without_a_key_is_no_repeat(ask: Ask, open_order: OpenOrder) -> None:
    call = ask("refundOrder", {"refunded_amount": 100})
    assessment = assess(SPEC, moved_on(open_order(), call, CREATED, effect=True), call)
    assert (assessment.replay, _kinds(assessment)) == ("", ["success"])


@pytest.mark.parametrize("credentials", ["none", "wrong_password", "wrong_username"])
def test_a_repeat_with_wrong_credentials_gets_no_answer_again(
    ask: Ask, open_order: OpenOrder, credentials: str
) -> None:
    assessment = _repeat(ask, open_order, credentials=credentials)
    assert (assessment.replay, _kinds(assessment)) == ("", ["refusal"])


def test_a_key_on_a_read_does_nothing(ask: Ask, open_order: OpenOrder) -> None:
    first = ask("refundOrder", {"refunded_amount": 100}, key="k")
    ledger = moved_on(open_order(), first, CREATED, effect=True)
    assessment = assess(SPEC, ledger, ask("getOrder", key="k"))
    assert (assessment.replay, _kinds(assessment)) == ("", ["success"])


# Nothing is too odd to be assessed

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_MEMBERS = st.sampled_from(
    ["refunded_amount", "captured_amount", "number_of_days", "order_lines", "reference"]
)
_LINES = st.lists(st.sampled_from([SOCKS, FEE, NO_FEE]) | _JSON, max_size=3)
_BODIES = (
    st.just(b"")
    | st.binary(max_size=20)
    | st.one_of(
        _JSON,
        st.dictionaries(_MEMBERS, st.integers(-1, 12000) | _LINES | _JSON, max_size=4),
        st.integers(-1, 12000).map(
            lambda n: {"refunded_amount": n, "captured_amount": n, "number_of_days": n}
        ),
    ).map(lambda value: json.dumps(value).encode())
)
_SILENT = -1
_CALLS = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(sorted(SPEC.operations)),
        "raw": _BODIES,
        "order_id": st.sampled_from(["order-1", "order-1", "order-1", "order-2", "order-3"]),
        "capture_id": st.sampled_from(["capture-1", "capture-2", "capture-1-of-order-2"]),
        "refund_id": st.sampled_from(["x-0", "x-1", "r"]),
        "key": st.sampled_from([None, None, "k-1", "k-2", ""]),
        "credentials": st.sampled_from(["valid", "valid", "valid", "none", "wrong_password"]),
    }
)
_SEQUENCES = st.lists(
    st.tuples(_CALLS, st.sampled_from([0, 60, DAY_S]), st.integers(0, 3) | st.just(_SILENT)),
    max_size=8,
)
_PLANS = st.fixed_dictionaries(
    {
        "market": st.sampled_from(["SE", "US", "FI"]),
        "captures": st.sampled_from([(), (6000,), (10000,), (6000, 4000)]),
        "authorization": st.sampled_from(["open", "released", "cancelled"]),
        "payment_method": st.sampled_from(["pay_later", "card"]),
    }
)


@pytest.fixture(scope="session")
def assessed(ask: Ask, open_order: OpenOrder) -> Callable[..., list[Assessment]]:
    """The assessments of a sequence of calls, each answered in an allowed way or not at all."""

    def play(plan: dict[str, Any], sequence: Any) -> list[Assessment]:
        ledgers = {
            "order-1": open_order(**plan),
            "order-2": open_order(order_id="order-2"),
        }
        found: list[Assessment] = []
        for number, (call, wait_s, choice) in enumerate(sequence):
            ledgers = {name: ledger.at(ledger.now_s + wait_s) for name, ledger in ledgers.items()}
            asked = ask(call["operation"], **{k: v for k, v in call.items() if k != "operation"})
            others = [ledger for name, ledger in ledgers.items() if name != asked.order_id]
            assessment = assess(SPEC, ledgers.get(asked.order_id), asked, others)
            found.append(assessment)
            if choice == _SILENT:
                if assessment.ledger is not None:
                    ledgers[asked.order_id] = assessment.ledger.after_silence(asked)
                continue
            outcome = assessment.outcomes[choice % len(assessment.outcomes)]
            answer = Answer(
                success=outcome.kind != "refusal", status=200, resource_id=f"x-{number}"
            )
            if assessment.ledger is not None:
                effect = outcome.kind == "success"
                ledgers[asked.order_id] = moved_on(assessment.ledger, asked, answer, effect=effect)
        return found

    return play


@pytest.mark.parametrize(
    "raw",
    [
        b'{"refunded_amount": 1, "description": "\\ud800"}',
        b'{"refunded_amount": 1, "new": %s%s}' % (b"[" * 900, b"]" * 900),
        b'{"refunded_amount": 1, "order_lines": %s%s}' % (b"[" * 900, b"]" * 900),
        b'{"refunded_amount": 1, "order_lines": [{"total_amount": 9223372036854775808}]}',
        b'{"refunded_amount": 1%s}' % (b"0" * 400),
    ],
    ids=["half a surrogate pair", "nested deeply", "nested lines", "64 bits", "400 digits"],
)
def test_odd_json_is_assessed_like_any_other(ask: Ask, open_order: OpenOrder, raw: bytes) -> None:
    assert assess(SPEC, open_order(), ask("refundOrder", raw=raw)).outcomes != ()


@given(_PLANS, _SEQUENCES)
def test_every_call_of_every_sequence_has_an_outcome(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    found = assessed(plan, sequence)
    assert [bool(assessment.outcomes) for assessment in found] == [True] * len(sequence)


@given(_PLANS, _SEQUENCES)
def test_something_is_demanded_exactly_where_one_fresh_outcome_is_allowed(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        fresh = [kind for kind in _kinds(assessment) if kind != "replay"]
        assert bool(assessment.demanded_by) is (len(fresh) == 1)


@given(_PLANS, _SEQUENCES)
def test_a_repeat_may_always_be_refused_but_for_one_of_a_success_with_its_body(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        if assessment.replay:
            assert ("refusal" in _kinds(assessment)) is (assessment.replay != "replay")


@given(_PLANS, _SEQUENCES)
def test_every_response_of_an_outcome_is_one_of_the_operation(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        for outcome in assessment.outcomes:
            kinds = {assessment.call.operation.responses[r].kind for r in outcome.responses}
            assert kinds == (set() if outcome.kind == "replay" else {outcome.kind})


@given(_PLANS, _SEQUENCES)
def test_a_broken_must_allows_no_new_success_unless_the_key_got_no_answer(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        unknown = assessment.replay == "replay_of_silence"
        if any(rule.level == "MUST" for rule in assessment.broken) and not unknown:
            assert "success" not in _kinds(assessment)


@given(_PLANS, _SEQUENCES)
def test_a_call_without_a_key_is_never_answered_by_another_answer(
    assessed: Callable[..., list[Assessment]], plan: dict[str, Any], sequence: Any
) -> None:
    for assessment in assessed(plan, sequence):
        if assessment.call.key is None:
            assert "replay" not in _kinds(assessment)
