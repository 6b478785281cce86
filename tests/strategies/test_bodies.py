import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from klarna_specs.bodies import violations
from klarna_specs.oracle import Assessment
from klarna_specs.scenario import OFFERED, Body, Empty, Json, Key, Raw, Scenario
from klarna_specs.spec import STRENGTH, Level
from klarna_strategies import (
    OddBody,
    bodies_beyond_limits,
    capture_bodies,
    fee_refunds,
    fee_refunds_with_several_fees,
    fee_refunds_with_wrong_sum,
    fee_removals,
    idempotency_keys,
    keys_or_none,
    layout_plan,
    malformed_bodies,
    odd_bodies,
    positive_fee_refunds,
    refund_bodies,
    texts,
    undocumented_bodies,
)
from klarna_strategies.steps import plainest

from .walks import SPEC, walk

AMOUNT_MEMBERS = {
    "refundOrder": "refunded_amount",
    "captureOrder": "captured_amount",
    "extendDueDate": "number_of_days",
}


def _situation(operation: str, odd: OddBody) -> Assessment:
    documented = SPEC.operations[operation]
    step = msgspec.structs.replace(plainest(documented), body=odd.body)
    return walk(Scenario(plan=layout_plan(SPEC, documented.layout, market="AT"), steps=(step,)))[0]


def test_amount_of_a_body_is_its_required_integer() -> None:
    found = {name: SPEC.amount_member(each) for name, each in SPEC.operations.items()}
    assert {name: member for name, member in found.items() if member} == AMOUNT_MEMBERS


@pytest.mark.parametrize("operation", AMOUNT_MEMBERS)
def test_malformed_bodies_break_that_rule_alone(operation: str) -> None:
    prefix = SPEC.operations[operation].prefix
    for odd in odd_bodies(operation):
        if odd.level == "MUST":
            broken = _situation(operation, odd).broken_alone
            assert [rule.id for rule in broken] == [f"{prefix}.malformed-refused"], odd.kind


@pytest.mark.parametrize("operation", ["refundOrder", "captureOrder"])
def test_bodies_that_should_be_refused_break_one_rule_alone(operation: str) -> None:
    prefix = SPEC.operations[operation].prefix
    for odd in odd_bodies(operation):
        if odd.level == "SHOULD":
            broken = _situation(operation, odd).broken_alone
            rule = "limits-kept" if _keeps_types(operation, odd) else "types-kept"
            assert [rule.id for rule in broken] == [f"{prefix}.{rule}"], odd.kind


def _keeps_types(operation: str, odd: OddBody) -> bool:
    body = SPEC.operations[operation].body
    return isinstance(odd.body, Json) and violations(SPEC, body.schema, odd.body.value) == ()


@pytest.mark.parametrize("operation", AMOUNT_MEMBERS)
def test_odd_body_has_the_level_of_the_oracle(operation: str) -> None:
    """But for operations beside the page, where nothing about a body is more than a SHOULD."""
    malformed = SPEC.requirement(f"{SPEC.operations[operation].prefix}.malformed-refused")
    levels: dict[Level | None, Level] = {"MUST": malformed.level, "SHOULD": "SHOULD", None: "INFO"}
    for odd in odd_bodies(operation):
        broken = _situation(operation, odd).broken
        of_bodies = [rule.level for rule in broken if rule.otherwise == "malformed"]
        assert max(of_bodies, key=STRENGTH.__getitem__) == levels[odd.level], odd.kind


@pytest.mark.parametrize("operation", AMOUNT_MEMBERS)
def test_open_form_changes_only_the_notation_of_a_request(operation: str) -> None:
    prefix = SPEC.operations[operation].prefix
    for odd in odd_bodies(operation):
        if odd.level is None:
            situation = _situation(operation, odd)
            assert [rule.id for rule in situation.broken] == [f"{prefix}.odd-body"], odd.kind
            assert {outcome.kind for outcome in situation.outcomes} == {"success", "refusal"}


