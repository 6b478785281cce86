"""The mock without a socket: calls go to it as they are, from an HTTP client or without one."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from klarna_conformance.http.wire import Wire, kept_of
from klarna_conformance.mock.app import answer, credentials_of, mock_app, request_of
from klarna_conformance.mock.server import Mock
from klarna_specs.exchange import Payload, Response

__all__ = ["InProcess", "MockWire"]

_DOCUMENTED = b"/ordermanagement/"


class InProcess(httpx.AsyncBaseTransport):
    """Answers an HTTP client from a mock in the same process.

    Documented calls reach the mock itself, and only what is beside them goes through its
    application, which takes as long as the mock does.
    """

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        self._mock = mock
        self._pair = username, password
        self._beside = httpx.ASGITransport(mock_app(mock, username=username, password=password))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, without anything that a connection would add."""
        if not request.url.raw_path.startswith(_DOCUMENTED):
            return await self._beside.handle_async_request(request)
        asked = request_of(
            request.method,
            request.url.raw_path,
            request.headers.items(),
            await request.aread(),
            credentials=credentials_of(request.headers.get("authorization"), *self._pair),
        )
        url = request.url
        answered = await answer(self._mock, asked, f"{url.scheme}://{url.netloc.decode()}")
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answered.headers]
        return httpx.Response(
            answered.status, headers=headers, stream=httpx.ByteStream(answered.body.raw)
        )


class MockWire(Wire):
    """A wire to a mock in the same process, several times as fast as an HTTP client."""

    def __init__(self, mock: Mock, *, username: str, password: str) -> None:
        super().__init__(transport=InProcess(mock, username=username, password=password))
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
