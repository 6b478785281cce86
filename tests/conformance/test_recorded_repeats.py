"""Calls repeated with their key, on orders that a recording does not show when they were sent."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli
from .recorded_calls import CAPTURED, OTHER, Entry, har, read, refund

ALIKE = "refund.replay-answered-alike"
KEYED = {**refund(1_000), "key": "k", "at": "2026-06-01T12:00:00Z"}
SECOND = {**refund(1_000, OTHER), "key": "k", "at": "2026-06-01T12:00:02Z"}


def _verdict(cli: Cli, folder: Path, entries: Sequence[Entry]) -> str:
    file = folder / "traffic.har"
    file.write_text(json.dumps(har(entries, "https://shop.example")))
    cli("check", file, "--side", "server", "--output", folder / "checked")
    summary: dict[str, Any] = json.loads((folder / "checked" / "run.json").read_text())
    return next(each["verdict"] for each in summary["requirements"] if each["id"] == ALIKE)


def test_two_refunds_under_one_key_fail_though_no_order_is_read(cli: Cli, tmp_path: Path) -> None:
    assert _verdict(cli, tmp_path, [KEYED, SECOND]) == "FAIL"


def test_two_refunds_under_one_key_fail_before_the_order_is_read(cli: Cli, tmp_path: Path) -> None:
    later = {**read(**CAPTURED), "at": "2026-06-01T12:00:09Z"}

    assert _verdict(cli, tmp_path, [KEYED, SECOND, later]) == "FAIL"


@pytest.mark.parametrize(
    "changed",
    [
        {**KEYED, "at": "2026-06-01T12:00:02Z"},
        {"key": "another"},
        {"key": "***"},
        {"body": {"refunded_amount": 2_000}},
        {"body": "[FILTERED]"},
        {"at": "2026-06-02T12:00:01Z"},
    ],
    ids=[
        "the first answer",
        "another key",
        "a masked key",
        "another body",
        "a masked body",
        "a day later",
    ],
)
def test_a_second_response_that_may_be_right_is_no_failure(
    changed: dict[str, Any], cli: Cli, tmp_path: Path
) -> None:
    assert _verdict(cli, tmp_path, [KEYED, {**SECOND, **changed}]) == "NOT_RUN"
