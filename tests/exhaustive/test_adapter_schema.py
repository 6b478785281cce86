"""The published schema of the lines between the program and an adapter."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import klarna_conformance
from klarna_conformance.adapter_protocol import adapter_schema, schema_text

from ..conformance.conftest import Cli

PUBLISHED = Path(klarna_conformance.__file__).parent / "schemas" / "adapter.schema.json"
TEE = Path(__file__).parents[1] / "conformance" / "certify" / "tee.py"
REFERENCE = (sys.executable, "-m", "klarna_conformance.wrong.reference_adapter")
VALIDATOR = jsonschema.Draft202012Validator(adapter_schema())
READY = {"client": "acme 1.2", "operations": ["refundOrder"]}


def test_the_published_schema_is_that_of_the_types() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(adapter_schema())


def test_every_line_of_a_conversation_is_as_the_schema_says(cli: Cli, tmp_path: Path) -> None:
    options = ("--faults", "lost,error", "--examples", 0, "--timeout", "200ms")
    log = tmp_path / "conversation"
    finished = cli("client", *options, "--", sys.executable, TEE, log, *REFERENCE)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    outcomes = {line.get("outcome") for line in lines}

    assert finished.code == 0
    assert {"done", "refused", "unknown", "unsupported"} <= outcomes
    assert [line for line in lines if not VALIDATOR.is_valid(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        {"id": 1, "outcome": "done"},
        {"id": 1, "outcome": "done", "refund_id": None},
        {"id": 1, "outcome": "done", "options": [{"amount": 0, "number_of_days": 10}]},
        {"id": 1, "outcome": "refused", "error_code": "NOT_ALLOWED", "error_messages": ["no"]},
        {"id": 1, "outcome": "unknown", "something": "new"},
        {"id": 1, "outcome": "unsupported"},
        {"ready": READY},
        {"hello": {"base_url": "http://a", "username": "u", "password": "p", "timeout_s": 1}},
        {"id": 1, "operation": "refundOrder", "order_id": "o", "arguments": {"refunded_amount": 1}},
    ],
)
def test_a_right_line_is_right(line: Any) -> None:
    VALIDATOR.validate(line)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param([], id="no object"),
        pytest.param({}, id="nothing"),
        pytest.param({"outcome": "done"}, id="no id"),
        pytest.param({"id": "1", "outcome": "done"}, id="an id that is a text"),
        pytest.param({"id": 1, "outcome": "success"}, id="no such outcome"),
        pytest.param({"id": 1, "outcome": "done", "refund_id": 7}, id="an id of another type"),
        pytest.param({"id": 1, "outcome": "done", "options": ["10 days"]}, id="odd options"),
        pytest.param({"id": 1, "outcome": "refused", "error_messages": "no"}, id="one message"),
        pytest.param({"ready": True}, id="ready with nothing"),
        pytest.param({"ready": {"client": "acme"}}, id="ready without operations"),
        pytest.param({"ready": {**READY, "operations": ["refund"]}}, id="no such operation"),
        pytest.param({"hello": {"base_url": "http://a"}}, id="a greeting without credentials"),
        pytest.param({"id": 1, "operation": "refundOrder"}, id="an instruction without an order"),
    ],
)
def test_a_wrong_line_is_wrong(line: Any) -> None:
    assert not VALIDATOR.is_valid(line)
