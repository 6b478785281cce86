"""Recordings without times, or by a clock that differs from the server's, accuse nobody wrongly."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.errors import UsageError

from .judged_recordings import BOUND, SHOP, checked, deviating, judged
from .recorded_calls import (
    CAPTURED,
    DENIED,
    OTHER,
    REFUND,
    Entry,
    har,
    lost,
    read,
    refund,
    refunded,
    refused,
    vcr,
)

KEYS = [f"{n}0000000-0000-4000-8000-000000000001" for n in range(2)]
NEW_KEY = ("FAIL", "client.key-kept")
NO_CAPTURE = refused("POST", "/captures", {"captured_amount": 100}, DENIED)
"""An order of the recordings can be captured until the end of 2026."""
OVER = [read(**CAPTURED), refund(3_000), refunded((REFUND, 3_000)), refund(3_000, OTHER)]
TIMES = "no times are recorded, and it depends on one: on Retry-After, or on expires_at"
LIMITED = {"status": 429, "headers": {"Retry-After": "5"}}


def _timeless(entries: Sequence[Entry], only: slice = slice(None), **written: Any) -> str:
    log = har(entries, SHOP)
    for each in log["log"]["entries"][only]:
        del each["startedDateTime"]
        each |= written
    return json.dumps(log)


def _at(date: str) -> list[Entry]:
    return [{**read(), "headers": {"Date": date}}, NO_CAPTURE]


def test_order_that_has_ended_by_the_clock_of_the_server_may_refuse_a_capture(
    tmp_path: Path,
) -> None:
    accused = ("WARN", "capture.accepted")
    ended, open_ = "Mon, 04 Jan 2027 12:00:00 GMT", "Mon, 01 Jun 2026 12:00:00 GMT"

    assert accused not in deviating(checked(tmp_path / "a", _at(ended)))
    assert accused in deviating(checked(tmp_path / "b", _at(open_)))
    assert accused in deviating(checked(tmp_path / "c", _at("yesterday")))


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    "recording",
    [
        _timeless(OVER),
        _timeless(OVER, startedDateTime=None),
        _timeless(OVER, startedDateTime=""),
        _timeless(OVER, slice(1, 2)),
        _timeless(OVER, time=60_000),
        vcr(OVER, SHOP),
    ],
    ids=["no member", "null", "empty", "one missing", "only durations", "a cassette"],
)
def test_order_of_a_file_without_times_is_judged(recording: str, tmp_path: Path) -> None:
    summary = judged(tmp_path, recording)

    assert ("FAIL", BOUND) in deviating(summary)
    assert summary.unjudged == ()


def test_new_key_after_an_unclear_result_shows_without_times(tmp_path: Path) -> None:
    entries = [lost(refund(500), key=KEYS[0]), {**refund(500), "key": KEYS[1]}]

    assert NEW_KEY in deviating(judged(tmp_path, _timeless(entries), "client"))


@pytest.mark.parametrize(
    ("recording", "side"),
    [
        (_timeless([read(), NO_CAPTURE]), "server"),
        (vcr([read(), NO_CAPTURE], SHOP), "server"),
        (
            _timeless(
                [{**refund(500), **LIMITED, "key": KEYS[0]}, {**refund(500), "key": KEYS[0]}]
            ),
            "client",
        ),
    ],
    ids=["a capture, perhaps too late", "a capture in a cassette", "a wait after a 429"],
)
def test_what_depends_on_times_is_not_judged_without_them(
    recording: str, side: str, tmp_path: Path
) -> None:
    summary = judged(tmp_path, recording, side)

    assert deviating(summary) == set()
    assert [(each.reason, each.count) for each in summary.unjudged] == [(TIMES, 1)]


def test_recording_with_an_unreadable_time_is_no_har_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no HAR file"):
        judged(tmp_path, _timeless(OVER, startedDateTime="yesterday"))
