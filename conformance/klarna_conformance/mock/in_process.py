"""The mock without a socket: documented calls go to it as they are."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from klarna_conformance.http.wire import Wire, kept_of
from klarna_conformance.mock.app import answer, credentials_of, mock_app, request_of
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Response

__all__ = ["MockWire"]

_DOCUMENTED = b"/ordermanagement/"


class MockWire(Wire):
    """A wire to a mock in the same process: its documented calls need no HTTP client."""

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        app = mock_app(mock, username=username, password=password)
        super().__init__(transport=httpx.ASGITransport(app))
        self._mock = mock
        self._pair = username, password

    async def _attempt(self, method: str, url: str, started: float, **content: Any) -> Response:
        """What the mock answers; what is beside its documented calls goes as over HTTP."""
        address = httpx.URL(url)
        if not address.raw_path.startswith(_DOCUMENTED):
            return await super()._attempt(method, url, started, **content)
        headers = httpx.Headers(content.get("headers"))
        asked = request_of(
            method,
            address.raw_path,
            headers.items(),
            await _whole(content.get("content", b"")),
            credentials=credentials_of(headers.get("authorization"), *self._pair),
        )
        answered = await answer(self._mock, asked, f"{address.scheme}://{address.netloc.decode()}")
        body, truncated = kept_of(answered.body.raw, answered.header("Content-Encoding") or "")
        return Response(
            status=answered.status,
            headers=answered.headers,
            body=Payload.of(body),
            truncated=truncated,
            elapsed_s=round(time.perf_counter() - started, 6),
        )


async def _whole(content: bytes | AsyncIterator[bytes]) -> bytes:
    if isinstance(content, bytes):
        return content
    return b"".join([piece async for piece in content])
