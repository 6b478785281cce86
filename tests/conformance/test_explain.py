"""`explain`: what the documentation says of one request before it is sent."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, Cli, Served

SHIRT = {
    "name": "T-Shirt",
    "type": "physical",
    "quantity": 1,
    "unit_price": 10_000,
    "total_amount": 10_000,
    "reference": "75001",
}
FEE = {
    "name": "Return fee",
    "type": "return_fee",
    "quantity": 1,
    "unit_price": -500,
    "total_amount": -500,
}
WITH_FEE = {"refunded_amount": 9_500, "order_lines": [SHIRT, FEE]}
PLAN = {
    "market": "SE",
    "order_amount": 10_000,
    "captures": [10_000],
    "order_lines": [SHIRT],
}


@pytest.fixture
def explained(cli: Cli, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Explains a body on an order; answers the exit code and the JSON."""

    def explain(body: Any, order: Any = PLAN, *options: str) -> tuple[int, dict[str, Any]]:
        for name, value in (("body", body), ("order", order)):
            (tmp_path / f"{name}.json").write_text(json.dumps(value))
        arguments = ("--order", "order.json", "--format", "json", *options)
        finished = cli("explain", "body.json", *arguments)
        return finished.code, json.loads(finished.out)

    return explain


@pytest.mark.parametrize(
    ("plan", "suffix", "body"),
    [
        pytest.param({}, "/refunds", {"refunded_amount": 10_000}, id="whole refund"),
        pytest.param({}, "/refunds", {"refunded_amount": 10_001}, id="over-refund"),
        pytest.param({"captures": []}, "/refunds", {"refunded_amount": 1}, id="before a capture"),
        pytest.param({}, "/refunds", WITH_FEE, id="return fee"),
        pytest.param({"market": "GB", "currency": "GBP"}, "/refunds", WITH_FEE, id="fee in GB"),
        pytest.param({"captures": [6_000, 4_000]}, "/refunds", WITH_FEE, id="fee, two captures"),
        pytest.param({}, "/refunds", {**WITH_FEE, "refunded_amount": 9_501}, id="fee, other sum"),
        pytest.param({}, "/refunds", {"refunded_amount": "1"}, id="amount as text"),
        pytest.param({}, "/refunds", {}, id="no amount"),
        pytest.param(
            {"captures": [4_000]}, "/captures", {"captured_amount": 6_000}, id="capture of the rest"
        ),
        pytest.param(
            {"captures": [4_000]}, "/captures", {"captured_amount": 6_001}, id="over-capture"
        ),
    ],
)
def test_explanation_of_a_shown_order_is_what_the_mock_answers(
    served: Served,
    explained: Callable[..., tuple[int, dict[str, Any]]],
    plan: dict[str, Any],
    suffix: str,
    body: dict[str, Any],
) -> None:
    order = served.order(**plan)
    operation = {"/refunds": "refundOrder", "/captures": "captureOrder"}[suffix]
    code, explanation = explained(body, served.shown(order), "--operation", operation)
    answered = served.post(order, suffix, json=body)

    first = explanation["responses"][0]
    assert (code == 0, explanation["accepted"]) == (answered.is_success, answered.is_success)
    assert answered.status_code in first["status"]
    if first["error_code"]:
        assert answered.json()["error_code"] in first["error_code"]


