"""The mock without a socket: requests are passed to it directly."""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import chain
from typing import Any

import httpx
import msgspec

from klarna_conformance.http.wire import MAX_BODY_BYTES, Wire, kept_of
from klarna_conformance.mock.answering import credentials_of, request_of
from klarna_conformance.mock.control import Control
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Response

__all__ = ["MockWire"]

_PLAIN_URL = re.compile(r"(http://[a-z0-9.-]+)(/[A-Za-z0-9/_-]{0,2000})")
"""URLs that httpx sends as they are written, in origin and path."""


class MockWire(Wire):
    """A wire to a mock in the same process, without an HTTP client."""

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        super().__init__(transport=httpx.AsyncBaseTransport())
        self._control = Control(mock)
        self._pair = username, password

    async def _attempt(self, method: str, url: str, started: float, **content: Any) -> Response:
        """The response of the mock, or of its control API."""
        origin, path = _parts(url)
        headers = _headers(content.get("headers") or ())
        request = request_of(
            method,
            path,
            headers.items(),
            await _whole(content.get("content", b"")),
            credentials=credentials_of(headers.get("authorization"), *self._pair),
        )
        if "json" in content:
            body = Payload.of(msgspec.json.encode(content["json"]))
            request = msgspec.structs.replace(request, body=body)
        response = await self._control.answer(request, origin)
        body, truncated = _received(response)
        return Response(
            status=response.status,
            headers=response.headers,
            body=body,
            truncated=truncated,
            elapsed_s=round(time.perf_counter() - started, 6),
        )


def _parts(url: str) -> tuple[str, bytes]:
    """Origin and path of a URL as httpx sends them."""
    if plain := _PLAIN_URL.fullmatch(url):
        return plain[1], plain[2].encode()
    address = httpx.URL(url)
    return f"{address.scheme}://{address.netloc.decode()}", address.raw_path


def _headers(sent: Mapping[str, str] | Sequence[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The headers by name in lower case; several with one name are joined, as httpx does it."""
    if isinstance(sent, Mapping):
        return httpx.Headers(sent)
    plain = {name.lower(): value for name, value in sent}
    if len(plain) < len(sent) or not all(map(bytes.isascii, chain(*plain.items()))):
        return httpx.Headers(sent)
    return {name.decode(): value.decode() for name, value in plain.items()}


def _received(response: Response) -> tuple[Payload, bool]:
    """The body as a client keeps it, and whether it exceeds the limit."""
    body, encodings = response.body, response.header("Content-Encoding")
    if not encodings and body.encoding == "utf-8" and 4 * len(body.text) <= MAX_BODY_BYTES:
        return Payload(body.text), False
    raw, truncated = kept_of(body.raw, encodings or "")
    return Payload.of(raw), truncated


async def _whole(content: bytes | AsyncIterator[bytes]) -> bytes:
    if isinstance(content, bytes):
        return content
    return b"".join([piece async for piece in content])
