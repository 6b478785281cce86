"""Recordings of typical integrations, each with its correct verdict."""

import base64
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

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

Entry = dict[str, Any]
SPEC = load()
ORDER, CAPTURE, REFUND = (f"{n}0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
OTHER = "40000000-0000-4000-8000-000000000004"
CAPTURED = {
    "captured_amount": 5_000,
    "remaining_authorized_amount": 0,
    "status": "CAPTURED",
    "captures": [{"capture_id": CAPTURE, "captured_amount": 5_000}],
}
LINE = {"name": "Goods", "quantity": 1, "unit_price": 700, "total_amount": 700}
BAD_VALUE = {"error_code": "BAD_VALUE", "error_messages": ["Bad value: order_lines[0]"]}
DENIED = {"error_code": "CAPTURE_NOT_ALLOWED", "error_messages": ["Capture not allowed."]}
OVER = {"error_code": "REFUND_NOT_ALLOWED", "error_messages": ["Over refund is not allowed."]}


def _entry(
    method: str, suffix: str = "", body: Any = None, status: int = 200, **response: Any
) -> Entry:
    return {"method": method, "suffix": suffix, "body": body, "status": status, **response}


def _read(**shown: Any) -> Entry:
    """A read of an order of 5000 without captures, except for `shown`."""
    order = {
        "order_id": ORDER,
        "status": "AUTHORIZED",
        "fraud_status": "ACCEPTED",
        "order_amount": 5_000,
        "original_order_amount": 5_000,
        "captured_amount": 0,
        "refunded_amount": 0,
        "remaining_authorized_amount": 5_000,
        "purchase_country": "SE",
        "purchase_currency": "SEK",
        "expires_at": "2027-01-01T00:00:00Z",
        "captures": [],
        "refunds": [],
        "initial_payment_method": {"type": "INVOICE"},
        **shown,
    }
    return _entry("GET", answer=order)


def _refunded(*refunds: tuple[str, int], **shown: Any) -> Entry:
    listed = [{"refund_id": name, "refunded_amount": amount} for name, amount in refunds]
    total = sum(amount for _, amount in refunds)
    return _read(**{**CAPTURED, "refunded_amount": total, "refunds": listed, **shown})


def _created(kind: str, name: str, body: Any) -> Entry:
    location = f"{{base}}/ordermanagement/v1/orders/{ORDER}/{kind}s/{name}"
    headers = {f"{kind.capitalize()}-Id": name, "Location": location}
    return _entry("POST", f"/{kind}s", body, 201, headers=headers)


def _refund(amount: int, name: str = REFUND, **more: Any) -> Entry:
    return _created("refund", name, {"refunded_amount": amount, **more})


def _refused(method: str, suffix: str, body: Any, error: Any, status: int = 403) -> Entry:
    return _entry(method, suffix, body, status, answer={**error, "correlation_id": suffix + "-1"})


def _refused_refund(line: Any, amount: int = 700) -> list[Entry]:
    body = {"refunded_amount": amount, "order_lines": [line]}
    return [_read(**CAPTURED), _refused("POST", "/refunds", body, BAD_VALUE, 400)]


RAISED = {"order_amount": 7_000, "remaining_authorized_amount": 7_000}
ALL = {"captured_amount": 7_000, "remaining_authorized_amount": 0, "status": "CAPTURED"}
ALL["captures"] = [{"capture_id": CAPTURE, "captured_amount": 7_000}]
CAPTURE_ALL = _created("capture", CAPTURE, {"captured_amount": 7_000})
PATCH_ALL = _entry("PATCH", "/authorization", {"order_amount": 7_000}, 204)
TRY_CAPTURE = _refused("POST", "/captures", {"captured_amount": 1_000}, DENIED)
EXPIRED = {"status": "EXPIRED", "remaining_authorized_amount": 0}
TWICE = [(REFUND, 1_000), (OTHER, 1_000)]

HONEST: dict[str, list[Entry]] = {
    "raised and captured": [_read(), PATCH_ALL, CAPTURE_ALL, _read(**{**RAISED, **ALL})],
    "calls that change nothing": [
        _read(**CAPTURED),
        _entry("POST", "/acknowledge", None, 204),
        _entry("PATCH", "/merchant-references", {"merchant_reference1": "A 1"}, 204),
        _entry("POST", f"/captures/{CAPTURE}/trigger-send-out", None, 204),
        _read(**CAPTURED),
    ],
    "raised elsewhere, which the last read shows": [
        _read(),
        CAPTURE_ALL,
        _read(**{**RAISED, **ALL}),
    ],
    "refunded in the portal": [_read(**CAPTURED), _refunded((OTHER, 1_500))],
    "refunded in the portal before a refund is refused": [
        _read(**CAPTURED),
        _refused("POST", "/refunds", {"refunded_amount": 4_000}, OVER),
        _refunded((OTHER, 1_500)),
    ],
    "refunded in the portal beside a refund": [
        _read(**CAPTURED),
        _refund(2_000),
        _refunded((REFUND, 2_000), (OTHER, 1_500)),
    ],
    "released in the portal": [_read(), TRY_CAPTURE, _read(remaining_authorized_amount=0)],
    "cancelled in the portal": [
        _read(),
        TRY_CAPTURE,
        _read(status="CANCELLED", remaining_authorized_amount=0),
    ],
    "expired between two reads": [_read(), TRY_CAPTURE, _read(**EXPIRED)],
    "past its date": [_read(expires_at="2026-01-01T00:00:00Z"), TRY_CAPTURE],
    "fraud check open": [_read(fraud_status="PENDING"), TRY_CAPTURE, _read()],
    "read aborted": [_read(), _entry("GET", status=0), _read()],
    "refund aborted and repeated under its key": [
        _read(**CAPTURED),
        {**_refund(1_000), "key": "k", "status": 0, "headers": {}},
        {**_refund(1_000), "key": "k"},
        _refunded((REFUND, 1_000)),
    ],
    "unknown member": _refused_refund({**LINE, "vat_amount": 5}),
    "unknown member below a line": _refused_refund({**LINE, "product_identifiers": {"ean": "1"}}),
    "incomplete subscription": _refused_refund({**LINE, "subscription": {"name": "s"}}),
    "unknown type of line": _refused_refund({**LINE, "type": "shipping"}),
    "a stale read": [_read(**CAPTURED), _refund(500), _read(**CAPTURED), _refunded((REFUND, 500))],
    "an earlier refund without id": [
        _refunded(("", 1_000), refunds=[{"refunded_amount": 1_000}]),
        _refund(4_000),
    ],
    "extension of a method that is not known": [
        _read(**CAPTURED, initial_payment_method={"type": "SWISH"}),
        _refused("GET", f"/captures/{CAPTURE}/extend-due-date-options", None, DENIED),
    ],
    "a lost refund repeated under its key after another one": [
        _read(**CAPTURED),
        {**_refund(1_000), "key": "k", "status": 0, "headers": {}},
        _refund(700, OTHER),
        {**_refund(1_000), "key": "k"},
        _refunded((OTHER, 700), (REFUND, 1_000)),
    ],
    "a request body that was not recorded": [
        _read(**CAPTURED),
        {**_refund(700), "body": None, "sent": 24},
        _refunded((REFUND, 700)),
    ],
    "a masked request body": [
        _read(**CAPTURED),
        {**_refund(700), "body": "[FILTERED]"},
        _refunded((REFUND, 700)),
    ],
    "two refunds under masked keys": [
        _read(**CAPTURED),
        {**_refund(700), "key": "***"},
        {**_refund(700, OTHER), "key": "***"},
        _refunded((REFUND, 700), (OTHER, 700)),
    ],
    "a repeat under a masked key": [
        _read(**CAPTURED),
        {**_refund(700), "key": "<KLARNA_KEY>"},
        {**_refund(700), "key": "<KLARNA_KEY>"},
        _refunded((REFUND, 700)),
    ],
    "a masked order": [_read(**CAPTURED), {**_read(), "answer": "[REDACTED]"}],
    "a read from the reader's own copy": [_read(**CAPTURED), _entry("GET", status=304)],
    "a redirect by a gateway": [_read(**CAPTURED), _entry("GET", status=302)],
    "captured in the portal long before a refund": [
        _read(),
        {**_refund(1_000), "at": "2026-06-01T12:45:00Z"},
    ],
    "an error whose body was not recorded": [
        _read(**CAPTURED),
        _entry("POST", "/refunds", {"refunded_amount": 6_000}, 403, size=80),
    ],
}
BOUND = "refund.within-captured-amount"
WRONG: dict[str, tuple[str, str, list[Entry]]] = {
    "over-refund after earlier refunds": (
        "FAIL",
        BOUND,
        [_refunded((OTHER, 1_000)), _refund(4_500)],
    ),
    "over-refund soon after a read of an order with an open rest": (
        "FAIL",
        BOUND,
        [_read(), _refund(1_000)],
    ),
    "over-refund long after a read of a captured order": (
        "FAIL",
        BOUND,
        [_read(**CAPTURED), {**_refund(6_000), "at": "2026-06-01T12:45:00Z"}],
    ),
    "over-refund under masked keys": (
        "FAIL",
        BOUND,
        [
            _read(**CAPTURED),
            {**_refund(4_000), "key": "REDACTED"},
            {**_refund(2_000, OTHER), "key": "REDACTED"},
        ],
    ),
    "an offered extension refused": (
        "FAIL",
        "extension.accepted",
        [
            _read(**CAPTURED),
            _entry(
                "GET",
                f"/captures/{CAPTURE}/extend-due-date-options",
                answer={"options": [{"number_of_days": 14}], "currency": "SEK"},
            ),
            _refused(
                "PATCH", f"/captures/{CAPTURE}/extend-due-date", {"number_of_days": 14}, DENIED
            ),
        ],
    ),
    "over-refund with another payment method": (
        "FAIL",
        BOUND,
        [_read(**CAPTURED, initial_payment_method={"type": "BLIK"}), _refund(6_000)],
    ),
    "capture above a lowered amount": (
        "FAIL",
        "capture.within-the-order",
        [
            _read(),
            _entry("PATCH", "/authorization", {"order_amount": 2_000}, 204),
            _created("capture", CAPTURE, {"captured_amount": 3_000}),
        ],
    ),
    "a change of the amount that does nothing": (
        "FAIL",
        "order.shows-what-happened",
        [_read(), PATCH_ALL, _read()],
    ),
    "a refund booked twice": (
        "FAIL",
        "refund.books-amount",
        [_read(**CAPTURED), _refund(1_000), _refunded(*TWICE)],
    ),
    "a refund booked twice, without a list": (
        "FAIL",
        "refund.books-amount",
        [_read(**CAPTURED), _refund(1_000), _refunded(*TWICE, refunds=None)],
    ),
    "a refund booked twice under one key after an abort": (
        "FAIL",
        "refund.replay-booked-once",
        [
            _read(**CAPTURED),
            {**_refund(1_000), "key": "k", "status": 0, "headers": {}},
            {**_refund(1_000), "key": "k"},
            _refunded(*TWICE),
        ],
    ),
    "a refund that is not booked": (
        "FAIL",
        "refund.books-amount",
        [_read(**CAPTURED), _refund(1_000), _read(**CAPTURED)],
    ),
    "a refund that disappears": (
        "FAIL",
        "order.shows-what-happened",
        [_refunded((REFUND, 1_000)), _read(**CAPTURED)],
    ),
    "a refused refund that is booked": (
        "FAIL",
        "refund.refusal-changes-nothing",
        [
            _read(**CAPTURED),
            _refused("POST", "/refunds", {"refunded_amount": 6_000}, OVER),
            _refunded((OTHER, 6_000)),
        ],
    ),
    "a release that is refused": (
        "FAIL",
        "release.accepted",
        [
            _read(
                **{**CAPTURED, "order_amount": 9_000, "remaining_authorized_amount": 4_000},
                original_order_amount=9_000,
            ),
            _refused("POST", "/release-remaining-authorization", None, DENIED),
        ],
    ),
    "a legal refund in conflict with nothing": (
        "FAIL",
        "refund.accepted",
        [
            _read(**CAPTURED),
            _refused("POST", "/refunds", {"refunded_amount": 1}, {"error_code": "CONFLICT"}, 409),
        ],
    ),
    "a failure before the first read": (
        "FAIL",
        "order.no-server-error",
        [_entry("GET", status=500), _read()],
    ),
    "a documented member of a capture refused": (
        "WARN",
        "capture.accepted",
        [
            _read(),
            _refused(
                "POST",
                "/captures",
                {"captured_amount": 500, "shipping_info": [{"tracking_number": "1"}]},
                BAD_VALUE,
                400,
            ),
        ],
    ),
    "a capture of an expired order": (
        "WARN",
        "capture.not-after-expiry",
        [_read(status="EXPIRED"), _created("capture", CAPTURE, {"captured_amount": 500})],
    ),
}


def _har(entries: Sequence[Entry], base: str) -> Any:
    log = [_har_entry(entry, number, base) for number, entry in enumerate(entries)]
    return {"log": {"version": "1.2", "entries": log}}


def _har_entry(entry: Entry, number: int, base: str) -> Any:
    headers = {"Content-Type": "application/json", **_key(entry), **entry.get("extra", {})}
    answer = entry.get("answer", "")
    answer = answer if isinstance(answer, str) else json.dumps(answer)
    typed = {"Content-Type": "application/json"} if "answer" in entry or "size" in entry else {}
    sent = entry["body"] is not None
    text = entry["body"] if isinstance(entry["body"], str) else json.dumps(entry["body"])
    return {
        "startedDateTime": entry.get("at", f"2026-06-01T12:00:{number:02}Z"),
        "time": 100,
        "request": {
            "method": entry["method"],
            "url": _address(entry, base),
            "headers": _pairs(headers),
            "bodySize": entry.get("sent", len(text) if sent else 0),
            **({"postData": {"text": text}} if sent else {}),
        },
        "response": {
            "status": entry["status"],
            "headers": _pairs({**typed, **_placed(entry, base)}),
            "content": {"size": entry["size"]} if "size" in entry else {"text": answer},
        },
    }


def _key(entry: Entry) -> dict[str, str]:
    return {"Klarna-Idempotency-Key": entry["key"]} if "key" in entry else {}


def _address(entry: Entry, base: str) -> str:
    return f"{base}/ordermanagement/v1/orders/{ORDER}{entry['suffix']}"


def _placed(entry: Entry, base: str) -> dict[str, str]:
    place = base.rstrip("/")
    return {n: v.replace("{base}", place) for n, v in entry.get("headers", {}).items()}


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


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
    file.write_text(json.dumps(_har(entries, base)))
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
    entries = [_read(**CAPTURED), _refund(6_000), _refunded((REFUND, 6_000))]

    assert ("FAIL", BOUND) in _deviating(_checked(tmp_path, entries, base))


def test_a_change_made_elsewhere_is_info_with_its_reason(tmp_path: Path) -> None:
    summary = _checked(tmp_path, HONEST["refunded in the portal"])
    found = next(r for r in summary.requirements if r.id == "order.changed-elsewhere")

    assert (found.verdict, "refund of 1500" in found.reason) == ("INFO", True)


def test_unjudged_requests_are_listed_with_their_reason(tmp_path: Path) -> None:
    elsewhere = {**_entry("GET"), "suffix": "/customer-service"}
    summary = _checked(tmp_path, [_refund(100), _read(**CAPTURED), elsewhere])
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
    first = _har([_read(**CAPTURED), _read(**CAPTURED)], "https://eu.example")
    second = _har(WRONG["over-refund with another payment method"][2], "https://na.example")
    file = tmp_path / "traffic.har"
    first["log"]["entries"] += second["log"]["entries"]
    file.write_text(json.dumps(first))

    assert ("FAIL", BOUND) in _deviating(_judged(file))


def test_a_browsers_preflight_is_not_a_call_of_the_client(tmp_path: Path) -> None:
    extra = {"Access-Control-Request-Method": "POST"}
    preflight = {**_entry("OPTIONS", "/refunds", status=204), "extra": extra}

    assert _deviating(_checked(tmp_path, [_read(), preflight], side="client")) == set()


def test_an_unknown_type_of_line_is_a_warning_for_the_client(tmp_path: Path) -> None:
    summary = _checked(tmp_path, HONEST["unknown type of line"], side="client")

    assert ("WARN", "client.known-members") in _deviating(summary)


def _vcr(entries: Sequence[Entry], base: str) -> str:
    """A cassette of vcrpy."""
    interactions = [
        {
            "request": {
                "method": entry["method"],
                "uri": _address(entry, base),
                "headers": {"Content-Type": ["application/json"]},
                "body": None if entry["body"] is None else json.dumps(entry["body"]),
            },
            "response": {
                "status": {"code": entry["status"], "message": "OK"},
                "headers": {n: [v] for n, v in _placed(entry, base).items()},
                "body": {"string": json.dumps(entry["answer"]) if "answer" in entry else ""},
            },
        }
        for entry in entries
    ]
    return yaml.safe_dump({"interactions": interactions, "version": 1})


def _wiremock(entries: Sequence[Entry], base: str) -> str:
    """Mappings recorded by WireMock."""
    mappings = [
        {
            "request": {
                "method": entry["method"],
                "url": _address(entry, ""),
                "bodyPatterns": [{"equalToJson": json.dumps(entry["body"])}],
            },
            "response": {
                "status": entry["status"],
                "headers": _placed(entry, base),
                "base64Body": base64.b64encode(json.dumps(entry.get("answer")).encode()).decode(),
            },
        }
        for entry in entries
    ]
    return json.dumps({"mappings": mappings})


def _vcr_compressed(entries: Sequence[Entry], base: str) -> str:
    """A cassette of vcrpy with compressed bodies."""
    cassette = yaml.safe_load(_vcr(entries, base))
    for interaction in cassette["interactions"]:
        body = interaction["response"]["body"]
        body["string"] = gzip.compress(body["string"].encode())
    return yaml.safe_dump(cassette)


def _wiremock_states(entries: Sequence[Entry], base: str) -> str:
    """Mappings in reverse order, whose scenario states define the order."""
    mappings = json.loads(_wiremock(entries, base))["mappings"]
    for number, mapping in enumerate(mappings):
        mapping["scenarioName"] = "orders"
        mapping["requiredScenarioState"] = f"s{number}" if number else "Started"
        mapping["newScenarioState"] = f"s{number + 1}"
    pattern = {"request": {"method": "GET", "urlPattern": "/.*"}, "response": {"status": 404}}
    return json.dumps({"mappings": [*reversed(mappings), pattern]})


def test_mappings_of_a_scenario_are_ordered_by_its_states(tmp_path: Path) -> None:
    file = tmp_path / "recorded"
    entries = [_read(**CAPTURED), _refund(500), _refunded((REFUND, 500))]
    file.write_text(_wiremock_states(entries, "https://shop.example"))
    summary = _judged(file)

    assert "FAIL" not in {verdict for verdict, _ in _deviating(summary)}
    assert [each.reason for each in summary.unjudged] == ["it names no address, but a pattern"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("written", [_vcr, _vcr_compressed, _wiremock, _wiremock_states])
def test_cassettes_and_mappings_are_judged_like_har(
    written: Callable[[Sequence[Entry], str], str], mark: str, tmp_path: Path
) -> None:
    file = tmp_path / "recorded"
    file.write_text(
        mark + written([_refunded((OTHER, 1_000)), _refund(4_500)], "https://shop.example")
    )

    assert ("FAIL", BOUND) in _deviating(_judged(file))


def test_check_prints_the_number_of_unjudged_requests(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps(_har([_refund(100)], "https://shop.example")))
    finished = cli("check", file, "--output", tmp_path / "report")

    assert "NOT JUDGED 1 request" in finished.out