def test_refusal_names_the_requirement_and_that_of_its_status(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    code, explanation = explained({"refunded_amount": 10_001})

    assert (code, explanation["level"]) == (1, "MUST")
    assert explanation["because"] == ["refund.within-captured-amount"]
    assert explanation["responses"] == [
        {
            "kind": "refusal",
            "status": [403],
            "error_code": ["REFUND_NOT_ALLOWED"],
            "because": ["refund.refusal-status", "refund.refusal-code"],
        }
    ]


def test_each_condition_for_a_fee_is_kept_or_broken_by_itself(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    order = {**PLAN, "market": "GB", "captures": [6_000, 4_000]}
    _, explanation = explained({**WITH_FEE, "refunded_amount": 9_000}, order)

    conditions = ("refund.fee-market", "refund.fee-single-capture", "refund.fee-lines-add-up")
    results = {rule["id"]: rule["result"] for rule in explanation["rules"]}
    assert [results[each] for each in conditions] == ["broken"] * 3

    _, explanation = explained(WITH_FEE)
    results = {rule["id"]: rule["result"] for rule in explanation["rules"]}
    assert [results[each] for each in conditions] == ["kept"] * 3


@pytest.mark.parametrize(
    ("tax", "agrees"), [(1_999, True), (2_000, True), (2_001, True), (1_998, False), (0, False)]
)
def test_tax_of_a_line_follows_its_rate_within_one_minor_unit(
    explained: Callable[..., tuple[int, dict[str, Any]]], tax: int, agrees: bool
) -> None:
    line = {**SHIRT, "tax_rate": 2_500, "total_tax_amount": tax}
    _, explanation = explained({"refunded_amount": 10_000, "order_lines": [line]})

    (shown,) = explanation["lines"]
    assert (shown["expected_tax_amount"], shown["tax_agrees"]) == (2_000, agrees)
    assert ("refund.line-taxes" in explanation["because"]) is not agrees


def test_total_of_a_line_is_quantity_times_price_less_discount(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    line = {**SHIRT, "quantity": 3, "unit_price": 100, "total_discount_amount": 50}
    _, explanation = explained({"refunded_amount": 10_000, "order_lines": [SHIRT, line]})

    shown = [(line["expected_total_amount"], line["total_agrees"]) for line in explanation["lines"]]
    assert shown == [(10_000, True), (250, False)]
    assert explanation["sums"] == {"left": 10_000, "lines_total": 20_000, "fee_total": 0}


def test_line_without_members_has_no_expected_amounts(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    _, explanation = explained({"refunded_amount": 1, "order_lines": [{}, None]})

    amounts = [(line["expected_total_amount"], line["tax_agrees"]) for line in explanation["lines"]]
    assert amounts == [(None, True), (None, True)]


def _shipped(capture_id: str, *references: str) -> dict[str, Any]:
    lines = [{**SHIRT, "reference": each, "total_amount": 2_500} for each in references]
    return {"capture_id": capture_id, "captured_amount": 5_000, "order_lines": lines}


TWO_SHIPMENTS = {
    "order_id": "o-1",
    "status": "CAPTURED",
    "order_amount": 10_000,
    "captured_amount": 10_000,
    "refunded_amount": 0,
    "remaining_authorized_amount": 0,
    "purchase_country": "SE",
    "purchase_currency": "SEK",
    "captures": [_shipped("c-1", "red", "green"), _shipped("c-2", "blue", "green")],
}


@pytest.mark.parametrize(
    ("references", "amount", "to", "captures"),
    [
        pytest.param(["red"], 2_500, "captures", ["c-1"], id="one line"),
        pytest.param(["blue", "red"], 5_000, "captures", ["c-1", "c-2"], id="two captures"),
        pytest.param(["green"], 2_500, "order", [], id="reference of both captures"),
        pytest.param(["Red"], 2_500, "order", [], id="other case"),
        pytest.param(["red"], 2_499, "order", ["c-1"], id="sum differs"),
        pytest.param(["red", "red", "red"], 7_500, "order", ["c-1"], id="more than captured"),
    ],
)
def test_lines_belong_to_the_only_capture_with_their_reference(
    explained: Callable[..., tuple[int, dict[str, Any]]],
    references: list[str],
    amount: int,
    to: str,
    captures: list[str],
) -> None:
    lines = [
        {**SHIRT, "reference": each, "unit_price": 2_500, "total_amount": 2_500}
        for each in references
    ]
    code, explanation = explained({"refunded_amount": amount, "order_lines": lines}, TWO_SHIPMENTS)

    allocation = explanation["allocation"]
    assert (code, allocation["to"], bool(allocation["reasons"])) == (0, to, to == "order")
    assert [each["capture_id"] for each in allocation["captures"]] == captures


def test_allocation_is_not_known_if_captures_show_no_lines(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    captures = [{"capture_id": "c-1", "captured_amount": 10_000}]
    body = {"refunded_amount": 10_000, "order_lines": [SHIRT]}
    _, explanation = explained(body, {**TWO_SHIPMENTS, "captures": captures})

    assert explanation["allocation"]["to"] == "unknown"


def test_market_option_replaces_that_of_the_order(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    codes = [explained(WITH_FEE, PLAN, "--market", market)[0] for market in ("SE", "AU", "US")]

    assert codes == [0, 0, 1]


def test_broken_json_is_explained_with_its_place(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"refunded_amount": 100000000"}')
    (tmp_path / "order.json").write_text(json.dumps(PLAN))
    finished = cli("explain", "body.json", "--order", "order.json")

    assert (finished.code, "line 1 column 30" in finished.out) == (1, True)
    assert "refund.malformed-refused" in finished.out


def test_limit_of_a_member_is_named_with_its_place(
    explained: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    code, explanation = explained({"refunded_amount": 1, "reference": "x" * 256})

    assert (code, explanation["level"], explanation["accepted"]) == (1, "SHOULD", False)
    assert explanation["violations"][0].startswith("$.reference: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.json", "--order", "order.json"), "missing.json cannot be read"),
        (("body.json", "--order", "body.json"), "amounts were shown: order_amount"),
        (("body.json", "--order", "list.json"), "neither an order nor an order plan"),
        (("body.json", "--order", "latin.json"), "latin.json is not UTF-8"),
        (("body.json", "--order", "plan.yaml"), "plan.yaml:1: 'captured' is unknown"),
        (("body.json", "--order", "nowhere.yaml"), "no market 'XX'"),
        (("-", "--order", "-"), "cannot both be standard input"),
        (("body.json", "--order", "order.json", "--market", "UK"), "no market 'UK'"),
        (("body.json", "--order", "order.json", "--operation", "getOrder"), "'getOrder'"),
        (("days.json", "--order", "bare.yaml"), "extendDueDate needs a capture, and the order has"),
    ],
)
def test_wrong_input_is_one_sentence(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "body.json").write_text('{"refunded_amount": 1}')
    (tmp_path / "order.json").write_text(json.dumps(PLAN))
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "latin.json").write_bytes(b'{"market": "\xe4"}')
    (tmp_path / "plan.yaml").write_text('{market: "SE", order_amount: 1, captured: 1}')
    (tmp_path / "nowhere.yaml").write_text("market: XX\norder_amount: 1\n")
    (tmp_path / "days.json").write_text('{"number_of_days": 14}')
    (tmp_path / "bare.yaml").write_text("market: SE\norder_amount: 1\n")
    finished = cli("explain", *arguments)

    assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
    assert message in finished.err


def test_process_reads_the_body_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text('market: "SE"\norder_amount: 100\ncaptures: [60]\n')
    ended = [
        subprocess.run(
            [COMMAND, "explain", "-", "--order", "plan.yaml"],
            input=json.dumps({"refunded_amount": amount}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        for amount in (60, 61)
    ]

    assert [each.returncode for each in ended] == [0, 1]
    assert [each.stdout.splitlines()[3].split(":")[0] for each in ended] == ["ACCEPTED", "REFUSED"]


def test_lower_level_of_a_requirement_is_printed_with_its_reason(cli: Cli, tmp_path: Path) -> None:
    odd = {**SHIRT, "type": "gift_card"}
    (tmp_path / "order.json").write_text(json.dumps(PLAN))
    (tmp_path / "body.json").write_text(json.dumps({"refunded_amount": 1, "order_lines": [odd]}))
    printed = cli("explain", "body.json", "--order", "order.json").out

    assert "ACCEPTED: it should be accepted" in printed
    assert "  SHOULD refund.accepted: " in printed
    assert "SHOULD here: the request has what only the description allows." in printed


def test_equal_responses_are_printed_once(cli: Cli, tmp_path: Path) -> None:
    wrong = {**SHIRT, "total_amount": 1}
    (tmp_path / "order.json").write_text(json.dumps(PLAN))
    (tmp_path / "body.json").write_text(json.dumps({"refunded_amount": 1, "order_lines": [wrong]}))
    printed = cli("explain", "body.json", "--order", "order.json").out

    assert printed.count("  403 REFUND_NOT_ALLOWED") == 1


def test_extension_of_an_order_plan_needs_the_offered_options(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text(json.dumps({**PLAN, "market": "SE"}))
    (tmp_path / "body.json").write_text(json.dumps({"number_of_days": 30}))
    printed = cli("explain", "body.json", "--order", "order.json").out

    assert "What the capture offers is not known: read its extension options first." in printed
    assert "REFUSED or accepted: the documentation leaves it open" in printed
