"""Wrong responses as raw bytes."""

import gzip
import json
import zlib
from functools import cache

__all__ = ["ANSWERS", "answer"]

_CLOSE = b"Connection: close\r\n"
_SCRIPT = "\"'></pre><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


def answer(status: str, body: bytes, content_type: str, *headers: str) -> bytes:
    """A response with a correct length, and optional headers."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _json(body: bytes | str, *headers: str) -> bytes:
    raw = body if isinstance(body, bytes) else body.encode()
    return answer("200 OK", raw, "application/json", *headers)


def _created(*headers: str, body: bytes = b"") -> bytes:
    return answer("201 Created", body, "application/json", *headers)


def _head(*lines: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + _CLOSE + b"\r\n"


@cache
def _bomb() -> bytes:
    """64 MiB of nothing in 64 KiB."""
    packing = zlib.compressobj(9, wbits=31)
    return b"".join(packing.compress(bytes(2**20)) for _ in range(64)) + packing.flush()


def _nested(depth: int) -> str:
    return '{"refunds": ' + "[" * depth + "]" * depth + ', "captured_amount": 1}'


def _script_everywhere() -> bytes:
    members = dict.fromkeys(("order_id", "status", "fraud_status", "purchase_currency"), _SCRIPT)
    refund = {"refund_id": _SCRIPT, "refunded_amount": _SCRIPT, "description": _SCRIPT}
    body = {
        **members,
        "error_code": _SCRIPT,
        "error_messages": [_SCRIPT],
        "correlation_id": _SCRIPT,
    }
    body = {**body, "captured_amount": _SCRIPT, "refunds": [refund], _SCRIPT: _SCRIPT}
    headers = (f"Refund-Id: {_SCRIPT}", f"Location: {_SCRIPT}", f"X-Odd: {_SCRIPT}")
    return answer("200 OK", json.dumps(body).encode(), f"application/json; {_SCRIPT}", *headers)


_BODIES: dict[str, str | bytes] = {
    "odd-json": '{"captured_amount": [null], "refunds": [1], "options": [1], "captures": {}}',
    "no-json": "refund me",
    "invalid-utf-8": b'{"order_id": "\xff\xfe\xc0\xaf"}',
    "utf-16": '{"captured_amount": 0}'.encode("utf-16"),
    "byte-order-mark": b'\xef\xbb\xbf{"captured_amount": 0}',
    "nan": '{"captured_amount": NaN, "refunded_amount": Infinity}',
    "duplicate-members": '{"captured_amount": 10000, "captured_amount": -1}',
    "deep": _nested(100_000),
    "nearly-too-deep": _nested(900),
    "deep-members": '{"captured_amount": -1, "a": ' + '{"a": ' * 900 + "1" + "}" * 901,
    "huge-integer": '{"captured_amount": ' + "9" * 100_000 + "}",
    "large-integer": '{"captured_amount": ' + "9" * 4_000 + ', "refunded_amount": 1e400}',
    "beyond-any-float": '{"captured_amount": 1e999, "refunded_amount": -1e999}',
    "half-a-surrogate-pair": '{"captured_amount": -1, "status": "\\ud800"}',
    "control-characters": '{"captured_amount": -1, "status": "\\u0000\\u001b[2J\\u202e"}',
    "many-refunds": json.dumps({"refunds": [{"refund_id": str(n)} for n in range(10_000)]}),
    "a-megabyte-of-text": json.dumps({"status": "x" * 1_000_000}),
}

_RAW: dict[str, bytes] = {
    "html": answer("200 OK", b"<html><body>It works!</body></html>", "text/html"),
    "not-found": answer("404 Not Found", b"", "text/plain"),
    "huge": _json(b"[" + b" " * 10_000_000),
    "garbage": bytes(range(256)) * 4,
    "http-0.9": b"<html>It works!</html>",
    "http-9.9": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "http-2-frames": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 200,
    "tls-alert-on-a-plain-port": b"\x15\x03\x01\x00\x02\x02\x46",
    "status-without-a-line": b"200\r\n\r\n",
    "odd-status": b"HTTP/1.1 999 \xff\r\nContent-Length: 0\r\n" + _CLOSE + b"\r\n",
    "status-of-two-digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status-of-many-digits": b"HTTP/1.1 200000 OK\r\nContent-Length: 0\r\n\r\n",
    "unexpected-101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
    b"Connection: upgrade\r\n\r\nhello",
    "early-hints-then-nothing": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "no-content-with-content": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    # lengths
    "cut-off": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
    "cut-off-header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "length-too-short": _head(b"Content-Length: 3") + b'{"captured_amount": 0}',
    "length-negative": _head(b"Content-Length: -1") + b"{}",
    "length-no-number": _head(b"Content-Length: many") + b"{}",
    "length-beyond-numbers": _head(b"Content-Length: " + b"9" * 40) + b"{}",
    "two-lengths": _head(b"Content-Length: 2", b"Content-Length: 3") + b"{} ",
    "length-and-chunks": _head(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"{}",
    "chunks-without-size": _head(b"Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
    "chunk-of-any-size": _head(b"Transfer-Encoding: chunked") + b"f" * 15 + b"\r\n{}",
    "chunks-without-end": _head(b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n",
    "unknown-transfer": _head(b"Transfer-Encoding: gzip, x") + b"{}",
    # encodings
    "gzip-bomb": _json(_bomb(), "Content-Encoding: gzip"),
    "gzip-bomb-in-gzip": _json(gzip.compress(_bomb()), "Content-Encoding: gzip, gzip"),
    "gzip-of-nothing-known": _json(b"\x1f\x8b" + b"\xff" * 50, "Content-Encoding: gzip"),
    "gzip-cut-off": _json(gzip.compress(b"{}" * 500)[:-9], "Content-Encoding: gzip"),
    "gzip-five-times": _json("{}", "Content-Encoding: gzip, gzip, gzip, gzip, gzip"),
    "deflate-garbage": _json(b"\x78\x9c" + b"\xff" * 50, "Content-Encoding: deflate"),
    "brotli-garbage": _json(b"\x0b\x02\x80{}", "Content-Encoding: br"),
    "encoding-unknown": _json("{}", "Content-Encoding: x-" + "y" * 5_000),
    # headers
    "odd-header": b"HTTP/1.1 201 Created\r\nLocation: http://[\r\nRefund-Id: \xff\xfe/../\r\n"
    b"Content-Length: 0\r\n" + _CLOSE + b"\r\n",
    "nul-in-a-header": _head(b"X-Odd: a\x00b", b"Content-Length: 0"),
    "carriage-return-in-a-header": _head(b"Location: /a\rX-Injected: 1", b"Content-Length: 0"),
    "header-without-a-colon": _head(b"this is no header", b"Content-Length: 0"),
    "header-with-a-space": _head(b"Content-Length : 0"),
    "header-before-the-first": b"HTTP/1.1 200 OK\r\n X-Folded: 1\r\nContent-Length: 0\r\n\r\n",
    "folded-header": _head(b"Location: /a\r\n /b", b"Content-Length: 0"),
    "injected-header": _created("Refund-Id: 1", "Location: /a%0d%0aSet-Cookie:%20a=b"),
    "lines-without-return": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "ten-thousand-headers": _head(*(b"X-%d: and its value" % n for n in range(10_000))),
    "three-thousand-headers": _head(*(b"X-%d: 1" % n for n in range(3_000))),
    "header-of-a-megabyte": _head(b"X-Long: " + b"a" * 1_000_000, b"Content-Length: 0"),
    "two-locations": _created("Refund-Id: 1", "Location: /a", "Location: /b"),
    "two-content-types": _json("{}", "Content-Type: text/html"),
    # redirects, Locations and ids
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n"
    + _CLOSE
    + b"\r\n",
    "redirect-elsewhere": answer(
        "307 Temporary Redirect", b"", "text/plain", "Location: http://elsewhere.invalid/steal"
    ),
    "redirect-without-location": answer("301 Moved Permanently", b"", "text/plain"),
    "location-with-credentials": _created(
        "Refund-Id: 1", "Location: http://admin:pass@127.0.0.1/ordermanagement/v1/orders/1"
    ),
    "location-of-script": _created("Refund-Id: 1", "Location: javascript:alert(1)"),
    "location-of-a-file": _created("Refund-Id: 1", "Location: file:///etc/passwd"),
    "location-without-end": _created("Refund-Id: 1", "Location: /" + "a/" * 40_000),
    "ids-that-climb": _created("Refund-Id: ../../admin", "Location: /../../admin"),
    "ids-that-are-empty": _created("Refund-Id:", "Location:"),
    "ids-of-eighty-kilobytes": _created("Refund-Id: " + "1" * 80_000),
    "ids-with-query-and-escapes": _created("Refund-Id: ?a=b#c%00%2f/;{}"),
    "script-everywhere": _script_everywhere(),
    "refusal-in-script": answer(
        "403 Forbidden", f'{{"error_code": {json.dumps(_SCRIPT)}}}'.encode(), "application/json"
    ),
    # rate limits
    "retry-after-a-day": answer("429 Too Many Requests", b"", "text/plain", "Retry-After: 86400"),
}

ANSWERS: dict[str, bytes] = {**_RAW, **{name: _json(body) for name, body in _BODIES.items()}}
"""Each wrong response by name."""
