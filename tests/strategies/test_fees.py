from typing import Any, get_args

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from klarna_specs.oracle import Assessment
from klarna_specs.scenario import Json, Scenario, Step
from klarna_strategies import (
    WrongSum,
    fee_refunds,
    fee_refunds_with_several_fees,
    fee_refunds_with_wrong_sum,
    fee_removals,
    layout_plan,
    positive_fee_refunds,
)
from klarna_strategies.fees import WrongSumKind
from klarna_strategies.lines import fee, goods, lines_total

from .walks import SPEC, walk

KINDS = get_args(WrongSumKind)


def _situation(body: Any) -> Assessment:
    plan = layout_plan(SPEC, "one-full", market="AT")
    return walk(Scenario(plan=plan, steps=(Step(operation="refundOrder", body=Json(body)),)))[0]


def _open_rules(body: Any, *, left: int) -> set[str]:
    """What a valid fee refund may break: its goods may cost more than what is left to refund."""
    charged = sum(x["total_amount"] for x in body["order_lines"] if x["type"] == "return_fee")
    dear = lines_total(body["order_lines"]) - charged > left
    return {"refund.fee-on-captured-goods"} if dear else set()


def test_valid_fee_refunds_break_nothing() -> None:
    @given(fee_refunds(left=10_000))
    def breaks_nothing(body: Any) -> None:
        situation = _situation(body)
        assert {rule.id for rule in situation.broken} == _open_rules(body, left=10_000)
        assert situation.holds("charges_fee")

    breaks_nothing()


def test_wrong_sums_break_the_sum_alone() -> None:
    @given(fee_refunds_with_wrong_sum(left=10_000))
    def breaks_the_sum(wrong: WrongSum) -> None:
        situation = _situation(wrong.body)
        assert [rule.id for rule in situation.broken] == ["refund.fee-lines-add-up"]
        case = SPEC.requirement("refund.fee-lines-add-up").cases[wrong.kind]
        assert situation.holds(case)

    breaks_the_sum()


@pytest.mark.parametrize("kind", KINDS)
def test_every_wrong_sum_is_drawn(kind: str) -> None:
    assert find(fee_refunds_with_wrong_sum(left=100), lambda wrong: wrong.kind == kind)


def test_wrong_sums_are_the_cases_of_the_requirement() -> None:
    assert set(KINDS) == set(SPEC.requirement("refund.fee-lines-add-up").cases)


@pytest.mark.parametrize(
    ("strategy", "rule"),
    [
        (fee_refunds_with_several_fees(left=9_000), "refund.fee-count"),
        (positive_fee_refunds(left=9_000), "refund.fee-sign"),
    ],
)
def test_undocumented_case_breaks_only_its_open_rule(
    strategy: st.SearchStrategy[Any], rule: str
) -> None:
    @given(strategy)
    @settings(max_examples=50)
    def breaks_alone(body: Any) -> None:
        situation = _situation(body)
        assert {broken.id for broken in situation.broken} - {rule} == _open_rules(body, left=10_000)
        assert rule in {broken.id for broken in situation.broken}

    breaks_alone()


@pytest.mark.parametrize("member", ["tax_rate", "total_tax_amount"])
def test_taxed_fees_are_drawn(member: str) -> None:
    def taxed(body: Any) -> bool:
        return any(member in line for line in body["order_lines"] if line["type"] == "return_fee")

    assert find(fee_refunds(left=10_000), taxed)


def test_goods_of_several_pieces_are_drawn() -> None:
    def several(body: Any) -> bool:
        return any(line["quantity"] > 1 and line["total_amount"] for line in body["order_lines"])

    assert find(fee_refunds(left=10_000), several)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_fee_is_first_in_the_middle_and_last(position: int) -> None:
    def there(body: Any) -> bool:
        types = [line["type"] for line in body["order_lines"]]
        return len(types) == 3 and types.index("return_fee") == position

    assert find(fee_refunds(left=10_000), there)


def test_fee_refund_shrinks_to_two_less_one() -> None:
    assert find(fee_refunds(left=10_000), lambda _: True) == {
        "refunded_amount": 1,
        "order_lines": [goods(2), fee(1)],
    }


def test_wrong_sum_shrinks_to_one_above() -> None:
    wrong = find(fee_refunds_with_wrong_sum(left=10_000), lambda _: True)
    assert wrong.kind == "one-above"
    assert wrong.body["refunded_amount"] == lines_total(wrong.body["order_lines"]) + 1


@given(fee_removals(fee_amount=500))
@settings(max_examples=10)
def test_removal_refunds_exactly_the_fee(body: Any) -> None:
    assert body["refunded_amount"] == 500
    assert lines_total(body.get("order_lines", [])) in (0, 500)
