"""The mock in this process receives what httpx would send to it over a socket."""

import asyncio
import gzip
from typing import Any

import httpx
import pytest

from klarna_conformance import defaults
from klarna_conformance.mock.deviation import AS_DOCUMENTED, Deviation
from klarna_conformance.mock.in_process import MockWire
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Headers, Payload, Request, Response
from klarna_specs.loader import load


def received(
    method: str, url: str, *, deviation: Deviation = AS_DOCUMENTED, **content: Any
) -> tuple[Request, Response]:
    """The request as the mock receives it, and its response as the client does."""
    mock = Mock(load(), deviation=deviation)
    wire = MockWire(mock, username=defaults.USERNAME, password=defaults.PASSWORD)
    response = asyncio.run(wire.send(method, url, **content))
    assert isinstance(response, Response)
    return mock.exchanges[-1].request, response


@pytest.mark.parametrize(
    "url",
    [
        "http://mock/ordermanagement/v1/orders/1",
        "http://mock//ordermanagement/v1/orders/1",
        "http://mock/a/../b/./c",
        "http://mock/a b%2Fc[d]{e}ü?query=1#part",
        "http://mock",
        "HTTP://Mock:80/a",
    ],
)
def test_the_path_of_a_url_is_the_one_of_httpx(url: str) -> None:
    request, _ = received("GET", url)
    assert request.path == httpx.URL(url).raw_path.decode().split("?")[0]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Type", b"application/json"), (b"X-Text", b"a")],
        [(b"X-Text", b"a"), (b"x-text", b"b")],
        [(b"X-Text", "ü".encode("latin-1"))],
        [(b"X-Text", "ü".encode())],
        {"X-Text": "a"},
    ],
)
def test_headers_are_the_ones_of_httpx(headers: Any) -> None:
    request, _ = received("GET", "http://mock/a", headers=headers)
    assert request.headers == tuple(httpx.Headers(headers).items())


@pytest.mark.parametrize(
    ("raw", "headers", "kept"),
    [
        ("ü".encode(), (), ("ü", "utf-8", False)),
        ("ü".encode("latin-1"), (), ("ü", "latin-1", False)),
        (b"x" * 1_048_576, (), ("x" * 1_048_576, "utf-8", False)),
        (b"x" * 1_048_577, (), ("x" * 4_096, "utf-8", True)),
        (
            gzip.compress(b"text", mtime=0),
            (("content-encoding", "gzip"),),
            ("text", "utf-8", False),
        ),
    ],
)
def test_a_response_is_decoded_and_limited(
    raw: bytes, headers: Headers, kept: tuple[str, str, bool]
) -> None:
    answer = Response(status=200, headers=headers, body=Payload.of(raw))

    def sent(*_: object) -> Response:
        return answer

    url = "http://mock/ordermanagement/v1/orders/1"
    _, response = received("GET", url, deviation=Deviation(sent=sent))
    assert (response.body.text, response.body.encoding, response.truncated) == kept
