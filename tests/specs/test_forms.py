"""Each form of forms.yaml by an example: read like the plain request, recognised, or refused."""

from typing import NamedTuple

import pytest

from klarna_specs.calls import KEY_HEADER, Call, read_call
from klarna_specs.exchange import Payload, Request
from klarna_specs.forms import RECOGNISED
from klarna_specs.loader import load
from klarna_specs.oracle import assess

from .situations import open_order

SPEC = load()


class Written(NamedTuple):
    """A refund as it is written; by default in the plain way that the others are compared with."""

    body: bytes = b'{"refunded_amount": 100, "reference": "RMA-1"}'
    path: str = "/ordermanagement/v1/orders/order-1/refunds"
    content_type: tuple[str, str] = ("Content-Type", "application/json")
    key: tuple[str, str] = (KEY_HEADER, "key-1")
    more: tuple[tuple[str, str], ...] = ()


def _with(member: str) -> Written:
    return Written(b'{"refunded_amount": 100, "reference": "RMA-1", %s}' % member.encode())


CAPTURES = "/ordermanagement/v1/orders/order-1/captures"
PLAIN = Written()
MARK = b"\xef\xbb\xbf"
DOCUMENTED = {
    "whitespace-around-json": [
        Written(b'\r\n\t {"refunded_amount" :\n100 ,\t"reference":"RMA-1"\r}\n \n'),
        Written(b'{"refunded_amount":100,"reference":"RMA-1"}'),
    ],
    "escaped-character": [
        Written(b'{"refunded\\u005famount": 100, "reference": "\\u0052MA\\u002d1"}'),
    ],
    "order-of-members": [Written(b'{"reference": "RMA-1", "refunded_amount": 100}')],
    "media-type-parameter": [
        Written(content_type=("Content-Type", "application/json; charset=utf-8")),
        Written(content_type=("Content-Type", "Application/JSON ;Charset=UTF-8")),
    ],
    "header-name-case": [
        Written(
            content_type=("content-type", "application/json"), key=(KEY_HEADER.lower(), "key-1")
        ),
        Written(
            content_type=("CONTENT-TYPE", "application/json"), key=(KEY_HEADER.upper(), "key-1")
        ),
    ],
    "chunked-transfer": [Written(more=(("Transfer-Encoding", "chunked"),))],
    "percent-encoded-path": [
        Written(path="/ordermanagement/v1/orders/%6Frder%2d1/refunds"),
        Written(path="/ordermanagement/v1/%6frders/order-1/re%66unds"),
    ],
}
OPEN = {
    "media-type": [
        Written(content_type=("Content-Type", "text/plain")),
        Written(content_type=("Content-Type", "text/json")),
    ],
    "byte-order-mark": [Written(MARK + PLAIN.body)],
    "json-extension": [
        Written(PLAIN.body[:-1] + b",}"),
        Written(PLAIN.body + b" // all of it"),
        Written(b"/* all of it */" + PLAIN.body),
        Written(PLAIN.body + PLAIN.body),
        Written(PLAIN.body.replace(b'"', b"'")),
        Written(b'{refunded_amount: 100, reference: "RMA-1"}'),
    ],
    "repeated-member": [Written(PLAIN.body[:-1] + b', "reference": "RMA-1"}')],
    "whole-float": [
        Written(PLAIN.body.replace(b"100", b"100.0")),
        Written(PLAIN.body.replace(b"100", b"1e2")),
    ],
    "negative-zero": [Written(PLAIN.body.replace(b"100", b"-0"))],
    "integer-out-of-range": [
        Written(PLAIN.body.replace(b"100", b"9223372036854775808")),
        _with('"order_lines": [{"tax_rate": 2147483648}]'),
    ],
    "number-as-text": [
        Written(PLAIN.body.replace(b"100", b'"100"')),
        _with('"order_lines": [{"quantity": "1"}]'),
    ],
    "null-member": [_with('"description": null'), _with('"order_lines": [{"name": null}]')],
    "unknown-member": [
        _with('"note": "n"'),
        _with('"order_lines": [{"note": "n"}]'),
        _with('"order_lines": [{"product_identifiers": {"note": "n"}}]'),
    ],
    "incomplete-member": [_with('"order_lines": [{"subscription": {"name": "n"}}]')],
    "unread-member": [
        Written(b'{"captured_amount": 100, "shipping_info": ["AAA"]}', path=CAPTURES),
        Written(b'{"captured_amount": 100, "shipping_info": [{"tracking_uri": 1}]}', path=CAPTURES),
    ],
    "control-character": [_with('"description": "a\\u0000"'), _with('"description": "\\uffff"')],
    "lone-surrogate": [_with('"description": "\\ud800"'), _with('"description": "\\udc00\\ud800"')],
    "repeated-slash": [Written(path="//ordermanagement/v1/orders/order-1/refunds")],
    "long-key": [Written(key=(KEY_HEADER, "k" * 65))],
}
EXCLUDED = {
    "not-json": [
        Written(b"{"),
        Written(b"refunded_amount=100"),
        Written(b"<refunded_amount>100</refunded_amount>"),
        Written(b'{"refunded_amount": NaN}'),
        Written(b"{'refunded_amount': Infinity}"),
        Written(PLAIN.body[:-1]),
        Written(b"\xff" + PLAIN.body),
    ],
}
STANDINGS = {"documented": DOCUMENTED, "open": OPEN, "excluded": EXCLUDED}
SAME = (
    "media-type",
    "byte-order-mark",
    "json-extension",
    "repeated-member",
    "whole-float",
    "long-key",
)
"""Open forms whose examples are all equivalent to the plain request."""
PLAIN_FORMS = [
    PLAIN,
    Written(content_type=("Accept", "*/*")),
    Written(content_type=("Content-Type", "application/vnd.shop+json")),
    Written(key=(KEY_HEADER, "k" * 64)),
    Written(PLAIN.body.replace(b"100", b"9223372036854775807")),
    _with('"order_lines": [{"tax_rate": 2147483647, "total_amount": 2147483648}]'),
    _with('"description": "100"'),
    _with('"description": "a\\t\\r\\n\\u007f"'),
    _with('"description": "\\ud83d\\ude00"'),
    _with('"description": "{\\"a\\": 1, \\"a\\": 1.0} // -0"'),
    _with('"description": ": -0,"'),
    _with('"order_lines": [{"quantity": 10}, {"quantity": -10}]'),
]


