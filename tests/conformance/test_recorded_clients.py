"""Clients at fault that a recording shows, and those that only look like them."""

import json
from pathlib import Path
from typing import Any

import pytest

from .judged_recordings import SHOP, checked, deviating, judged
from .recorded_calls import (
    CAPTURE,
    CAPTURED,
    OTHER,
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


def _broken(status: int, **response: Any) -> str:
    """A refund whose response broke off, and the same one under another key."""
    recording = har([{**refund(500), "key": key} for key in KEYS], SHOP)
    answer = recording["log"]["entries"][0]["response"]
    answer |= {"status": status, **response}
    answer["headers"].append({"name": "Content-Length", "value": "80"})
    return json.dumps(recording)


@pytest.mark.parametrize(
    ("recording", "retried"),
    [
        (_broken(499), True),
        (_broken(201, _error="net::ERR_CONTENT_LENGTH_MISMATCH"), True),
        (_broken(201, _failureText="net::ERR_INCOMPLETE_CHUNKED_ENCODING"), True),
        (_broken(201, bodySize=40), True),
        (_broken(201, bodySize=80), False),
        (_broken(201, bodySize=-1, content={"text": "", "size": 80}), False),
        (_broken(201, _error=None), False),
    ],
    ids=["499", "Chrome", "Playwright", "too short", "whole", "cut by the recorder", "no error"],
)
def test_a_new_key_after_a_response_that_broke_off_is_found(
    recording: str, retried: bool, tmp_path: Path
) -> None:
    assert (NEW_KEY in deviating(judged(tmp_path, recording, "client"))) is retried


def _hedged(*, answered: bool) -> list[Entry]:
    """A refund whose response takes half a minute, and meanwhile the same under another key."""
    slow = {**refund(500), "key": KEYS[0], "took_ms": 30_000, "at": "2026-06-01T12:00:01Z"}
    hedge = {**refund(500, OTHER), "key": KEYS[1], "at": "2026-06-01T12:00:02Z"}
    return [read(**CAPTURED), slow if answered else lost(slow), hedge]


def test_a_hedged_refund_is_found_where_the_first_response_never_came(tmp_path: Path) -> None:
    assert NEW_KEY in deviating(checked(tmp_path, _hedged(answered=False), side="client"))
    assert NEW_KEY not in deviating(checked(tmp_path, _hedged(answered=True), side="client"))


def test_one_key_with_two_descriptions_is_a_warning(tmp_path: Path) -> None:
    texts = ("a coat", "a hat")
    entries = [{**refund(500, description=text), "key": KEYS[0]} for text in texts]
    shared = ("WARN", "client.key-of-its-own")

    assert shared in deviating(checked(tmp_path, entries, side="client"))
    assert shared not in deviating(checked(tmp_path, entries[:1] * 2, side="client"))
