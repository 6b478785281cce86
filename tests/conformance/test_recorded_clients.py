"""Clients at fault that a recording shows, and those that only look like them."""

import json
from pathlib import Path
from typing import Any

import pytest

from .judged_recordings import SHOP, checked, deviating, judged
from .recorded_calls import (
    CAPTURE,
    CAPTURED,
    Entry,
    created,
    entry,
    har,
    lost,
    read,
    refund,
)

AWAY = "https://status.test"
KEYS = [f"{n}0000000-0000-4000-8000-000000000001" for n in range(2)]
SENT = {"Authorization": "Basic bWU6c2VjcmV0"}
KEPT = "client.credentials-kept"
NEW_KEY = ("FAIL", "client.key-kept")
CAPTURE_ONE = created("capture", CAPTURE, {"captured_amount": 1_000})


def _redirected(then: Entry, away: str = AWAY, before: str = SHOP) -> str:
    """A read that is redirected to another server, and what was sent there."""
    target = {"Location": f"{away}/ordermanagement/v1/orders/moved"}
    first = har([{**read(), "extra": SENT}], before)
    moved = har([{**entry("GET", status=307, headers=target), "extra": SENT}], SHOP)
    after = har([then], away)
    after["log"]["entries"][0]["request"]["url"] = target["Location"]
    entries = [first, moved, after]
    for number, each in enumerate(entries):
        each["log"]["entries"][0]["startedDateTime"] = f"2026-06-01T12:00:0{number}Z"
    first["log"]["entries"] = [each["log"]["entries"][0] for each in entries]
    return json.dumps(first)


def _follows(**more: Any) -> Entry:
    return {**entry("GET", answer={}), "extra": SENT, **more}


def test_credentials_that_follow_a_redirect_to_another_server_are_found(tmp_path: Path) -> None:
    assert ("FAIL", KEPT) in deviating(judged(tmp_path, _redirected(_follows()), "client"))


@pytest.mark.parametrize(
    "recording",
    [
        _redirected(_follows(extra={})),
        _redirected(_follows(extra={"Authorization": "***"})),
        _redirected(_follows(extra={"Authorization": "Basic b3RoZXI6c2VjcmV0"})),
        _redirected(_follows(), away="https://eu.shop.example"),
        _redirected(_follows(), before=AWAY),
    ],
    ids=[
        "without credentials",
        "with masked ones",
        "with others",
        "to a host of the same site",
        "to a server that the client knows",
    ],
)
def test_a_redirect_that_takes_no_credentials_away_is_no_failure(
    recording: str, tmp_path: Path
) -> None:
    assert KEPT not in {each for _, each in deviating(judged(tmp_path, recording, "client"))}


def _late(at: str, read_after: tuple[Entry, ...] = (), **texts: str) -> list[Entry]:
    """A refund whose response was lost, and the same one later under another key."""
    sent = refund(500, reference="R-1")
    again = refund(500, **{"reference": "R-1", **texts})
    return [
        read(**CAPTURED),
        lost(sent, key=KEYS[0]),
        *read_after,
        {**again, "key": KEYS[1], "at": at},
    ]


def test_a_refund_with_the_same_reference_is_a_retry_for_a_day(tmp_path: Path) -> None:
    entries = _late("2026-06-02T11:00:00Z")

    assert NEW_KEY in deviating(checked(tmp_path, entries, side="client"))


@pytest.mark.parametrize(
    "entries",
    [
        _late("2026-06-02T13:00:00Z"),
        _late("2026-06-01T12:15:00Z", reference="R-2"),
        _late("2026-06-01T12:15:00Z", reference=""),
        _late("2026-06-01T12:15:00Z", description="the second parcel"),
        _late("2026-06-01T12:15:00Z", (read(**CAPTURED),)),
        [
            read(**CAPTURED),
            lost(refund(500), key=KEYS[0]),
            {**refund(500), "key": KEYS[1], "at": "2026-06-01T12:15:00Z"},
        ],
    ],
    ids=[
        "after more than a day",
        "of another reference",
        "without its reference",
        "with another description",
        "after a read that shows no effect",
        "without any reference",
    ],
)
def test_a_later_refund_may_be_another_one(entries: list[Entry], tmp_path: Path) -> None:
    assert NEW_KEY not in deviating(checked(tmp_path, entries, side="client"))


def test_a_capture_repeated_under_a_new_key_is_found(tmp_path: Path) -> None:
    entries = [read(), lost(CAPTURE_ONE, key=KEYS[0]), {**CAPTURE_ONE, "key": KEYS[1]}]

    assert NEW_KEY in deviating(checked(tmp_path, entries, side="client"))


@pytest.mark.parametrize(
    "entries",
    [
        [read(), lost(CAPTURE_ONE, key=KEYS[0]), {**CAPTURE_ONE, "key": KEYS[0]}],
        [read(), {**CAPTURE_ONE, "key": KEYS[0]}, {**CAPTURE_ONE, "key": KEYS[1]}],
        [read(), CAPTURE_ONE],
    ],
    ids=["repeated under its key", "two captures", "a capture without a key"],
)
def test_an_honest_capture_is_no_failure(entries: list[Entry], tmp_path: Path) -> None:
    assert deviating(checked(tmp_path, entries, side="client")) == set()
