"""Recordings of integrations with an honest server: none of them accuses it."""

from pathlib import Path

import pytest

from .judged_recordings import checked, deviating
from .recorded_calls import (
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
    lost,
    read,
    refund,
    refunded,
    refused,
    refused_refund,
)

RAISED = {"order_amount": 7_000, "remaining_authorized_amount": 7_000}
ALL = {"captured_amount": 7_000, "remaining_authorized_amount": 0, "status": "CAPTURED"}
ALL["captures"] = [{"capture_id": CAPTURE, "captured_amount": 7_000}]
CAPTURE_ALL = created("capture", CAPTURE, {"captured_amount": 7_000})
PATCH_ALL = entry("PATCH", "/authorization", {"order_amount": 7_000}, 204)
TRY_CAPTURE = refused("POST", "/captures", {"captured_amount": 1_000}, DENIED)
EXPIRED = {"status": "EXPIRED", "remaining_authorized_amount": 0}

REFUNDS = f"/ordermanagement/v1/orders/{ORDER}/refunds"
LETTERS = "a0000000-0000-4000-8000-00000000000a"


def _located(location: str, name: str = REFUND) -> list[Entry]:
    """A refund with this Location, which is never read."""
    created = {**refund(500, name), "headers": {"Refund-Id": name, "Location": location}}
    return [read(**CAPTURED), created, refunded((name, 500))]


HONEST: dict[str, list[Entry]] = {
    "a Location with a slash at its end": _located(f"{{base}}{REFUNDS}/{REFUND}/"),
    "a Location with a query": _located(f"{{base}}{REFUNDS}/{REFUND}?version=1"),
    "a Location that is a path": _located(f"{REFUNDS}/{REFUND}"),
    "a relative Location": _located(f"refunds/{REFUND}"),
    "a Location with an id in capitals": _located(f"{{base}}{REFUNDS}/{LETTERS.upper()}", LETTERS),
    "a Location with an encoded id": _located(f"{{base}}{REFUNDS}/r%3A1", "r:1"),
    "a Location of another host": _located(f"https://public.example{REFUNDS}/{REFUND}"),
    "a Location by another number": _located("{base}/documents/7"),
    "a Location that was read": [
        *_located(f"{{base}}{REFUNDS}/7"),
        entry("GET", "/refunds/7", answer={"refund_id": REFUND, "refunded_amount": 500}),
    ],
    "raised and captured": [read(), PATCH_ALL, CAPTURE_ALL, read(**{**RAISED, **ALL})],
    "calls that change nothing": [
        read(**CAPTURED),
        entry("POST", "/acknowledge", None, 204),
        entry("PATCH", "/merchant-references", {"merchant_reference1": "A 1"}, 204),
        entry("POST", f"/captures/{CAPTURE}/trigger-send-out", None, 204),
        read(**CAPTURED),
    ],
    "raised elsewhere, which the last read shows": [read(), CAPTURE_ALL, read(**{**RAISED, **ALL})],
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
        lost(refund(1_000), key="k"),
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
        lost(refund(1_000), key="k"),
        refund(700, OTHER),
        {**refund(1_000), "key": "k"},
        refunded((OTHER, 700), (REFUND, 1_000)),
    ],
    "a refund refused after a lost one that was booked": [
        read(**CAPTURED),
        lost(refund(4_000), key="k"),
        refused("POST", "/refunds", {"refunded_amount": 2_000}, OVER),
        refund(1_000, OTHER),
        refunded((REFUND, 4_000), (OTHER, 1_000)),
    ],
    "a refund after a lost capture, not read again": [
        read(),
        lost(created("capture", CAPTURE, {"captured_amount": 5_000})),
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
    "captured in the portal two minutes before a refund": [
        read(),
        {**refund(1_000), "at": "2026-06-01T12:02:00Z"},
    ],
    "a refund of the same amount in the portal, without the text of the recorded one": [
        read(**CAPTURED),
        refund(700, reference="R-1"),
        refunded(
            (REFUND, 700),
            (OTHER, 700),
            refunds=[
                {"refund_id": REFUND, "refunded_amount": 700, "reference": "R-1"},
                {"refund_id": OTHER, "refunded_amount": 700},
            ],
        ),
    ],
    "an error whose body was not recorded": [
        read(**CAPTURED),
        entry("POST", "/refunds", {"refunded_amount": 6_000}, 403, size=80),
    ],
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_server_is_not_accused_by_a_recording(name: str, tmp_path: Path) -> None:
    summary = checked(tmp_path, HONEST[name])

    assert deviating(summary) - {("WARN", "refund.error-message-told")} == set()
    assert summary.exchanges > 0


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
    assert deviating(checked(tmp_path, HONEST[name], side="client")) == set()


def test_a_change_made_elsewhere_is_info_with_its_reason(tmp_path: Path) -> None:
    summary = checked(tmp_path, HONEST["refunded in the portal"])
    found = next(r for r in summary.requirements if r.id == "order.changed-elsewhere")

    assert (found.verdict, "refund of 1500" in found.reason) == ("INFO", True)


def test_an_unknown_type_of_line_is_a_warning_for_the_client(tmp_path: Path) -> None:
    summary = checked(tmp_path, HONEST["unknown type of line"], side="client")

    assert ("WARN", "client.known-members") in deviating(summary)
