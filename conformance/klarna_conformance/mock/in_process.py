"""The mock without a socket: requests are passed to it directly."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from klarna_conformance.http.wire import Wire, kept_of
from klarna_conformance.mock.answering import credentials_of, request_of
from klarna_conformance.mock.control import Control
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Response

__all__ = ["MockWire"]


class MockWire(Wire):
    """A wire to a mock in the same process, without an HTTP client."""

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        super().__init__(transport=httpx.AsyncBaseTransport())
        self._control = Control(mock)
        self._pair = username, password

    async def _attempt(self, method: str, url: str, started: float, **content: Any) -> Response:
        """The response of the mock, or of its control API."""
        address = httpx.URL(url)
        headers = httpx.Headers(content.get("headers"))
        request = request_of(
            method,
            address.raw_path,
            headers.items(),
            await _whole(content.get("content", b"")),
            credentials=credentials_of(headers.get("authorization"), *self._pair),
        )
        if "json" in content:
            body = Payload.of(msgspec.json.encode(content["json"]))
            request = msgspec.structs.replace(request, body=body)
        response = await self._control.answer(
            request, f"{address.scheme}://{address.netloc.decode()}"
        )
        body, truncated = kept_of(response.body.raw, response.header("Content-Encoding") or "")
        return Response(
            status=response.status,
            headers=response.headers,
            body=Payload.of(body),
            truncated=truncated,
            elapsed_s=round(time.perf_counter() - started, 6),
        )


async def _whole(content: bytes | AsyncIterator[bytes]) -> bytes:
    if isinstance(content, bytes):
        return content
    return b"".join([piece async for piece in content])
