"""Recordings whose bodies have masks in place of some values."""

from pathlib import Path
from typing import Any

import pytest

from .judged_recordings import checked, deviating
from .recorded_calls import (
    CAPTURED,
    LINE,
    OTHER,
    OVER,
    REFUND,
    Entry,
    entry,
    read,
    refund,
    refunded,
)

MASKS = ["***", "[REDACTED]", "<hidden>", "xxxx", "wc_****12"]
TEXT = "12 coats"


def _shown(**more: Any) -> Entry:
    resource = {"refund_id": REFUND, "refunded_amount": 700, "description": TEXT, **more}
    return entry("GET", f"/refunds/{REFUND}", answer=resource)


def _refund(amount: Any = 700, **more: Any) -> Entry:
    return refund(amount, **{"description": TEXT, **more})


def _masked(mask: str) -> dict[str, list[Entry]]:
    """Recordings of an honest server, by what is masked."""
    before, after = read(**CAPTURED), refunded((REFUND, 700))
    line = {**LINE, "name": mask}
    error = {**OVER, "correlation_id": mask}
    return {
        "the text of a request": [before, _refund(description=mask), _shown(), after],
        "the text of a response": [before, _refund(), _shown(description=mask), after],
        "the name of a line": [
            before,
            _refund(order_lines=[line]),
            _shown(order_lines=[LINE]),
            after,
        ],
        "the amount of a request": [before, _refund(mask), after, after],
        "the amount of a refund": [before, _refund(), _shown(refunded_amount=mask), after],
        "a price in a response": [
            before,
            _refund(order_lines=[LINE]),
            _shown(order_lines=[{**LINE, "unit_price": mask}]),
            after,
        ],
        "the id of an order": [before, _refund(), refunded((REFUND, 700), order_id=mask)],
        "the correlation ids of errors": [
            before,
            *(2 * [entry("POST", "/refunds", {"refunded_amount": 9_000}, 403, answer=error)]),
            before,
        ],
        "the text of a refund by others": [
            before,
            _refund(reference=mask),
            refunded((REFUND, 700), (OTHER, 700)),
        ],
    }


@pytest.mark.parametrize("name", _masked(""))
@pytest.mark.parametrize("mask", MASKS[:4])
def test_a_masked_value_is_unknown(mask: str, name: str, tmp_path: Path) -> None:
    assert deviating(checked(tmp_path, _masked(mask)[name])) == set()


@pytest.mark.parametrize("mask", MASKS)
def test_a_masked_text_is_not_compared(mask: str, tmp_path: Path) -> None:
    other = [read(**CAPTURED), _refund(description=TEXT), _shown(description="a hat")]

    assert deviating(checked(tmp_path, _masked(mask)["the text of a request"])) == set()
    assert ("FAIL", "refund.text-kept") in deviating(checked(tmp_path, other))


def test_what_is_beside_a_masked_text_is_compared(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), _refund(description="***"), refunded((REFUND, 900))]

    assert ("FAIL", "refund.books-amount") in deviating(checked(tmp_path, entries))


def test_a_text_in_a_wrong_encoding_is_a_warning(tmp_path: Path) -> None:
    wrong = "Rückgabe".encode().decode("latin-1")
    entries = [read(**CAPTURED), _refund(description="Rückgabe"), _shown(description=wrong)]

    assert deviating(checked(tmp_path, entries)) == {("WARN", "refund.text-kept")}
