"""Recordings of which a part was cut, masked or left out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .judged_recordings import SHOP, checked, deviating, judged
from .recorded_calls import (
    CAPTURED,
    ORDER,
    OTHER,
    OVER,
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

KEYS = [f"{n}0000000-0000-4000-8000-000000000001" for n in range(3)]
REFUNDS: list[Entry] = [
    read(**CAPTURED),
    {**refund(500), "key": KEYS[0]},
    {**refused("POST", "/refunds", {"refunded_amount": 6_000}, OVER), "key": KEYS[1]},
    {**refund(700, OTHER), "key": KEYS[2]},
    refunded((REFUND, 500), (OTHER, 700)),
]
REPEATED: list[Entry] = [
    read(**CAPTURED),
    lost(refund(500), key=KEYS[0]),
    {**refund(500), "key": KEYS[0]},
    refunded((REFUND, 500)),
]
Recording = dict[str, Any]


def _cut_responses(entry: Recording) -> None:
    text = entry["response"]["content"]["text"]
    entry["response"]["content"] = {"text": text[:30], "size": len(text)}


def _cut_requests(entry: Recording) -> None:
    if posted := entry["request"].get("postData"):
        posted["text"] = posted["text"][:10]


def _emptied_requests(entry: Recording) -> None:
    if posted := entry["request"].get("postData"):
        posted["text"] = ""


def _without_headers(entry: Recording) -> None:
    entry["response"]["headers"] = []


def _allowed_headers(entry: Recording) -> None:
    headers = entry["response"]["headers"]
    dated = {"name": "Date", "value": "Mon, 01 Jun 2026 12:00:00 GMT"}
    entry["response"]["headers"] = [
        *(each for each in headers if each["name"] == "Content-Type"),
        dated,
    ]


def _masked_ids(entry: Recording) -> None:
    for header in entry["response"]["headers"]:
        if header["name"] in ("Refund-Id", "Location"):
            header["value"] = "***"


def _partly_masked_location(entry: Recording) -> None:
    for header in entry["response"]["headers"]:
        masked = f"{SHOP}/ordermanagement/v1/orders/{ORDER}/refunds/%3CREFUND_ID%3E"
        header["value"] = {"Refund-Id": "<REFUND_ID>", "Location": masked}.get(
            header["name"], header["value"]
        )


def _recorded(entries: list[Entry], change: Callable[[Recording], None]) -> str:
    recording = har(entries, SHOP)
    for each in recording["log"]["entries"]:
        change(each)
    return json.dumps(recording)


@pytest.mark.parametrize(
    "change",
    [
        _cut_requests,
        _emptied_requests,
        _without_headers,
        _allowed_headers,
        _masked_ids,
        _partly_masked_location,
    ],
)
def test_what_was_left_out_accuses_nobody(
    change: Callable[[Recording], None], tmp_path: Path
) -> None:
    summary = judged(tmp_path, _recorded(REFUNDS, change), "both")

    assert deviating(summary) == set()
    assert summary.exchanges > 0


def test_the_beginning_of_a_response_accuses_nobody(tmp_path: Path) -> None:
    recording = json.loads(_recorded(REFUNDS, lambda entry: None))
    for place in (2, 4):
        _cut_responses(recording["log"]["entries"][place])

    assert deviating(judged(tmp_path, json.dumps(recording), "both")) == set()


@pytest.mark.parametrize("response", [None, {"status": None}, {"status": -1}])
def test_a_response_that_is_null_never_came(response: Any, tmp_path: Path) -> None:
    recording = har(REPEATED, SHOP)
    recording["log"]["entries"][1]["response"] = response

    assert deviating(judged(tmp_path, json.dumps(recording), "both")) == set()


def test_a_cassette_with_hardly_any_headers_accuses_nobody(tmp_path: Path) -> None:
    cassette = yaml.safe_load(vcr(REFUNDS, SHOP))
    for each in cassette["interactions"]:
        each["response"]["headers"] = {"Content-Type": ["application/json"]}

    assert deviating(judged(tmp_path, yaml.safe_dump(cassette))) == set()


def test_an_order_whose_id_is_masked_is_listed_with_its_reason(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), refund(500), read(**{**CAPTURED, "captured_amount": 1})]
    summary = judged(tmp_path, json.dumps(har(entries, SHOP)).replace(ORDER, "<ORDER_ID>"), "both")

    assert deviating(summary) == set()
    assert [(each.reason, each.count) for each in summary.unjudged] == [
        ("an id in its path is not recorded", 3)
    ]


def _broken_order(entry: Recording) -> None:
    text = entry["response"]["content"]["text"][:-1]
    entry["response"]["content"] = {"text": text, "size": len(text)}


def _without_location(entry: Recording) -> None:
    headers = entry["response"]["headers"]
    entry["response"]["headers"] = [each for each in headers if each["name"] != "Location"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_broken_order, ("WARN", "order.body")),
        (_without_location, ("FAIL", "refund.location-header")),
    ],
)
def test_what_a_server_left_out_is_found(
    change: Callable[[Recording], None], found: tuple[str, str], tmp_path: Path
) -> None:
    recording = json.loads(_recorded(REFUNDS, lambda entry: None))
    for each in recording["log"]["entries"][1:]:
        change(each)

    assert found in deviating(judged(tmp_path, json.dumps(recording)))


def test_a_request_that_is_cut_by_the_client_is_malformed(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), {**refund(500), "body": '{"refunded_am'}]

    assert ("FAIL", "client.well-formed") in deviating(checked(tmp_path, entries, side="client"))


def test_faults_of_the_client_and_of_the_server_are_two_causes(tmp_path: Path) -> None:
    entries = [
        read(**CAPTURED),
        lost(refund(500), status=500, key=KEYS[0]),
        lost(refund(500), status=500, key=KEYS[1]),
        {**refund(500), "key": KEYS[2]},
        refunded((REFUND, 500)),
    ]
    causes = checked(tmp_path, entries, side="both").causes

    assert {cause.root for cause in causes} >= {"refund.no-server-error", "client.key-kept"}
