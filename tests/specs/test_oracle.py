"""Every rule of the operations on the page: kept, broken, and at its boundary."""

import pytest

from klarna_specs.loader import load

from .situations import (
    EXTRA_FEE,
    FEE,
    LARGE,
    NO_FEE,
    PART,
    SOCKS,
    TAXED,
    WHOLE,
    On,
    allowed,
    extend,
    ids,
    lines,
    options,
    plain,
    refunded,
    release,
    situated,
)

SPEC = load()


MUST_REFUSE = "must refuse"  # nothing else is allowed
RATHER_REFUSE = "rather refuse"  # SHOULD
RATHER_ACCEPT = "rather accept"  # SHOULD
OPEN = "open"  # INFO: either is as good

_OWN: dict[str, tuple[On, On, str, str]] = {
    # requirement: (kept, broken, what the documentation makes of it, the response it names)
    "refund.within-captured-amount": (plain(10000), plain(10001), MUST_REFUSE, "refused"),
    "refund.amount-not-negative": (plain(1), plain(-1), MUST_REFUSE, "malformed"),
    "refund.zero-amount": (plain(1), plain(0), OPEN, "refused"),
    "refund.lines-need-not-add-up": (
        lines(4000, SOCKS),
        lines(3999, SOCKS),
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
        lines(4000, SOCKS),
        lines(4001, {**SOCKS, "total_amount": 4001}),
        OPEN,
        "created",
    ),
    "refund.line-taxes": (
        lines(4000, TAXED),
        lines(4000, {**TAXED, "total_tax_amount": 802}),
        OPEN,
        "created",
    ),
    "refund.amount-above-older-limit": (
        plain(100_000_000, order=LARGE),
        plain(100_000_001, order=LARGE),
        OPEN,
        "created",
    ),
    "refund.fee-market": (
        lines(3500, SOCKS, FEE, order={"market": "AU"}),
        lines(3500, SOCKS, FEE, order={"market": "US"}),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-single-capture": (
        lines(3500, SOCKS, FEE),
        lines(3500, SOCKS, FEE, order={"captures": (6000, 4000)}),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-lines-add-up": (
        lines(3500, FEE, SOCKS),
        lines(4000, FEE, SOCKS),
        MUST_REFUSE,
        "fee_refused",
    ),
    "refund.fee-sign": (lines(3500, SOCKS, FEE), lines(4000, SOCKS, NO_FEE), OPEN, "fee_refused"),
    "refund.fee-count": (
        lines(3500, SOCKS, FEE),
        lines(3499, SOCKS, FEE, EXTRA_FEE),
        OPEN,
        "created",
    ),
    "refund.fee-again": (
        lines(3500, SOCKS, FEE),
        lines(3500, SOCKS, FEE, **refunded(1500, FEE)),
        OPEN,
        "created",
    ),
    "refund.fee-on-captured-goods": (
        lines(9500, {**SOCKS, "unit_price": 5000, "total_amount": 10000}, FEE),
        lines(9502, {**SOCKS, "unit_price": 5001, "total_amount": 10002}, FEE),
        OPEN,
        "fee_refused",
    ),
    "refund.fee-after-a-refund": (
        lines(3500, SOCKS, FEE),
        lines(3500, SOCKS, FEE, **refunded(1)),
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
        release(),
        release(order=WHOLE),
        MUST_REFUSE,
        "fully_captured",
    ),
    "release.cancelled-refused": (
        release(),
        release(order={"captures": (6000,), "authorization": "cancelled"}),
        MUST_REFUSE,
        "not_allowed",
    ),
    "release.not-captured": (release(), release(order={"captures": ()}), OPEN, "not_allowed"),
    "release.again": (
        release(),
        release(before=(("releaseRemainingAuthorization", None),)),
        OPEN,
        "not_allowed",
    ),
    "release.empty-object-accepted": (release(), release(body={}), RATHER_ACCEPT, "released"),
    "extension.offered-days-only": (extend(30), extend(11), MUST_REFUSE, "not_extended"),
    "extension.pay-later-only": (
        extend(order={"payment_method": "pay_in_4"}),
        extend(order={"payment_method": "card"}),
        MUST_REFUSE,
        "not_extended",
    ),
    "extension.market": (
        extend(order={"market": "GB"}),
        extend(order={"market": "US"}),
        OPEN,
        "not_extended",
    ),
    "extension.nothing-left-to-pay": (
        extend(**refunded(9999)),
        extend(**refunded(10000)),
        OPEN,
        "not_extended",
    ),
    "extension.again": (
        extend(),
        extend(before=(("extendDueDate", {"number_of_days": 10}),)),
        OPEN,
        "extended",
    ),
    "refund.odd-body": (plain(1), plain(1.0), OPEN, "malformed"),
    "extension.odd-body": (
        extend(),
        On("extendDueDate", {"number_of_days": 10, "reason": "r"}),
        OPEN,
        "malformed",
    ),
    "options.pay-later-only": (
        options(order={"payment_method": "pay_later"}),
        options(order={"payment_method": "pay_now"}),
        MUST_REFUSE,
        "none_offered",
    ),
    "options.market": (
        options(order={"market": "FI"}),
        options(order={"market": "US"}),
        OPEN,
        "none_offered",
    ),
    "options.nothing-left-to-pay": (
        options(**refunded(9999)),
        options(**refunded(10000)),
        OPEN,
        "none_offered",
    ),
}
_VALID = {
    "refund": plain(1),
    "release": release(),
    "extension": extend(),
    "options": options(),
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
def test_call_that_keeps_every_rule_must_be_accepted(rule: str, kept: On) -> None:
    assessment = situated(kept)
    success = SPEC.operations[kept.operation].success
    assert allowed(assessment) == [("success", (success,), ())]
    assert rule in ids(assessment.kept)


@pytest.mark.parametrize(("rule", "broken", "what", "response"), BROKEN, ids=_IDS)
def test_rule_broken_alone_decides_the_outcomes(
    rule: str, broken: On, what: str, response: str
) -> None:
    operation, assessment = SPEC.operations[broken.operation], situated(broken)
    assert (ids(assessment.broken), ids(assessment.broken_alone)) == ([rule], [rule])
    pinned = what in (MUST_REFUSE, RATHER_REFUSE)
    accept = ("success", (operation.success,))
    refuse = ("refusal", (response,) if pinned else _refusals(on=broken, first=response))
    kind = operation.responses[response].kind
    expected = {
        MUST_REFUSE: [(*refuse, ())],
        RATHER_REFUSE: [(*refuse, ()), (*accept, (rule,))],
        RATHER_ACCEPT: [(*accept, ()), (*refuse, (rule,))],
        OPEN: sorted([(*accept, (rule,)), (*refuse, (rule,))], key=lambda o: o[0] != kind),
    }
    assert allowed(assessment) == expected[what]


@pytest.mark.parametrize(("rule", "broken", "what", "response"), BROKEN, ids=_IDS)
def test_only_a_must_demands_its_outcome_and_is_named(
    rule: str, broken: On, what: str, response: str
) -> None:
    assessment = situated(broken)
    must = what == MUST_REFUSE
    assert ids(assessment.demanded_by) == ([rule] if must else [])
    assert not must or [o.because for o in assessment.outcomes] == [(rule,)]


def _refusals(*, on: On, first: str) -> tuple[str, ...]:
    """All refusals of the operation but those that come before anything else, a named one first."""
    gates = {"unauthorized", "not_found"}
    responses = SPEC.operations[on.operation].responses
    refusals = [name for name, r in responses.items() if r.kind == "refusal"]
    names = [name for name in refusals if name == first or name not in gates]
    return tuple(sorted(names, key=lambda name: name != first))


@pytest.mark.parametrize(
    ("on", "named"),
    [
        (plain(1), ["refund.accepted"]),
        (lines(3500, SOCKS, FEE), ["refund.fee-accepted", "refund.accepted"]),
        (plain(500, **refunded(1500, FEE)), ["refund.fee-removal", "refund.accepted"]),
        (release(), ["release.accepted"]),
        (extend(), ["extension.accepted"]),
        (options(), ["options.answered"]),
    ],
)
def test_demanded_success_names_the_most_specific_requirement_first(
    on: On, named: list[str]
) -> None:
    assert ids(situated(on).demanded_by) == named


@pytest.mark.parametrize(
    ("on", "level"),
    [
        (plain(1), "MUST"),
        (plain(100_000_000, order=LARGE), "MUST"),
        (plain(100_000_001, order=LARGE), "SHOULD"),
        (plain(6000, order={"captures": (6000, 4000)}), "MUST"),
        (plain(6001, order={"captures": (6000, 4000)}), "SHOULD"),
        (On("refundOrder", {"refunded_amount": 1, "reference": "r" * 100}), "MUST"),
        (On("refundOrder", {"refunded_amount": 1, "reference": "r" * 101}), "SHOULD"),
        (On("refundOrder", {"refunded_amount": 1, "description": "d" * 101}), "SHOULD"),
        (On("refundOrder", {"refunded_amount": 1, "reference": "ü" * 100}), "MUST"),
        (On("refundOrder", {"refunded_amount": 1, "description": "ü" * 101}), "SHOULD"),
        (lines(4000, SOCKS), "MUST"),
        (lines(4000, {**SOCKS, "name": "ü" * 100}), "MUST"),
        (lines(1), "SHOULD"),
        (lines(4000, {**SOCKS, "name": "n" * 100}), "MUST"),
        (lines(4000, {**SOCKS, "name": "n" * 101}), "SHOULD"),
        (lines(4000, {**SOCKS, "type": "digital"}), "SHOULD"),
        (lines(4000, SOCKS, {**SOCKS, "quantity": 0, "total_amount": 0}), "SHOULD"),
        (lines(3999, {**SOCKS, "total_discount_amount": 1, "total_amount": 3999}), "SHOULD"),
        (lines(4000, {**SOCKS, "total_discount_amount": 0}), "MUST"),
        (lines(50, *[{**SOCKS, "quantity": 1, "unit_price": 1, "total_amount": 1}] * 50), "MUST"),
        (
            lines(51, *[{**SOCKS, "quantity": 1, "unit_price": 1, "total_amount": 1}] * 51),
            "SHOULD",
        ),
    ],
)
def test_what_only_the_description_allows_should_be_accepted(on: On, level: str) -> None:
    assessment = situated(on)
    assert assessment.outcomes[0].kind == "success"
    accepted = SPEC.requirement("refund.accepted")
    assert SPEC.level(accepted, assessment.holds) == level


# Boundaries that the rules are about


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (plain(6000, order=PART), "success"),
        (plain(6001, order=PART), "refusal"),
        (plain(1, order={"captures": ()}), "refusal"),
        (plain(10000, order={"captures": (6000, 4000)}), "success"),
        (plain(2000, **refunded(8000)), "success"),
        (plain(2001, **refunded(8000)), "refusal"),
        (plain(6000, order=PART, before=(("releaseRemainingAuthorization", None),)), "success"),
        (plain(10**30), "refusal"),
        (lines(9500, {**SOCKS, "unit_price": 5000, "total_amount": 10000}, FEE), "success"),
        (plain(500, **refunded(9500, FEE)), "success"),
        (plain(501, **refunded(9500, FEE)), "refusal"),
        (lines(3500, SOCKS, FEE, order=PART), "refusal"),
        (release(order={"captures": (9999,)}), "success"),
        (release(order={"captures": (6000, 4000)}), "refusal"),
        (extend(0, offered=(10, 30)), "refusal"),
        (extend(10, offered=()), "refusal"),
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
        (On("getRefund", **refunded(1)), "success"),
        (On("getRefund"), "refusal"),
    ],
)
def test_at_its_boundary_a_call_has_one_outcome(on: On, kind: str) -> None:
    assert [outcome.kind for outcome in situated(on).outcomes] == [kind]


def test_without_known_offers_any_number_of_days_may_be_right() -> None:
    assessment = situated(extend(11, offered=None))
    assert "extension.offered-days-only" not in ids((*assessment.kept, *assessment.broken))
    assert {o.kind: o.against for o in assessment.outcomes} == {
        "refusal": ("extension.market",),
        "success": ("extension.market",),
    }


def test_refusal_comes_first_if_any_open_rule_names_one() -> None:
    """The mock sends the first outcome: it refuses open forms, whatever the lines sum to."""
    odd = {**SOCKS, "subscription": {}}
    for amount, line in ((4000, odd), (3999, odd), (3999, SOCKS)):
        body = {"captured_amount": amount, "order_lines": [line]}
        assessment = situated(On("captureOrder", body, order=PART))
        kinds = ["refusal", "success"] if line is odd else ["success", "refusal"]
        assert [each.kind for each in assessment.outcomes] == kinds