@pytest.mark.parametrize("operation", AMOUNT_MEMBERS)
def test_kinds_of_odd_bodies_are_unique(operation: str) -> None:
    kinds = [odd.kind for odd in odd_bodies(operation)]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("member", AMOUNT_MEMBERS.values())
def test_every_json_type_is_used_for_the_required_member(member: str) -> None:
    operation = next(name for name, known in AMOUNT_MEMBERS.items() if known == member)
    values = [_value(odd.body) for odd in odd_bodies(operation)]
    types = {type(value[member]) for value in values if isinstance(value, dict) and member in value}
    assert {str, float, bool, type(None), list, dict} <= types


def _value(body: Body) -> Any:
    try:
        return json.loads(body.text.replace(OFFERED, "30")) if isinstance(body, Raw) else body.value
    except (ValueError, AttributeError):
        return None


@given(st.data(), st.integers(1, 90_000_000))
def test_valid_bodies_keep_every_limit(data: st.DataObject, left: int) -> None:
    refund, capture = data.draw(refund_bodies(left=left)), data.draw(capture_bodies(remaining=left))
    assert violations(SPEC, "refund_request_limits", refund) == ()
    assert violations(SPEC, "capture_request_limits", capture) == ()
    assert 1 <= refund["refunded_amount"] <= left
    assert 1 <= capture["captured_amount"] <= left


@pytest.mark.parametrize("members", [{"description"}, {"reference"}, {"order_lines"}])
def test_every_optional_member_is_drawn_alone(members: set[str]) -> None:
    assert find(refund_bodies(left=500), lambda body: set(body) == {"refunded_amount"} | members)


def test_longest_description_is_drawn() -> None:
    body = find(refund_bodies(left=500), lambda body: len(body.get("description", "")) == 255)
    assert len(body["description"]) == 255


def test_texts_go_beyond_ascii() -> None:
    assert not find(texts(), lambda text: not text.isascii()).isascii()


@given(texts(max_size=7))
def test_texts_keep_their_maximum_length(text: str) -> None:
    assert len(text) <= 7


@pytest.mark.parametrize(
    ("strategy", "dullest"),
    [
        (refund_bodies(left=500), {"refunded_amount": 1}),
        (capture_bodies(remaining=500), {"captured_amount": 1}),
        (malformed_bodies("refundOrder").map(lambda odd: odd.body), Empty()),
        (bodies_beyond_limits("refundOrder").map(lambda odd: odd.level), "SHOULD"),
        (undocumented_bodies("refundOrder").map(lambda odd: odd.level), None),
        (texts(), ""),
        (idempotency_keys(), Key("first")),
        (keys_or_none(), None),
    ],
)
def test_bodies_and_keys_shrink_to_the_simplest(
    strategy: st.SearchStrategy[Any], dullest: Any
) -> None:
    assert find(strategy, lambda _: True) == dullest


@pytest.mark.parametrize("form", ["uuid4", "uuid5", "text"])
def test_every_form_of_key_is_drawn(form: str) -> None:
    assert find(keys_or_none(), lambda key: key is not None and key.form == form)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: refund_bodies(left=0), "left 0"),
        (lambda: fee_refunds(left=0), "left 0"),
        (lambda: fee_refunds_with_wrong_sum(left=99), "left 99"),
        (lambda: fee_refunds_with_several_fees(left=1), "left 1"),
        (lambda: positive_fee_refunds(left=1), "left 1"),
        (lambda: fee_removals(fee_amount=0), "fee_amount 0"),
        (lambda: capture_bodies(remaining=0), "remaining 0"),
        (lambda: malformed_bodies("getOrder"), "'getOrder'"),
        (lambda: bodies_beyond_limits("getOrder"), "'getOrder'"),
        (lambda: texts(max_size=-1), "max_size -1"),
        (lambda: idempotency_keys(names=()), "names"),
        (lambda: keys_or_none(names=()), "names"),
    ],
)
def test_impossible_bounds_are_refused_with_their_numbers(
    make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()