def _examples(forms: dict[str, list[Written]]) -> list[tuple[str, Written]]:
    return [(name, written) for name, examples in forms.items() for written in examples]


def _request(written: Written) -> Request:
    return Request(
        method="POST",
        path=written.path,
        headers=(written.content_type, written.key, *written.more),
        body=Payload.of(written.body),
    )


def _read(written: Written) -> Call:
    call = read_call(SPEC, _request(written))
    assert call is not None
    return call


@pytest.mark.parametrize("standing", STANDINGS)
def test_every_form_of_a_standing_has_an_example(standing: str) -> None:
    named = {name for name, form in SPEC.forms.items() if form.standing == standing}
    assert set(STANDINGS[standing]) == named


def test_no_example_is_in_two_standings() -> None:
    requests = [_request(w) for forms in STANDINGS.values() for _, w in _examples(forms)]
    assert len(requests) == len({str(request) for request in requests})
    assert _request(PLAIN) not in requests


@pytest.mark.parametrize(("name", "written"), _examples(DOCUMENTED))
def test_documented_form_is_read_like_the_plain_one(name: str, written: Written) -> None:
    call, plain = _read(written), _read(PLAIN)
    assert call.forms == ()
    assert (call.fingerprint, call.key) == (plain.fingerprint, plain.key)


@pytest.mark.parametrize(("name", "written"), _examples(OPEN))
def test_open_form_matches_its_own_examples_only(name: str, written: Written) -> None:
    assert _read(written).forms == (name,)


@pytest.mark.parametrize("name", SAME)
def test_open_form_has_the_fingerprint_of_the_plain_one(name: str) -> None:
    assert {_read(written).fingerprint for written in OPEN[name]} == {_read(PLAIN).fingerprint}


@pytest.mark.parametrize(
    ("raw", "amount"),
    [(b'"100"', 100), (b'"-5"', -5), (b"100.0", 100), (b"1e2", 100), (b"-0", 0), (b"null", None)],
)
def test_amount_in_an_open_form_is_read_as_its_number(raw: bytes, amount: int) -> None:
    assert _read(Written(b'{"refunded_amount": %s}' % raw)).member("refunded_amount") == amount


@pytest.mark.parametrize("written", PLAIN_FORMS)
def test_plain_request_is_in_no_open_form(written: Written) -> None:
    assert _read(written).forms == ()


def test_combined_forms_are_all_named() -> None:
    both = Written(MARK + b'{"refunded_amount": 1.0, "note": null}', key=(KEY_HEADER, "k" * 65))
    named = ("byte-order-mark", "whole-float", "null-member", "unknown-member", "long-key")
    assert _read(both).forms == tuple(name for name in RECOGNISED if name in named)


@pytest.mark.parametrize(("name", "written"), _examples(OPEN))
def test_request_in_an_open_form_may_be_refused(name: str, written: Written) -> None:
    assessment = assess(SPEC, open_order(), _read(written))
    operation = "capture" if written.path == CAPTURES else "refund"
    assert f"{operation}.odd-body" in [rule.id for rule in assessment.broken]
    assert "refusal" in [outcome.kind for outcome in assessment.outcomes]


@pytest.mark.parametrize(("name", "written"), _examples(EXCLUDED))
def test_excluded_form_must_be_refused(name: str, written: Written) -> None:
    call = _read(written)
    (outcome,) = assess(SPEC, open_order(), call).outcomes
    assert (call.body_is, call.body, call.forms) == ("not_json", None, ())
    assert (outcome.kind, outcome.responses) == ("refusal", ("malformed",))
