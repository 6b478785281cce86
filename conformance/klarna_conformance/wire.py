"""The wire: sends one HTTP request, and tells every way in which that fails as an outcome."""

import asyncio
import ssl
import time
from typing import Any

import httpx

from klarna_specs.exchange import Failure, Payload, Response

__all__ = ["MAX_BODY_BYTES", "Wire"]

MAX_BODY_BYTES = 1_048_576
"""How much of a response body is read; a longer one is recorded as truncated."""
_KEPT_OF_TRUNCATED = 4_096


class Wire:
    """An HTTP client that raises nothing for what a server does.

    `timeout_s` is the deadline of a whole exchange, in seconds; `concurrency` how many connections
    there are at most.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        concurrency: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._client = httpx.AsyncClient(
            transport=transport,
            limits=limits,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def send(self, method: str, url: str, **content: Any) -> Response | Failure:
        """Sends a request within the deadline; `content` is what httpx makes a request of."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._receive(
                    self._client.build_request(method, url, **content), started
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as exc:
            return _failure(exc, time.perf_counter() - started)

    async def _receive(self, sent: httpx.Request, started: float) -> Response:
        response = await self._client.send(sent, stream=True)
        try:
            body, truncated = await _read(response)
        finally:
            await response.aclose()
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
        )
        return Response(
            status=response.status_code,
            headers=headers,
            body=Payload.of(body),
            truncated=truncated,
            elapsed_s=round(time.perf_counter() - started, 6),
        )


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """The body as it is on the wire, not decompressed, up to the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            return b"".join(parts)[:_KEPT_OF_TRUNCATED], True
    return b"".join(parts), False


def _failure(exc: Exception, elapsed_s: float) -> Failure:
    kind: Any = "protocol"
    cause = repr(exc) + repr(exc.__cause__) + repr(exc.__context__)
    if "SSL" in cause or "CERTIFICATE" in cause:
        kind = "tls"
    elif isinstance(exc, TimeoutError | httpx.TimeoutException):
        kind = "timeout"
    elif isinstance(exc, httpx.ConnectError):
        kind = "unreachable"
    elif isinstance(exc, httpx.ReadError | httpx.WriteError) or "disconnected" in str(exc):
        kind = "closed"
    message = str(exc) or type(exc).__name__
    return Failure(kind=kind, message=message, elapsed_s=round(elapsed_s, 6))
