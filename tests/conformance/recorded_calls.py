"""Recorded calls of an integration, and the formats in which programs record them."""

import base64
import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

import yaml

Entry = dict[str, Any]
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


def entry(
    method: str, suffix: str = "", body: Any = None, status: int = 200, **response: Any
) -> Entry:
    return {"method": method, "suffix": suffix, "body": body, "status": status, **response}


def read(**shown: Any) -> Entry:
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
    return entry("GET", answer=order)


def refunded(*refunds: tuple[str, int], **shown: Any) -> Entry:
    listed = [{"refund_id": name, "refunded_amount": amount} for name, amount in refunds]
    total = sum(amount for _, amount in refunds)
    return read(**{**CAPTURED, "refunded_amount": total, "refunds": listed, **shown})


def created(kind: str, name: str, body: Any) -> Entry:
    location = f"{{base}}/ordermanagement/v1/orders/{ORDER}/{kind}s/{name}"
    headers = {f"{kind.capitalize()}-Id": name, "Location": location}
    return entry("POST", f"/{kind}s", body, 201, headers=headers)


def refund(amount: int, name: str = REFUND, **more: Any) -> Entry:
    return created("refund", name, {"refunded_amount": amount, **more})


def lost(sent: Entry, **more: Any) -> Entry:
    """A call whose response did not come."""
    return {**sent, "status": 0, "headers": {}, **more}


def refused(method: str, suffix: str, body: Any, error: Any, status: int = 403) -> Entry:
    return entry(method, suffix, body, status, answer={**error, "correlation_id": suffix + "-1"})


def refused_refund(line: Any, amount: int = 700) -> list[Entry]:
    body = {"refunded_amount": amount, "order_lines": [line]}
    return [read(**CAPTURED), refused("POST", "/refunds", body, BAD_VALUE, 400)]


def har(entries: Sequence[Entry], base: str) -> Any:
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
        "time": entry.get("took_ms", 100),
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


def vcr(entries: Sequence[Entry], base: str) -> str:
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


def wiremock(entries: Sequence[Entry], base: str) -> str:
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


def vcr_compressed(entries: Sequence[Entry], base: str) -> str:
    """A cassette of vcrpy with compressed bodies."""
    cassette = yaml.safe_load(vcr(entries, base))
    for interaction in cassette["interactions"]:
        body = interaction["response"]["body"]
        body["string"] = gzip.compress(body["string"].encode())
    return yaml.safe_dump(cassette)


def wiremock_states(entries: Sequence[Entry], base: str) -> str:
    """Mappings in reverse order, whose scenario states define the order."""
    mappings = json.loads(wiremock(entries, base))["mappings"]
    for number, mapping in enumerate(mappings):
        mapping["scenarioName"] = "orders"
        mapping["requiredScenarioState"] = f"s{number}" if number else "Started"
        mapping["newScenarioState"] = f"s{number + 1}"
    pattern = {"request": {"method": "GET", "urlPattern": "/.*"}, "response": {"status": 404}}
    return json.dumps({"mappings": [*reversed(mappings), pattern]})


def php_vcr(entries: Sequence[Entry], base: str) -> str:
    """A cassette of php-vcr: a list, with headers and codes as texts."""
    return yaml.safe_dump(
        [
            {
                "request": {
                    "method": entry["method"],
                    "url": _address(entry, base),
                    "headers": {"Content-Type": "application/json"},
                    "body": None if entry["body"] is None else json.dumps(entry["body"]),
                },
                "response": {
                    "status": {"http_version": "1.1", "code": str(entry["status"]), "message": ""},
                    "headers": _placed(entry, base),
                    "body": json.dumps(entry["answer"]) if "answer" in entry else "",
                },
                "index": 0,
            }
            for entry in entries
        ]
    )


def exvcr(entries: Sequence[Entry], base: str) -> str:
    """A cassette of ExVCR: a JSON list with `status_code`."""
    return _with_status(entries, base, "status_code", lambda code: code)


def go_vcr(entries: Sequence[Entry], base: str) -> str:
    """A cassette of go-vcr: `code` beside a status in words."""
    listed = _with_status(entries, base, "status", lambda code: f"{code} Text")
    interactions = json.loads(listed)
    for interaction, entry in zip(interactions, entries, strict=True):
        interaction["response"]["code"] = entry["status"]
    return json.dumps({"version": 2, "interactions": interactions})


def _with_status(
    entries: Sequence[Entry], base: str, name: str, written: Callable[[int], int | str]
) -> str:
    interactions = yaml.safe_load(php_vcr(entries, base))
    for interaction, entry in zip(interactions, entries, strict=True):
        del interaction["response"]["status"]
        interaction["response"][name] = written(entry["status"])
    return json.dumps(interactions)


def wiremock_export(entries: Sequence[Entry], base: str) -> str:
    """Mappings as WireMock exports them: the newest first, numbered."""
    mappings = json.loads(wiremock(entries, base))["mappings"]
    for number, mapping in enumerate(mappings):
        mapping["insertionIndex"] = number
    return json.dumps({"mappings": mappings[::-1]})
