"""Whose traffic a recording has, and which part of it is judged."""

import json
from pathlib import Path

import pytest

from .conftest import Cli
from .judged_recordings import BOUND, SHOP, checked, deviating, judged
from .recorded_calls import (
    CAPTURE,
    CAPTURED,
    ORDER,
    OVER,
    REFUND,
    Entry,
    entry,
    har,
    read,
    refund,
    refunded,
    refused,
)


@pytest.mark.parametrize("base", ["https://shop.example/", "https://gateway.example/klarna"])
def test_a_path_prefix_or_a_second_slash_makes_no_difference(base: str, tmp_path: Path) -> None:
    entries = [read(**CAPTURED), refund(6_000), refunded((REFUND, 6_000))]

    assert ("FAIL", BOUND) in deviating(checked(tmp_path, entries, base))


def test_an_over_refund_at_a_second_server_is_found(tmp_path: Path) -> None:
    first = har([read(**CAPTURED), read(**CAPTURED)], "https://eu.example")
    second = har([read(**CAPTURED), refund(6_000)], "https://na.example")
    first["log"]["entries"] += second["log"]["entries"]

    assert ("FAIL", BOUND) in deviating(judged(tmp_path, json.dumps(first)))


def test_a_key_is_used_at_each_server_by_itself(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), {**refund(100), "key": ORDER}]
    first, second = (har(entries, f"https://{place}.example") for place in ("eu", "na"))
    first["log"]["entries"] += second["log"]["entries"]

    assert deviating(judged(tmp_path, json.dumps(first), "client")) == set()


def test_a_browsers_preflight_is_not_a_call_of_the_client(tmp_path: Path) -> None:
    extra = {"Access-Control-Request-Method": "POST"}
    preflight = {**entry("OPTIONS", "/refunds", status=204), "extra": extra}

    assert deviating(checked(tmp_path, [read(), preflight], side="client")) == set()


def test_an_entry_that_is_in_the_file_twice_counts_once(tmp_path: Path) -> None:
    exported = har([read(**CAPTURED), refund(500), refunded((REFUND, 500))], SHOP)
    exported["log"]["entries"] *= 2

    assert deviating(judged(tmp_path, json.dumps(exported))) == set()


def test_a_default_port_and_an_id_in_capitals_are_the_same_order(tmp_path: Path) -> None:
    exported = har([read(**CAPTURED), refund(6_000)], SHOP)
    order = exported["log"]["entries"][1]["request"]
    order["url"] = order["url"].replace("shop.example", "SHOP.example:443")
    capitals = "A0000000-B000-4000-8000-00000000000C"
    text = json.dumps(exported).replace(ORDER, capitals.lower())
    text = text.replace(capitals.lower() + '/refunds"', capitals + '/refunds"')

    assert ("FAIL", BOUND) in deviating(judged(tmp_path, text))


def _sent_by(name: str, entry: Entry) -> Entry:
    return {**entry, "extra": {"Authorization": f"Basic {name}"}}


def test_a_refusal_to_another_merchant_is_not_judged(tmp_path: Path) -> None:
    unknown = refused("POST", "/refunds", {"refunded_amount": 100}, {"error_code": "NO_SUCH_ORDER"})
    entries = [_sent_by("a", read(**CAPTURED)), _sent_by("b", {**unknown, "status": 404})]
    summary = checked(tmp_path, entries)

    assert deviating(summary) == set()
    assert [each.reason for each in summary.unjudged] == [
        "it was refused to credentials that never had access to the order"
    ]


def test_a_refusal_to_another_user_of_the_merchant_is_judged(tmp_path: Path) -> None:
    users = [("a", read(**CAPTURED)), ("b", read(**CAPTURED))]
    wrong = refused("POST", "/refunds", {"refunded_amount": 100}, OVER)
    entries = [_sent_by(name, entry) for name, entry in (*users, ("b", wrong))]

    assert ("FAIL", "refund.accepted") in deviating(checked(tmp_path, entries))


def test_traffic_with_a_host_of_kustom_is_judged_by_its_profile(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    options = f"/captures/{CAPTURE}/extend-due-date-options"
    missing = refused("GET", options, None, {"error_code": "NOT_FOUND"}, 404)
    file.write_text(json.dumps(har([read(**CAPTURED), missing], "https://api.kustom.co")))
    cli("check", file, "--output", tmp_path / "report")
    record = json.loads((tmp_path / "report" / "run.json").read_text())

    assert (record["profile"], record["counts"]["FAIL"]) == ("kustom", 0)


def test_unjudged_requests_are_listed_with_their_reason(tmp_path: Path) -> None:
    elsewhere = {**entry("GET"), "suffix": "/customer-service"}
    summary = checked(tmp_path, [refund(100), read(**CAPTURED), elsewhere])
    listed = json.loads((tmp_path / "report" / "run.json").read_text())["unjudged"]

    assert [(each.count, each.reason) for each in summary.unjudged] == [
        (1, "it came before the order was first read, so its state is not known"),
        (1, "it is not a documented call on an order"),
    ]
    assert [each["reason"] for each in listed] == [each.reason for each in summary.unjudged]
    assert summary.unjudged[1].reason in (tmp_path / "report" / "report.html").read_text()


def test_check_prints_the_number_of_unjudged_requests(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps(har([refund(100)], SHOP)))
    finished = cli("check", file, "--output", tmp_path / "report")

    assert "NOT JUDGED 1 request" in finished.out
