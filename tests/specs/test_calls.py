from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from klarna_specs.calls import KEY_HEADER, Call, key_form, read_call
from klarna_specs.exchange import Payload, Request
from klarna_specs.loader import load

from .situations import make_call

SPEC = load()
ORDERS = "/ordermanagement/v1/orders"


def _read(method: str, path: str, raw: bytes = b"", **request: Any) -> Call | None:
    return read_call(SPEC, Request(method=method, path=path, body=Payload.of(raw), **request))


@pytest.mark.parametrize(
    ("method", "suffix", "operation", "capture_id", "refund_id"),
    [
        ("GET", "", "getOrder", None, None),
        ("POST", "/captures", "captureOrder", None, None),
        ("GET", "/captures", "getCaptures", None, None),
        ("GET", "/captures/c-1", "getCapture", "c-1", None),
        ("POST", "/refunds", "refundOrder", None, None),
        ("GET", "/refunds/r-1", "getRefund", None, "r-1"),
        ("POST", "/release-remaining-authorization", "releaseRemainingAuthorization", None, None),
        ("GET", "/captures/c-1/extend-due-date-options", "getOptionsForExtendDueDate", "c-1", None),
        ("PATCH", "/captures/c-1/extend-due-date-options", "extendDueDate", "c-1", None),
        ("PATCH", "/captures/c-1/extend-due-date", "extendDueDate", "c-1", None),
        ("POST", "/cancel", "cancelOrder", None, None),
    ],
)
def test_request_is_a_call_of_the_operation_at_its_path(
    method: str, suffix: str, operation: str, capture_id: str | None, refund_id: str | None
) -> None:
    call = _read(method, f"{ORDERS}/o-1{suffix}")
    assert (call.operation.operation, call.order_id) == (operation, "o-1")
    assert (call.capture_id, call.refund_id) == (capture_id, refund_id)


@pytest.mark.parametrize(
    ("path", "interpretation"),
    [("extend-due-date-options", "page"), ("extend-due-date", "description")],
)
def test_call_names_the_interpretation_of_its_path(path: str, interpretation: str) -> None:
    call = _read("PATCH", f"{ORDERS}/o-1/captures/c-1/{path}")
    assert call.path_interpretation == interpretation


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{ORDERS}/o-1"),
        ("get", f"{ORDERS}/o-1"),
        ("PATCH", f"{ORDERS}/o-1/refunds"),
        ("GET", f"{ORDERS}/o-1/refunds"),
        ("POST", f"{ORDERS}/o-1/captures/c-1/extend-due-date-options"),
        ("POST", f"{ORDERS}/o-1/release_remaining_authorization"),
        ("POST", f"{ORDERS}/o-1/refunds/"),
        ("POST", f"{ORDERS}//refunds"),
        ("POST", f"{ORDERS}/o-1/x/refunds"),
        ("POST", f"/x{ORDERS}/o-1/refunds"),
        ("POST", f"//x{ORDERS}/o-1/refunds"),
        ("POST", "/ordermanagement/v2/orders/o-1/refunds"),
        ("GET", "/"),
        ("GET", "*"),
        ("GET", ""),
    ],
)
def test_undocumented_path_is_no_call(method: str, path: str) -> None:
    assert _read(method, path) is None


@example("POST", "//[")
@given(st.sampled_from(["GET", "POST", "PATCH"]), st.text())
def test_any_path_can_be_parsed(method: str, path: str) -> None:
    assert _read(method, path) is None


@given(st.text(min_size=1))
def test_percent_encoded_id_may_be_any_text(identifier: str) -> None:
    path = "".join(f"%{byte:02x}" for byte in identifier.encode())
    call = _read("POST", f"{ORDERS}/{path}/refunds")
    assert call.order_id == identifier


def test_query_belongs_to_no_id() -> None:
    call = _read("GET", f"{ORDERS}/o-1/refunds/r-1?verbose=1")
    assert call.refund_id == "r-1"


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        (b"", "empty", None),
        (b" \r\n", "empty", None),
        (b"{}", "empty_object", {}),
        (b" { } ", "empty_object", {}),
        (b'{"refunded_amount": 1}', "json", {"refunded_amount": 1}),
        (b"null", "json", None),
        (b"[]", "json", []),
        (b"{", "not_json", None),
        (b"refunded_amount=1", "not_json", None),
        (b'{"refunded_amount": NaN}', "not_json", None),
        (b"\xef\xbb\xbf", "empty", None),
        (b'{"refunded_amount": null}', "empty_object", {}),
        (b"\xff\xfe{}", "not_json", None),
        (b"[" * 100_000, "not_json", None),
        (b"1" * 5_000, "not_json", None),
    ],
)
def test_body_is_empty_or_json_or_neither(raw: bytes, kind: str, value: Any) -> None:
    call = _read("POST", f"{ORDERS}/o-1/refunds", raw)
    assert (call.body_is, call.body) == (kind, value)


