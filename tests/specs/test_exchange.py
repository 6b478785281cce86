import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.exchange import Exchange, Failure, NotJson, Payload, Request, Response

json_pieces = [
    *('{"a":', '{"a":1,"a":', "}", "[", "]", ",", '"', " ", "\ufeff", "\ud800", "\x00"),
    *("-0", "1", "1.0", "-1E5", "1e400", "9007199254740993", "18446744073709551616", "NaN", "null"),
    *('"\\ud83d\\ude00"', '"\\ud800"', '"\\ud800\\u0041"', '"\\u0000"', "\\n"),
]
headers = st.lists(st.tuples(st.text(), st.text())).map(tuple)
payloads = st.binary().map(Payload.of)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    path=st.text(),
    headers=headers,
    body=payloads,
    credentials=st.sampled_from(["valid", "none", "wrong_password", "wrong_username"]),
)
responses = st.builds(
    Response,
    status=st.integers(100, 599),
    headers=headers,
    body=payloads,
    truncated=st.booleans(),
    elapsed_s=st.floats(0, 1e6),
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(["unreachable", "closed", "timeout", "protocol", "tls"]),
    message=st.text(),
    elapsed_s=st.floats(0, 1e6),
)
exchanges = st.builds(
    Exchange,
    request=requests,
    outcome=responses | failures,
    purpose=st.sampled_from(["scene", "step", "look"]),
    step=st.none() | st.integers(0, 99),
    group=st.none() | st.integers(0, 9),
    started_s=st.floats(0, 1e6),
    clock_s=st.integers(0, 10**9),
)


@given(exchanges)
def test_exchange_survives_json(exchange: Exchange) -> None:
    assert msgspec.json.decode(msgspec.json.encode(exchange), type=Exchange) == exchange


@given(st.binary())
def test_payload_keeps_every_byte(raw: bytes) -> None:
    assert Payload.of(raw).raw == raw


@pytest.mark.parametrize("text", ["", "socks", "sk\u00e5p", "\U0001f9e6"])
def test_payload_in_utf_8_is_its_text(text: str) -> None:
    assert Payload.of(text.encode()).text == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_json_payload_is_read(value: Any) -> None:
    assert Payload.of(json.dumps(value).encode()).json() == value


@given(st.lists(st.sampled_from(json_pieces), max_size=12).map("".join))
def test_payload_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=int)
    except (ValueError, RecursionError):
        with pytest.raises(NotJson):
            Payload(text).json()
    else:
        assert repr(Payload(text).json()) == repr(expected)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"<html></html>",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b'"\xe5"',
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"1" * 5_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda raw: repr(raw[:15]),
)
def test_invalid_json_is_refused(raw: bytes) -> None:
    with pytest.raises(NotJson):
        Payload.of(raw).json()


@pytest.mark.parametrize("name", ["Refund-Id", "refund-id", "REFUND-ID"])
def test_header_is_found_in_any_case(name: str) -> None:
    response = Response(status=201, headers=(("Location", "/x"), ("reFUND-iD", "r-1")))
    assert response.header(name) == "r-1"


def test_first_of_equal_headers_counts() -> None:
    response = Response(status=201, headers=(("Refund-Id", "r-1"), ("refund-id", "r-2")))
    assert response.header("Refund-Id") == "r-1"


@pytest.mark.parametrize("name", ["refund_id", "Refund", ""])
def test_missing_header_is_none(name: str) -> None:
    assert Response(status=201, headers=(("Refund-Id", "r-1"),)).header(name) is None


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" text/html ;x=y", "text/html"),
        ("", ""),
    ],
)
def test_media_type_is_without_case_and_parameters(header: str, media_type: str) -> None:
    response = Response(status=200, headers=(("content-type", header),))
    assert response.content_type == media_type


def test_response_without_content_type_has_an_empty_one() -> None:
    assert Response(status=204).content_type == ""


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (199, "nothing"),
        (200, "yes"),
        (204, "yes"),
        (299, "yes"),
        (302, "nothing"),
        (400, "no"),
        (403, "no"),
        (428, "no"),
        (429, "nothing"),
        (499, "no"),
        (500, "nothing"),
        (503, "nothing"),
    ],
)
def test_status_is_success_refusal_or_neither(status: int, says: str) -> None:
    response = Response(status=status)
    answers = {(True, False): "yes", (False, True): "no", (False, False): "nothing"}
    assert answers[response.is_success, response.is_refusal] == says
