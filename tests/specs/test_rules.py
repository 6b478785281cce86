from functools import partial
from typing import Any

import pytest

from klarna_specs.errors import RuleError
from klarna_specs.rules import Unsettled, check_expression, evaluator

REQUEST = {"refunded_amount": 5, "order_lines": [{"total_amount": 7}, {"total_amount": -2}]}
VARIABLES = {"request": lambda: REQUEST, "order": lambda: {"left": 5}}


@pytest.mark.parametrize("expression", ["request.", "1 +", "(", "a b", "[1, ", ""])
def test_invalid_expression_is_reported(expression: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_expression(expression)
    assert repr(expression) in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("request.refunded_amount <= order.left", True),
        ("request.refunded_amount - order.left", 0),
        ("has(request.reference)", False),
        ("sum(request.order_lines.map(line, line.total_amount))", 5),
        ("sum([])", 0),
        ("half", 2),
        ('length("größer")', 6),
    ],
)
def test_expression_has_a_value(expression: str, value: Any) -> None:
    assert evaluator(VARIABLES, {"half": "order.left / 2"})(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "request.reference",
        "nobody",
        'request.refunded_amount < "5"',
        "request.refunded_amount / 0",
        'sum(["1"])',
        "sum([1.5])",
        "request.order_lines[9]",
        "length(request.refunded_amount)",
        "9223372036854775807 + order.left",
    ],
)
def test_expression_without_a_value_is_unsettled(expression: str) -> None:
    with pytest.raises(Unsettled):
        evaluator(VARIABLES, {})(expression)


def test_term_without_a_value_unsettles_only_what_uses_it() -> None:
    evaluate = evaluator(VARIABLES, {"lost": "request.reference", "found": "order.left"})
    assert evaluate("found") == 5
    with pytest.raises(Unsettled):
        evaluate("lost")


def test_unsettled_sum_does_not_unsettle_the_next_expression() -> None:
    evaluate = evaluator(VARIABLES, {})
    with pytest.raises(Unsettled):
        evaluate('sum(["1"])')
    assert evaluate("sum([1, 2])") == 3


def test_only_the_variables_of_an_expression_are_made() -> None:
    made: list[str] = []
    makers = {name: partial(made.append, name) for name in ("request", "order", "capture")}
    evaluate = evaluator(makers, {"first": "order == null", "second": "capture == null"})
    assert evaluate("first")
    assert evaluate("first && order == null")
    assert made == ["order"]


def test_term_may_use_another_one_in_any_order() -> None:
    evaluate = evaluator(VARIABLES, {"double": "whole * 2", "whole": "order.left"})
    assert evaluate("double") == 10