def test_missing_member_is_none() -> None:
    calls = [
        make_call("refundOrder", body)
        for body in ({"refunded_amount": 5}, {}, [5], "refunded_amount")
    ]
    assert [call.member("refunded_amount") for call in calls] == [5, None, None, None]


def test_call_carries_the_key_and_credentials_of_its_request() -> None:
    headers = ((KEY_HEADER.lower(), "k-1"),)
    call = _read("POST", f"{ORDERS}/o-1/cancel", headers=headers, credentials="wrong_password")
    assert (call.key, call.credentials) == ("k-1", "wrong_password")


# What counts as the same call


def _same(one: Call, other: Call) -> bool:
    return one.fingerprint == other.fingerprint


def test_member_order_key_and_credentials_keep_the_fingerprint() -> None:
    one = make_call("refundOrder", raw=b'{"refunded_amount": 1, "reference": "r"}', key="k-1")
    other = make_call(
        "refundOrder", raw=b'{"reference":"r","refunded_amount":1}', key="k-2", credentials="none"
    )
    assert _same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("refundOrder", {"refunded_amount": 1}), ("refundOrder", {"refunded_amount": 2})),
        (("refundOrder", {"refunded_amount": 1}), ("refundOrder", {"refunded_amount": "1.5"})),
        (("refundOrder", {"reference": "1"}), ("refundOrder", {"reference": 1})),
        (("refundOrder", {"refunded_amount": 1}), ("refundOrder", {"refunded_amount": 1.5})),
        (("refundOrder", {"refunded_amount": 1}), ("captureOrder", {"refunded_amount": 1})),
        (("cancelOrder", None), ("cancelOrder", {})),
        (("cancelOrder", None), ("releaseRemainingAuthorization", None)),
    ],
)
def test_body_and_operation_change_the_fingerprint(one: Any, other: Any) -> None:
    assert not _same(make_call(*one), make_call(*other))


def test_order_and_capture_change_the_fingerprint() -> None:
    one = make_call("extendDueDate", {"number_of_days": 10})
    others = [
        make_call("extendDueDate", {"number_of_days": 10}, order_id="order-2"),
        make_call("extendDueDate", {"number_of_days": 10}, capture_id="capture-2"),
    ]
    assert [_same(one, other) for other in others] == [False, False]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"refunded_amount": 1, "description": "\\ud800"}',
        b'{"x": %s1%s}' % (b"[" * 900, b"]" * 900),
    ],
    ids=["half a surrogate pair", "nested deeply"],
)
def test_call_with_odd_json_has_a_fingerprint(raw: bytes) -> None:
    one, same = (make_call("refundOrder", raw=raw) for _ in range(2))
    other = make_call("refundOrder", {"refunded_amount": 1})
    assert (_same(one, same), _same(one, other)) == (True, False)


# Keys


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (None, "none"),
        ("order-17", "text"),
        ("0b4c9b0e-5f7a-4e7c-9a51-2d1a8f6c3e10", "uuid4"),
        ("0B4C9B0E-5F7A-4E7C-9A51-2D1A8F6C3E10", "uuid4"),
        ("0b4c9b0e-5f7a-5e7c-9a51-2d1a8f6c3e10", "uuid"),
        ("0b4c9b0e-5f7a-4e7c-1a51-2d1a8f6c3e10", "uuid"),
        ("00000000-0000-0000-0000-000000000000", "uuid"),
        ("0b4c9b0e5f7a4e7c9a512d1a8f6c3e10", "text"),
        ("{0b4c9b0e-5f7a-4e7c-9a51-2d1a8f6c3e10}", "text"),
        ("0b4c9b0e-5f7a-4e7c-9a51-2d1a8f6c3e1", "text"),
    ],
)
def test_key_is_classified_by_its_form(key: str | None, form: str) -> None:
    assert key_form(key) == form


@given(st.uuids(version=4).map(str))
def test_every_uuid_of_version_4_is_recognised(key: str) -> None:
    assert key_form(key) == "uuid4"
