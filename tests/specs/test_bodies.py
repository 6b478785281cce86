import json
import math
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from klarna_specs.bodies import defect, violations
from klarna_specs.loader import load

SPEC = load()
LINE = {
    "name": "Wool socks",
    "type": "physical",
    "quantity": 2,
    "unit_price": 4500,
    "total_amount": 9000,
}
FEE = {
    "name": "Way back",
    "type": "return_fee",
    "quantity": 1,
    "unit_price": -700,
    "total_amount": -700,
}
FULL_LINE = {
    **LINE,
    "image_url": "https://socks.example/wool.png",
    "merchant_data": "shelf 4",
    "product_identifiers": {
        "brand": "Sheep",
        "category_path": "Clothes > Feet",
        "color": "grey",
        "global_trade_item_number": "735858293167",
        "manufacturer_part_number": "W-42",
        "size": "42",
    },
    "product_url": "https://socks.example/wool",
    "quantity_unit": "pairs",
    "reference": "W42",
    "subscription": {"interval": "MONTH", "interval_count": 2, "name": "Socks"},
    "tax_rate": 2500,
    "total_discount_amount": 0,
    "total_tax_amount": 1800,
}
FULL_REFUND = {"refunded_amount": 9000, "reference": "R", "description": "Socks back"}
FULL_REFUND["order_lines"] = [FULL_LINE]
LONGEST = {"refunded_amount": 200_000_000, "description": "x" * 255, "order_lines": [LINE] * 1000}
ORDER = {
    "order_id": "o",
    "status": "CAPTURED",
    "captures": [{"captured_amount": 1}],
    "refunds": [{"refunded_amount": 0}],
    "expires_at": "2031-02-28T12:00:00Z",
}
MADE_AT = "2031-02-28T12:00:00.5+01:00"
ERROR = {"error_code": "NOT_ALLOWED", "error_messages": ["No."], "correlation_id": "c-1"}


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


# Every schema


@pytest.mark.parametrize("name", sorted(SPEC.schemas))
def test_every_schema_is_a_schema_of_draft_2020_12(name: str) -> None:
    schema = SPEC.schemas[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("name", sorted(SPEC.schemas))
def test_every_schema_refuses_a_bare_text(name: str) -> None:
    kind = SPEC.schemas[name]["type"]
    assert violations(SPEC, name, "socks") == (f"$: 'socks' is not of type '{kind}'",)


# Bodies as documented


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("refund_request", FULL_REFUND),
        ("refund_request", {"refunded_amount": 8300, "order_lines": [LINE, FEE]}),
        ("refund_request", {"refunded_amount": 1, "new_member": [None]}),
        ("refund_request_limits", FULL_REFUND),
        ("refund_request_limits", LONGEST),
        ("capture_request", {"captured_amount": 9000, "order_lines": [LINE]}),
        ("capture_request_limits", {"captured_amount": 9000, "order_lines": [LINE]}),
        ("extension_request", {"number_of_days": 10}),
        (
            "extension_options",
            {"currency": "sek", "options": [{"amount": 0, "number_of_days": 10}]},
        ),
        ("extension_options", {"currency": "SEK", "options": []}),
        ("error", ERROR),
        ("error", {**ERROR, "error_messages": []}),
        ("error", {"error_code": "X", "error_message": "No.", "correlation_id": "c-1"}),
        ("error", {**ERROR, "error_message": None}),
        ("error", {**ERROR, "error_messages": None, "error_message": "No."}),
        ("order", ORDER),
        ("order", {}),
        ("captures", []),
        ("captures", [{"capture_id": "c", "captured_amount": 9000, "captured_at": MADE_AT}]),
        (
            "refund",
            {"refund_id": "r", "refunded_amount": 1, "reference": None, "description": None},
        ),
    ],
)
def test_documented_body_keeps_its_schema(schema: str, body: Any) -> None:
    assert violations(SPEC, schema, body) == ()


@pytest.mark.parametrize(
    ("schema", "body", "where"),
    [
        ("refund_request_limits", {"refunded_amount": 200_000_001}, "$.refunded_amount"),
        ("refund_request_limits", {"refunded_amount": 10**30}, "$.refunded_amount"),
        (
            "refund_request_limits",
            {"refunded_amount": 1, "description": "x" * 256},
            "$.description",
        ),
        ("refund_request_limits", {"refunded_amount": 1, "reference": "x" * 256}, "$.reference"),
        (
            "refund_request_limits",
            {"refunded_amount": 1, "order_lines": [LINE] * 1001},
            "$.order_lines",
        ),
        (
            "refund_request_limits",
            {"refunded_amount": 1, "order_lines": [{**LINE, "type": "sock"}]},
            "$.order_lines[0].type",
        ),
        (
            "refund_request_limits",
            {"refunded_amount": 1, "order_lines": [LINE, {**LINE, "quantity": -1}]},
            "$.order_lines[1].quantity",
        ),
        ("extension_options", {"currency": "kronor", "options": []}, "$.currency"),
        (
            "extension_options",
            {"currency": "SEK", "options": [{"amount": 1, "number_of_days": 2**31}]},
            "$.options[0].number_of_days",
        ),
        ("error", {**ERROR, "error_messages": ["No.", None]}, "$.error_messages[1]"),
        (
            "error",
            {**ERROR, "error_messages": "No.", "error_message": "No."},
            "$.error_messages",
        ),
        ("error", {**ERROR, "error_message": ["No."]}, "$.error_message"),
        ("error", {**ERROR, "error_messages": None}, "$"),
        ("error", {"error_code": "X", "correlation_id": "c-1", "error_message": None}, "$"),
        ("error", {**ERROR, "error_messages": None, "error_message": None}, "$"),
        ("error", {**ERROR, "correlation_id": ""}, "$.correlation_id"),
        ("error", {"error_code": "X", "correlation_id": "c-1"}, "$"),
        ("order", {"status": "LOST"}, "$.status"),
        ("order", {"refunds": [{"refunded_amount": -1}]}, "$.refunds[0].refunded_amount"),
        ("capture", {"captured_amount": 1.5}, "$.captured_amount"),
    ],
)
def test_schema_violation_names_its_place(schema: str, body: Any, where: str) -> None:
    assert [text.split(": ")[0] for text in violations(SPEC, schema, body)] == [where]


