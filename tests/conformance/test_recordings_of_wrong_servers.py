"""Recordings of integrations with a wrong server: each shows the violation."""

from pathlib import Path

import pytest

from klarna_conformance.judge.server import judge
from klarna_reports.record.record import TargetFacts
from klarna_specs.exchange import Exchange, Request, Response

from .judged_recordings import BOUND, SHOP, SPEC, checked, deviating
from .recorded_calls import (
    BAD_VALUE,
    CAPTURE,
    CAPTURED,
    DENIED,
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
)

PATCH_ALL = entry("PATCH", "/authorization", {"order_amount": 7_000}, 204)
TWICE = [(REFUND, 1_000), (OTHER, 1_000)]
Wrong = tuple[str, str, tuple[Entry, ...]]
"""A verdict, its requirement, and the entries that show it."""


def _fails(requirement: str, *entries: Entry) -> Wrong:
    return "FAIL", requirement, entries


def _warns(requirement: str, *entries: Entry) -> Wrong:
    return "WARN", requirement, entries


ONE = refunded((REFUND, 1_000))


def _located(base: str) -> Entry:
    """A refund whose Location names another one."""
    location = f"{base}/ordermanagement/v1/orders/{ORDER}/refunds/{OTHER}"
    return {**refund(1_000), "headers": {"Refund-Id": REFUND, "Location": location}}


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
    "a refund with a text booked twice, where the order shows no texts": _fails(
        "refund.books-amount",
        read(**CAPTURED),
        refund(1_000, reference="R-1"),
        refunded(*TWICE),
    ),
    "a refund with a text booked twice": _fails(
        "refund.books-amount",
        read(**CAPTURED),
        refund(1_000, reference="R-1"),
        refunded(
            *TWICE,
            refunds=[
                {"refund_id": name, "refunded_amount": amount, "reference": "R-1"}
                for name, amount in TWICE
            ],
        ),
    ),
    "a legal refund refused half a minute after a read": _fails(
        "refund.accepted",
        read(**CAPTURED),
        {
            **refused("POST", "/refunds", {"refunded_amount": 2_000}, OVER),
            "at": "2026-06-01T12:00:30Z",
        },
    ),
    "a refund booked twice, without a list": _fails(
        "refund.books-amount", read(**CAPTURED), refund(1_000), refunded(*TWICE, refunds=None)
    ),
    "a refund booked twice under one key after an abort": _fails(
        "refund.replay-booked-once",
        read(**CAPTURED),
        lost(refund(1_000), key="k"),
        {**refund(1_000), "key": "k"},
        refunded(*TWICE),
    ),
    "a legal refund refused after a lost one that was not booked": _fails(
        "refund.accepted",
        read(**CAPTURED),
        lost(refund(4_000), key="k"),
        refused("POST", "/refunds", {"refunded_amount": 2_000}, OVER),
        read(**CAPTURED),
    ),
    "over-refund after a lost refund": _fails(
        BOUND, read(**CAPTURED), lost(refund(1_000)), refund(6_000, OTHER)
    ),
    "a refund booked twice under one key, read while the first call waits": _fails(
        "refund.replay-booked-once",
        read(**CAPTURED),
        lost(refund(1_000), key="k", took_ms=30_000),
        {**refund(1_000), "key": "k"},
        refunded(*TWICE),
    ),
    "a Location of another refund, never read": _fails(
        "refund.location-leads-to-refund", read(**CAPTURED), _located("{base}"), ONE
    ),
    "a Location of another refund at a public host, never read": _fails(
        "refund.location-leads-to-refund", read(**CAPTURED), _located("https://public.example"), ONE
    ),
    "a failure that no gateway answers": _fails(
        "refund.no-server-error", read(**CAPTURED), lost(refund(500), status=500)
    ),
    "a failure after the server was unavailable": _fails(
        "refund.no-server-error",
        read(**CAPTURED),
        lost(refund(500), status=503),
        lost(refund(500), status=500),
    ),
    "a server that is unavailable": _warns(
        "refund.no-server-error", read(**CAPTURED), lost(refund(500), status=503)
    ),
    "a server that is unavailable before the first read": _warns(
        "order.no-server-error", entry("GET", status=502), read()
    ),
    "a server that is unavailable for an order that is never read": _warns(
        "order.no-server-error", entry("GET", status=504)
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


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_run_has_no_gateway_to_blame(status: int) -> None:
    request = Request(method="GET", path=f"/ordermanagement/v1/orders/{ORDER}")
    sent = Exchange(request=request, outcome=Response(status=status), step=0)
    facts = TargetFacts(name="sandbox", base_url=SHOP, kind="http")
    found = {each.requirement: each.verdict for each in judge(SPEC, facts, (), [sent])}

    assert found["order.no-server-error"] == "FAIL"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_server_is_found_in_a_recording(name: str, tmp_path: Path) -> None:
    verdict, requirement, entries = WRONG[name]

    assert (verdict, requirement) in deviating(checked(tmp_path, entries))
