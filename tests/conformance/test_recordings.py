"""Recordings of typical integrations, each with its correct verdict."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from klarna_conformance.cli.options import watched_sides
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.run.keeping import Keeper
from klarna_conformance.traffic.recorded import traffic_facts
from klarna_conformance.traffic.traffic_file import read_traffic
from klarna_conformance.traffic.watched import Watched, judged_traffic
from klarna_reports.record.results import Summary
from klarna_specs.loader import load

from .conftest import Cli
from .recorded_calls import (
    BAD_VALUE,
    CAPTURE,
    CAPTURED,
    DENIED,
    LINE,
    ORDER,
    OTHER,
    OVER,
    REFUND,
    Entry,
    created,
    entry,
    exvcr,
    go_vcr,
    har,
    php_vcr,
    read,
    refund,
    refunded,
    refused,
    refused_refund,
    vcr,
    vcr_compressed,
    wiremock,
    wiremock_export,
    wiremock_states,
)

SPEC = load()
RAISED = {"order_amount": 7_000, "remaining_authorized_amount": 7_000}
ALL = {"captured_amount": 7_000, "remaining_authorized_amount": 0, "status": "CAPTURED"}
ALL["captures"] = [{"capture_id": CAPTURE, "captured_amount": 7_000}]
CAPTURE_ALL = created("capture", CAPTURE, {"captured_amount": 7_000})
PATCH_ALL = entry("PATCH", "/authorization", {"order_amount": 7_000}, 204)
TRY_CAPTURE = refused("POST", "/captures", {"captured_amount": 1_000}, DENIED)
EXPIRED = {"status": "EXPIRED", "remaining_authorized_amount": 0}
TWICE = [(REFUND, 1_000), (OTHER, 1_000)]

HONEST: dict[str, list[Entry]] = {
    "raised and captured": [read(), PATCH_ALL, CAPTURE_ALL, read(**{**RAISED, **ALL})],
    "calls that change nothing": [
        read(**CAPTURED),
        entry("POST", "/acknowledge", None, 204),
        entry("PATCH", "/merchant-references", {"merchant_reference1": "A 1"}, 204),
        entry("POST", f"/captures/{CAPTURE}/trigger-send-out", None, 204),
        read(**CAPTURED),
    ],
    "raised elsewhere, which the last read shows": [
        read(),
        CAPTURE_ALL,
        read(**{**RAISED, **ALL}),
    ],
    "refunded in the portal": [read(**CAPTURED), refunded((OTHER, 1_500))],
    "refunded in the portal before a refund is refused": [
        read(**CAPTURED),
        refused("POST", "/refunds", {"refunded_amount": 4_000}, OVER),
        refunded((OTHER, 1_500)),
    ],
    "refunded in the portal beside a refund": [
        read(**CAPTURED),
        refund(2_000),
        refunded((REFUND, 2_000), (OTHER, 1_500)),
    ],
    "released in the portal": [read(), TRY_CAPTURE, read(remaining_authorized_amount=0)],
    "cancelled in the portal": [
        read(),
        TRY_CAPTURE,
        read(status="CANCELLED", remaining_authorized_amount=0),
    ],
    "released in the portal before a capture of the rest is refused": [
        read(),
        refused("POST", "/captures", {"captured_amount": 5_000}, DENIED),
        read(remaining_authorized_amount=0),
    ],
    "expired between two reads": [read(), TRY_CAPTURE, read(**EXPIRED)],
    "past its date": [read(expires_at="2026-01-01T00:00:00Z"), TRY_CAPTURE],
    "fraud check open": [read(fraud_status="PENDING"), TRY_CAPTURE, read()],
    "read aborted": [read(), entry("GET", status=0), read()],
    "refund aborted and repeated under its key": [
        read(**CAPTURED),
        {**refund(1_000), "key": "k", "status": 0, "headers": {}},
        {**refund(1_000), "key": "k"},
        refunded((REFUND, 1_000)),
    ],
    "unknown member": refused_refund({**LINE, "vat_amount": 5}),
    "unknown member below a line": refused_refund({**LINE, "product_identifiers": {"ean": "1"}}),
    "incomplete subscription": refused_refund({**LINE, "subscription": {"name": "s"}}),
    "unknown type of line": refused_refund({**LINE, "type": "shipping"}),
    "a stale read": [read(**CAPTURED), refund(500), read(**CAPTURED), refunded((REFUND, 500))],
    "an earlier refund without id": [
        refunded(("", 1_000), refunds=[{"refunded_amount": 1_000}]),
        refund(4_000),
    ],
    "extension of a method that is not known": [
        read(**CAPTURED, initial_payment_method={"type": "SWISH"}),
        refused("GET", f"/captures/{CAPTURE}/extend-due-date-options", None, DENIED),
    ],
    "a lost refund repeated under its key after another one": [
        read(**CAPTURED),
        {**refund(1_000), "key": "k", "status": 0, "headers": {}},
        refund(700, OTHER),
        {**refund(1_000), "key": "k"},
        refunded((OTHER, 700), (REFUND, 1_000)),
    ],
    "a refund refused after a lost one that was booked": [
        read(**CAPTURED),
        {**refund(4_000), "key": "k", "status": 0, "headers": {}},
        refused("POST", "/refunds", {"refunded_amount": 2_000}, OVER),
        refund(1_000, OTHER),
        refunded((REFUND, 4_000), (OTHER, 1_000)),
    ],
    "a refund after a lost capture, not read again": [
        read(),
        {**created("capture", CAPTURE, {"captured_amount": 5_000}), "status": 0, "headers": {}},
        refund(5_000),
    ],
    "a capture refused after a lost release": [
        read(),
        entry("POST", "/release-remaining-authorization", status=0),
        TRY_CAPTURE,
        read(remaining_authorized_amount=0),
    ],
    "a request body that was not recorded": [
        read(**CAPTURED),
        {**refund(700), "body": None, "sent": 24},
        refunded((REFUND, 700)),
    ],
    "a masked request body": [
        read(**CAPTURED),
        {**refund(700), "body": "[FILTERED]"},
        refunded((REFUND, 700)),
    ],
    "two refunds under masked keys": [
        read(**CAPTURED),
        {**refund(700), "key": "***"},
        {**refund(700, OTHER), "key": "***"},
        refunded((REFUND, 700), (OTHER, 700)),
    ],
    "a repeat under a masked key": [
        read(**CAPTURED),
        {**refund(700), "key": "<KLARNA_KEY>"},
        {**refund(700), "key": "<KLARNA_KEY>"},
        refunded((REFUND, 700)),
    ],
    "a masked order": [read(**CAPTURED), {**read(), "answer": "[REDACTED]"}],
    "a read from the reader's own copy": [read(**CAPTURED), entry("GET", status=304)],
    "a redirect by a gateway": [read(**CAPTURED), entry("GET", status=302)],
    "captured in the portal long before a refund": [
        read(),
        {**refund(1_000), "at": "2026-06-01T12:45:00Z"},
    ],
    "an error whose body was not recorded": [
        read(**CAPTURED),
        entry("POST", "/refunds", {"refunded_amount": 6_000}, 403, size=80),
    ],
}
BOUND = "refund.within-captured-amount"
Wrong = tuple[str, str, tuple[Entry, ...]]
"""A verdict, its requirement, and the entries that show it."""


def _fails(requirement: str, *entries: Entry) -> Wrong:
    return "FAIL", requirement, entries


def _warns(requirement: str, *entries: Entry) -> Wrong:
    return "WARN", requirement, entries


WRONG: dict[str, Wrong] = {
    "over-refund after earlier refunds": _fails(BOUND, refunded((OTHER, 1_000)), refund(4_500)),
    "over-refund soon after a read of an order with an open rest": _fails(
        BOUND, read(), refund(1_000)
    ),
    "over-refund long after a read of a captured order": _fails(
        BOUND, read(**CAPTURED), {**refund(6_000), "at": "2026-06-01T12:45:00Z"}
    ),
    "over-refund under masked keys": _fails(
        BOUND,
        read(**CAPTURED),
        {**refund(4_000), "key": "REDACTED"},
        {**refund(2_000, OTHER), "key": "REDACTED"},
    ),
    "an offered extension refused": _fails(
        "extension.accepted",
        read(**CAPTURED),
        entry(
            "GET",
            f"/captures/{CAPTURE}/extend-due-date-options",
            answer={"options": [{"number_of_days": 14}], "currency": "SEK"},
        ),
        refused("PATCH", f"/captures/{CAPTURE}/extend-due-date", {"number_of_days": 14}, DENIED),
    ),
    "over-refund with another payment method": _fails(
        BOUND, read(**CAPTURED, initial_payment_method={"type": "BLIK"}), refund(6_000)
    ),
    "capture above a lowered amount": _fails(
        "capture.within-the-order",
        read(),
        entry("PATCH", "/authorization", {"order_amount": 2_000}, 204),
        created("capture", CAPTURE, {"captured_amount": 3_000}),
    ),
    "a change of the amount that does nothing": _fails(
        "order.shows-what-happened", read(), PATCH_ALL, read()
    ),
    "a refund booked twice": _fails(
        "refund.books-amount", read(**CAPTURED), refund(1_000), refunded(*TWICE)
    ),
    "a refund booked twice, without a list": _fails(
        "refund.books-amount", read(**CAPTURED), refund(1_000), refunded(*TWICE, refunds=None)
    ),
    "a refund booked twice under one key after an abort": _fails(
        "refund.replay-booked-once",
        read(**CAPTURED),
        {**refund(1_000), "key": "k", "status": 0, "headers": {}},
        {**refund(1_000), "key": "k"},
        refunded(*TWICE),
    ),
    "a legal refund refused after a lost one that was not booked": _fails(
        "refund.accepted",
        read(**CAPTURED),
        {**refund(4_000), "key": "k", "status": 0, "headers": {}},
        refused("POST", "/refunds", {"refunded_amount": 2_000}, OVER),
        read(**CAPTURED),
    ),
    "over-refund after a lost refund": _fails(
        BOUND, read(**CAPTURED), {**refund(1_000), "status": 0, "headers": {}}, refund(6_000, OTHER)
    ),
    "a refund booked twice under one key, read while the first call waits": _fails(
        "refund.replay-booked-once",
        read(**CAPTURED),
        {**refund(1_000), "key": "k", "status": 0, "headers": {}, "took_ms": 30_000},
        {**refund(1_000), "key": "k"},
        refunded(*TWICE),
    ),
    "a refund that is not booked": _fails(
        "refund.books-amount", read(**CAPTURED), refund(1_000), read(**CAPTURED)
    ),
    "a refund that disappears": _fails(
        "order.shows-what-happened", refunded((REFUND, 1_000)), read(**CAPTURED)
    ),
    "a refused refund that is booked": _fails(
        "refund.refusal-changes-nothing",
        read(**CAPTURED),
        refused("POST", "/refunds", {"refunded_amount": 6_000}, OVER),
        refunded((OTHER, 6_000)),
    ),
    "a release that is refused": _fails(
        "release.accepted",
        read(
            **{**CAPTURED, "order_amount": 9_000, "remaining_authorized_amount": 4_000},
            original_order_amount=9_000,
        ),
        refused("POST", "/release-remaining-authorization", None, DENIED),
    ),
    "a legal refund in conflict with nothing": _fails(
        "refund.accepted",
        read(**CAPTURED),
        refused("POST", "/refunds", {"refunded_amount": 1}, {"error_code": "CONFLICT"}, 409),
    ),
    "a failure before the first read": _fails(
        "order.no-server-error", entry("GET", status=500), read()
    ),
    "a documented member of a capture refused": _warns(
        "capture.accepted",
        read(),
        refused(
            "POST",
            "/captures",
            {"captured_amount": 500, "shipping_info": [{"tracking_number": "1"}]},
            BAD_VALUE,
            400,
        ),
    ),
    "a capture of an expired order": _warns(
        "capture.not-after-expiry",
        read(status="EXPIRED"),
        created("capture", CAPTURE, {"captured_amount": 500}),
    ),
}


def _judged(file: Path, side: str = "server") -> Summary:
    traffic = read_traffic(file)
    facts = traffic_facts(SPEC, traffic, name=file.name)
    watched, sides = Watched(facts=facts, traffic=tuple(traffic)), watched_sides(SPEC, side, ())
    keeper = Keeper(SPEC, file.parent / "report")
    for event in judged_traffic(SPEC, watched, Recorder(Redactor(())), sides=sides):
        keeper(event)
    return keeper.report()


def _checked(
    folder: Path, entries: Sequence[Entry], base: str = "https://shop.example", side: str = "server"
) -> Summary:
    file = folder / "traffic.har"
    file.write_text(json.dumps(har(entries, base)))
    return _judged(file, side)


def _deviating(summary: Summary) -> set[tuple[str, str]]:
    bad = (r for r in summary.requirements if r.verdict in ("FAIL", "WARN"))
    return {(r.verdict, r.id) for r in bad}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_server_is_not_accused_by_a_recording(name: str, tmp_path: Path) -> None:
    summary = _checked(tmp_path, HONEST[name])

    assert _deviating(summary) - {("WARN", "refund.error-message-told")} == set()
    assert summary.exchanges > 0


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_server_is_found_in_a_recording(name: str, tmp_path: Path) -> None:
    verdict, requirement, entries = WRONG[name]

    assert (verdict, requirement) in _deviating(_checked(tmp_path, entries))


@pytest.mark.parametrize("base", ["https://shop.example/", "https://gateway.example/klarna"])
def test_a_path_prefix_or_a_second_slash_makes_no_difference(base: str, tmp_path: Path) -> None:
    entries = [read(**CAPTURED), refund(6_000), refunded((REFUND, 6_000))]

    assert ("FAIL", BOUND) in _deviating(_checked(tmp_path, entries, base))


def test_a_change_made_elsewhere_is_info_with_its_reason(tmp_path: Path) -> None:
    summary = _checked(tmp_path, HONEST["refunded in the portal"])
    found = next(r for r in summary.requirements if r.id == "order.changed-elsewhere")

    assert (found.verdict, "refund of 1500" in found.reason) == ("INFO", True)


def test_unjudged_requests_are_listed_with_their_reason(tmp_path: Path) -> None:
    elsewhere = {**entry("GET"), "suffix": "/customer-service"}
    summary = _checked(tmp_path, [refund(100), read(**CAPTURED), elsewhere])
    listed = json.loads((tmp_path / "report" / "run.json").read_text())["unjudged"]

    assert [(each.count, each.reason) for each in summary.unjudged] == [
        (1, "it came before the order was first read, so its state is not known"),
        (1, "it is not a documented call on an order"),
    ]
    assert [each["reason"] for each in listed] == [each.reason for each in summary.unjudged]
    assert summary.unjudged[1].reason in (tmp_path / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    "name",
    [
        "a request body that was not recorded",
        "a masked request body",
        "two refunds under masked keys",
        "a repeat under a masked key",
    ],
)
def test_parts_missing_in_a_recording_violate_nothing(name: str, tmp_path: Path) -> None:
    assert _deviating(_checked(tmp_path, HONEST[name], side="client")) == set()


def test_an_over_refund_at_a_second_server_is_found(tmp_path: Path) -> None:
    first = har([read(**CAPTURED), read(**CAPTURED)], "https://eu.example")
    second = har(WRONG["over-refund with another payment method"][2], "https://na.example")
    file = tmp_path / "traffic.har"
    first["log"]["entries"] += second["log"]["entries"]
    file.write_text(json.dumps(first))

    assert ("FAIL", BOUND) in _deviating(_judged(file))


def test_a_key_is_used_at_each_server_by_itself(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), {**refund(100), "key": ORDER}]
    first, second = (har(entries, f"https://{place}.example") for place in ("eu", "na"))
    file = tmp_path / "traffic.har"
    first["log"]["entries"] += second["log"]["entries"]
    file.write_text(json.dumps(first))

    assert _deviating(_judged(file, "client")) == set()


def test_a_browsers_preflight_is_not_a_call_of_the_client(tmp_path: Path) -> None:
    extra = {"Access-Control-Request-Method": "POST"}
    preflight = {**entry("OPTIONS", "/refunds", status=204), "extra": extra}

    assert _deviating(_checked(tmp_path, [read(), preflight], side="client")) == set()


def test_an_unknown_type_of_line_is_a_warning_for_the_client(tmp_path: Path) -> None:
    summary = _checked(tmp_path, HONEST["unknown type of line"], side="client")

    assert ("WARN", "client.known-members") in _deviating(summary)


def test_mappings_of_a_scenario_are_ordered_by_its_states(tmp_path: Path) -> None:
    file = tmp_path / "recorded"
    entries = [read(**CAPTURED), refund(500), refunded((REFUND, 500))]
    file.write_text(wiremock_states(entries, "https://shop.example"))
    summary = _judged(file)

    assert "FAIL" not in {verdict for verdict, _ in _deviating(summary)}
    assert [each.reason for each in summary.unjudged] == ["it names no address, but a pattern"]


WRITTEN = [
    vcr,
    vcr_compressed,
    php_vcr,
    exvcr,
    go_vcr,
    wiremock,
    wiremock_states,
    wiremock_export,
]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("written", WRITTEN)
def test_cassettes_and_mappings_are_judged_like_har(
    written: Callable[[Sequence[Entry], str], str], mark: str, tmp_path: Path
) -> None:
    file = tmp_path / "recorded"
    file.write_text(
        mark + written([refunded((OTHER, 1_000)), refund(4_500)], "https://shop.example")
    )

    assert ("FAIL", BOUND) in _deviating(_judged(file))


def test_exported_mappings_are_judged_in_the_order_of_their_recording(tmp_path: Path) -> None:
    file = tmp_path / "recorded"
    entries = [read(**CAPTURED), refund(500), refunded((REFUND, 500))]
    file.write_text(wiremock_export(entries, "https://shop.example"))

    assert "FAIL" not in {verdict for verdict, _ in _deviating(_judged(file))}


def test_headers_that_no_mapping_names_are_unknown(tmp_path: Path) -> None:
    file = tmp_path / "recorded"
    file.write_text(wiremock([read(**CAPTURED), refund(500)], "https://shop.example"))

    assert _deviating(_judged(file, "client")) == set()


STUBS = {
    "its response is not in the file": {"proxyBaseUrl": "https://api.example"},
    "its response is a template": {"jsonBody": {"order_id": "{{request.pathSegments.[3]}}"}},
}


@pytest.mark.parametrize("reason", STUBS)
def test_mappings_with_a_computed_response_are_listed(reason: str, tmp_path: Path) -> None:
    request = {"method": "GET", "url": f"/ordermanagement/v1/orders/{ORDER}"}
    file = tmp_path / "recorded"
    file.write_text(json.dumps({"request": request, "response": STUBS[reason]}))
    summary = _judged(file)

    assert (_deviating(summary), [each.reason for each in summary.unjudged]) == (set(), [reason])


def test_a_fault_of_wiremock_is_a_call_without_a_response(tmp_path: Path) -> None:
    mapped = json.loads(wiremock([read(**CAPTURED), refund(500)], "https://shop.example"))
    mapped["mappings"][1]["response"] = {"fault": "CONNECTION_RESET_BY_PEER"}
    file = tmp_path / "recorded"
    file.write_text(json.dumps(mapped))

    assert "FAIL" not in {verdict for verdict, _ in _deviating(_judged(file))}


def test_an_entry_that_is_in_the_file_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    exported = har([read(**CAPTURED), refund(500), refunded((REFUND, 500))], "https://shop.example")
    exported["log"]["entries"] *= 2
    file.write_text(json.dumps(exported))

    assert _deviating(_judged(file)) == set()


def test_a_default_port_and_an_id_in_capitals_are_the_same_order(tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    exported = har([read(**CAPTURED), refund(6_000)], "https://shop.example")
    order = exported["log"]["entries"][1]["request"]
    order["url"] = order["url"].replace("shop.example", "SHOP.example:443")
    capitals = "A0000000-B000-4000-8000-00000000000C"
    text = json.dumps(exported).replace(ORDER, capitals.lower())
    file.write_text(text.replace(capitals.lower() + '/refunds"', capitals + '/refunds"'))

    assert ("FAIL", BOUND) in _deviating(_judged(file))


def _sent_by(name: str, entry: Entry) -> Entry:
    return {**entry, "extra": {"Authorization": f"Basic {name}"}}


def test_a_refusal_to_another_merchant_is_not_judged(tmp_path: Path) -> None:
    unknown = refused("POST", "/refunds", {"refunded_amount": 100}, {"error_code": "NO_SUCH_ORDER"})
    entries = [_sent_by("a", read(**CAPTURED)), _sent_by("b", {**unknown, "status": 404})]
    summary = _checked(tmp_path, entries)

    assert _deviating(summary) == set()
    assert [each.reason for each in summary.unjudged] == [
        "it was refused to credentials that never had access to the order"
    ]


def test_a_refusal_to_another_user_of_the_merchant_is_judged(tmp_path: Path) -> None:
    users = [("a", read(**CAPTURED)), ("b", read(**CAPTURED))]
    wrong = refused("POST", "/refunds", {"refunded_amount": 100}, OVER)
    entries = [_sent_by(name, entry) for name, entry in (*users, ("b", wrong))]

    assert ("FAIL", "refund.accepted") in _deviating(_checked(tmp_path, entries))


def test_traffic_with_a_host_of_kustom_is_judged_by_its_profile(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    options = f"/captures/{CAPTURE}/extend-due-date-options"
    missing = refused("GET", options, None, {"error_code": "NOT_FOUND"}, 404)
    file.write_text(json.dumps(har([read(**CAPTURED), missing], "https://api.kustom.co")))
    cli("check", file, "--output", tmp_path / "report")
    record = json.loads((tmp_path / "report" / "run.json").read_text())

    assert (record["profile"], record["counts"]["FAIL"]) == ("kustom", 0)


def test_check_prints_the_number_of_unjudged_requests(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps(har([refund(100)], "https://shop.example")))
    finished = cli("check", file, "--output", tmp_path / "report")

    assert "NOT JUDGED 1 request" in finished.out