def test_message_of_a_wrong_type_does_not_count_as_message() -> None:
    found = violations(SPEC, "error", {**ERROR, "error_messages": "No."})
    assert [text.split(": ")[0] for text in found] == ["$", "$.error_messages"]


@pytest.mark.parametrize("number", ["1.0", "1e2", "1.5", "true", '"1"', "null", "1e400", "[1]"])
def test_only_an_integer_is_an_integer(number: str) -> None:
    body = json.loads(f'{{"refunded_amount": {number}}}')
    assert [text.split(": ")[0] for text in violations(SPEC, "refund_request", body)] == [
        "$.refunded_amount"
    ]


@pytest.mark.parametrize(
    ("schema", "body", "where"),
    [
        (
            "refund_request",
            {"refunded_amount": 1, "order_lines": [LINE, {**LINE, "quantity": 1.0}]},
            "$.order_lines[1].quantity",
        ),
        ("captures", [{"captured_amount": 1.0}], "$[0].captured_amount"),
        ("order", {"refunds": [{"refunded_amount": 1.0}]}, "$.refunds[0].refunded_amount"),
        (
            "extension_options",
            {"currency": "SEK", "options": [{"amount": 1.0, "number_of_days": 2}]},
            "$.options[0].amount",
        ),
    ],
)
def test_only_an_integer_is_an_integer_when_nested(schema: str, body: Any, where: str) -> None:
    assert violations(SPEC, schema, body) == (f"{where}: 1.0 is not of type 'integer'",)


def test_nested_timestamp_has_its_documented_format() -> None:
    order = {"captures": [{"captured_at": "yesterday"}]}
    assert violations(SPEC, "order", order) == (
        "$.captures[0].captured_at: 'yesterday' is not a 'date-time'",
    )


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2031-02-28", "2031-02-30T12:00:00Z", "2031-02-28T12:00:00"]
)
def test_timestamp_has_its_documented_format(moment: str) -> None:
    assert len(violations(SPEC, "order", {"expires_at": moment})) == 1


def test_all_violations_are_listed_by_place() -> None:
    body = {"refunded_amount": "1", "description": 2, "reference": 3, "order_lines": [{"name": 4}]}
    assert violations(SPEC, "refund_request", body) == (
        "$.description: 2 is not of type 'string'",
        "$.order_lines[0].name: 4 is not of type 'string'",
        "$.reference: 3 is not of type 'string'",
        "$.refunded_amount: '1' is not of type 'integer'",
    )


def test_violation_names_a_value_as_it_is_in_json() -> None:
    (message,) = violations(SPEC, "refund_request", {"refunded_amount": 1, "reference": None})
    assert message == "$.reference: null is not of type 'string'"


@pytest.mark.parametrize(
    ("value", "named"),
    [([1] * 99, "a list"), ({"a" * 99: 1}, "an object"), (10**70, "a long number")],
)
def test_long_value_is_described(value: object, named: str) -> None:
    (message,) = violations(SPEC, "refund_request", {"refunded_amount": 1, "reference": value})
    assert message == f"$.reference: {named} is not of type 'string'"


def test_violation_message_is_short() -> None:
    (message,) = violations(SPEC, "refund_request", {"refunded_amount": "x" * 100_000})
    assert len(message) < 400


@pytest.mark.parametrize("depth", [300, 2_000, 100_000])
def test_too_deeply_nested_body_breaks_its_schema(depth: int) -> None:
    body = {"refunded_amount": 1, "nested": _nested(depth)}
    assert violations(SPEC, "refund_request", body) == ("$: nested too deeply to be read",)


# Errors in the shape of a request


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"refunded_amount": 1}, ""),
        ({"refunded_amount": -1}, ""),
        ({}, "missing"),
        ({"amount": 1}, "missing"),
        ({"reference": 1}, "missing"),
        ({"refunded_amount": "1"}, "not_a_number"),
        ({"refunded_amount": "all"}, "not_a_number"),
        ({"refunded_amount": None}, "not_a_number"),
        ({"refunded_amount": True}, "not_a_number"),
        ({"refunded_amount": []}, "not_a_number"),
        ({"refunded_amount": {"amount": 1}}, "not_a_number"),
        ({"refunded_amount": {}, "order_lines": 1}, "not_a_number"),
        ({"order_lines": 1}, "missing"),
        ({"refunded_amount": 1.5}, "wrong_type"),
        ({"refunded_amount": math.inf}, "wrong_type"),
        ({"refunded_amount": 1, "order_lines": {}}, "wrong_type"),
        ({"refunded_amount": 1, "order_lines": [1]}, "wrong_type"),
        ([], "not_an_object"),
        (None, "not_an_object"),
        ("socks", "not_an_object"),
        (1, "not_an_object"),
        (True, "not_an_object"),
    ],
)
def test_defect_of_a_request_is_one_word(body: Any, word: str) -> None:
    assert defect(SPEC, "refund_request", body) == word


@pytest.mark.parametrize("depth", [300, 2_000, 100_000])
def test_too_deeply_nested_request_is_classified(depth: int) -> None:
    body = {"refunded_amount": 1, "nested": _nested(depth)}
    assert defect(SPEC, "refund_request", body) == "wrong_type"
