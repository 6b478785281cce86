"""The wire: sends one HTTP request, and tells every way in which that fails as an outcome."""

import asyncio
import ssl
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.pace import Pacer
from klarna_specs.exchange import Failure, Payload, Response

__all__ = ["MAX_BODY_BYTES", "Tls", "Wire"]

MAX_BODY_BYTES = 1_048_576
"""How much of a response body is read, also once decoded; a longer one is recorded as truncated."""
_KEPT_OF_TRUNCATED = 4_096
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """Whose certificates are trusted (PEM; the system's where None), and the client's own."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """What connections are made with; raises UsageError for a file that is none of these."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as exc:
            files = ", ".join(str(path) for path in (self.ca, self.certificate, self.key) if path)
            problem = exc.strerror or str(exc)
            raise UsageError(f"tls: cannot be read as PEM: {files} ({problem})") from exc
        return context


class Wire:
    """An HTTP client that raises nothing for what a server does, and waits where it asks so.

    `timeout_s` is the deadline of a whole exchange, in seconds; `concurrency` how many connections
    there are at most. Redirects are not followed.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        concurrency: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
        http2: bool = False,
        pacer: Pacer | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._pacer = pacer or Pacer()
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._client = httpx.AsyncClient(
            transport=transport,
            limits=limits,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            verify=tls.context() if tls else True,
            proxy=proxy,
            http2=http2,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def send(self, method: str, url: str, **content: Any) -> Response | Failure:
        """Sends a request; `content` is what httpx makes a request of.

        It is sent again while the answer is to wait (429), a few times at most; `tries` of the
        response counts them.
        """
        tries = 1
        while True:
            await self._pacer.turn()
            outcome = await self._send_once(method, url, content)
            if not self._pacer.try_again(outcome, tries):
                return outcome if tries == 1 else msgspec.structs.replace(outcome, tries=tries)
            tries += 1

    async def _send_once(
        self, method: str, url: str, content: dict[str, Any]
    ) -> Response | Failure:
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
    """The body up to the limit, and whether there was more of it."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            return b"".join(parts)[:_KEPT_OF_TRUNCATED], True
    return _decoded(b"".join(parts), response.headers.get("Content-Encoding", ""))


def _decoded(raw: bytes, encoding: str) -> tuple[bytes, bool]:
    """A body that was compressed although that was not asked for; as it came where it cannot be."""
    window_bits = _WINDOW_BITS.get(encoding.strip().lower())
    if window_bits is None:
        return raw, False
    try:
        decoded = zlib.decompressobj(window_bits).decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        return raw, False
    if len(decoded) > MAX_BODY_BYTES:
        return decoded[:_KEPT_OF_TRUNCATED], True
    return decoded, False


def _failure(exc: Exception, elapsed_s: float) -> Failure:
    kind: Any = "protocol"
    cause = repr(exc) + repr(exc.__cause__) + repr(exc.__context__)
    if "SSL" in cause or "CERTIFICATE" in cause:
        kind = "tls"
    elif isinstance(exc, TimeoutError | httpx.TimeoutException):
        kind = "timeout"
    elif isinstance(exc, httpx.ConnectError | httpx.ProxyError):
        kind = "unreachable"
    elif isinstance(exc, httpx.ReadError | httpx.WriteError) or "disconnected" in str(exc):
        kind = "closed"
    message = str(exc) or type(exc).__name__
    return Failure(kind=kind, message=message, elapsed_s=round(elapsed_s, 6))
