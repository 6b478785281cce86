"""The wire: sends HTTP requests, and reports every way in which that fails as an outcome."""

import asyncio
import base64
import http.cookiejar
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from klarna_conformance.errors import UsageError
from klarna_conformance.http.clients import Clients
from klarna_conformance.http.decoding import NotDecoded, decoded
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.reaching import Connection
from klarna_conformance.http.retrying import RetryPolicy
from klarna_conformance.http.tls import Tls, tls_context
from klarna_specs.exchange import Failure, Payload, Request, Response

__all__ = ["MAX_BODY_BYTES", "Tls", "Wire", "kept_of"]

MAX_BODY_BYTES = 1_048_576
"""How much of a response body is read, both encoded and decoded; a longer one is recorded as
truncated."""
_KEPT_OF_TRUNCATED = 4_096
_BLOCKED_S = 0.5
"""A timeout that is noticed late by more than this, in seconds, and a fifth of it, says nothing
about the server: the response may have come while this process was blocked."""
_CONNECT_SHARE = 0.45
"""The share of the timeout for connecting, and for the TLS handshake as well: a handshake that the
timeout itself interrupts would leave its socket open."""


class Wire:
    """An HTTP client that raises nothing for what a server does.

    `timeout_s` is the timeout of one attempt from connecting to the last byte, in seconds;
    `concurrency` is the most requests at a time. It follows no redirect, keeps no cookie, and reads
    nothing from the environment. `proxy` is a URL, perhaps with credentials. `http2` uses HTTP/2
    where the server offers it over TLS. Raises UsageError for files and URLs that cannot be used.
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
    ) -> None:
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(concurrency)
        self.limiter = RateLimiter()
        """The rate limit of the server; wires to the same server share one."""
        self._proxy = _proxy(proxy)
        verify = tls_context(tls or Tls()) if transport is None else False
        self.connection = (
            Connection(verify, timeout_s, proxied=proxy is not None) if verify else None
        )
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)

        def make() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                transport=transport,
                limits=limits,
                timeout=httpx.Timeout(timeout_s, connect=_CONNECT_SHARE * timeout_s),
                follow_redirects=False,
                trust_env=False,
                verify=verify,
                proxy=self._proxy,
                http2=http2,
                cookies=_NoCookies(),
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            )

        self._clients = Clients(make, shared=not http2)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The proxy's credentials, which no record may hold."""
        pair = self._proxy.raw_auth if self._proxy else None
        if pair is None:
            return ()
        username, password = pair
        token = base64.b64encode(b":".join(pair)).decode()
        return username.decode(), password.decode(), b":".join(pair).decode(), token

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._clients.aclose()

    async def send(self, method: str, url: str, **content: Any) -> Response | Failure:
        """Sends a request under the rate limit, and again after a 429; returns the final outcome.

        `content` is what httpx makes a request of.
        """

        async def attempt() -> Response | Failure:
            return await self.send_once(method, url, **content)

        policy = RetryPolicy(limiter=self.limiter)
        return (await policy.exchange(Request(method=method, path=url), attempt)).outcome

    async def send_once(
        self, method: str, url: str, *, chunked: bool = False, **content: Any
    ) -> Response | Failure:
        """Sends a request at once, and not again; `chunked` sends its bytes in pieces."""
        if chunked:
            content["content"] = _in_chunks(content["content"])
        async with self._slots:
            started = time.perf_counter()
            try:
                return await self._attempt(method, url, started, **content)
            except NotDecoded as exc:
                return _failed("protocol", str(exc), started)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as exc:
                return _failure(exc, started, self._timeout_s)

    async def _attempt(self, method: str, url: str, started: float, **content: Any) -> Response:
        async with self._clients.client() as client, asyncio.timeout(self._timeout_s):
            sent = client.build_request(method, url, **content)
            return await _received(await client.send(sent, stream=True), started)


async def _received(response: httpx.Response, started: float) -> Response:
    try:
        body, truncated = await _read(response)
    finally:
        await response.aclose()
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    )
    return Response(
        status=response.status_code,
        headers=headers,
        body=Payload.of(body),
        truncated=truncated,
        elapsed_s=round(time.perf_counter() - started, 6),
    )


class _NoCookies(http.cookiejar.CookieJar):
    """Keeps no cookie: a session would carry the credentials of one call over to another."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keeps nothing."""


def _proxy(url: str | None) -> httpx.Proxy | None:
    if url is None:
        return None
    try:
        return httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL) as exc:
        # The URL may hold a password, so it is not repeated.
        raise UsageError("proxy: this is no proxy's URL; write http://host:port") from exc


async def _in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, max(len(raw), 1), 16):
        yield raw[start : start + 16]


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    raw = await _read_raw(response)
    return kept_of(raw, response.headers.get("content-encoding", ""))


def kept_of(raw: bytes, encodings: str) -> tuple[bytes, bool]:
    """The decoded body, and whether it exceeds the limit; raises NotDecoded."""
    if len(raw) > MAX_BODY_BYTES:
        # The beginning of an encoded body shows nothing, and would escape redaction.
        return (b"" if encodings else raw[:_KEPT_OF_TRUNCATED]), True
    body, truncated = decoded(raw, encodings, limit=MAX_BODY_BYTES)
    return (body[:_KEPT_OF_TRUNCATED], True) if truncated else (body, False)


async def _read_raw(response: httpx.Response) -> bytes:
    """The body before decoding, or a little more of it than the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            break
    return b"".join(parts)


def _failure(exc: Exception, started: float, timeout_s: float) -> Failure:
    kind: Any = "protocol"
    cause = repr(exc) + repr(exc.__cause__) + repr(exc.__context__)
    if "SSL" in cause or "CERTIFICATE" in cause:
        kind = "tls"
    elif isinstance(exc, TimeoutError | httpx.TimeoutException):
        blocked_s = time.perf_counter() - started - timeout_s
        if blocked_s > max(_BLOCKED_S, timeout_s / 5):
            message = f"this process was blocked for {blocked_s:.1f} s when the response was due"
            return _failed("aborted", message, started)
        kind = "timeout"
    elif isinstance(exc, httpx.ConnectError | httpx.ProxyError):
        kind = "unreachable"
    elif isinstance(exc, httpx.ReadError | httpx.WriteError) or "disconnected" in str(exc):
        kind = "closed"
    return _failed(kind, str(exc) or type(exc).__name__, started)


def _failed(kind: Any, message: str, started: float) -> Failure:
    elapsed_s = round(time.perf_counter() - started, 6)
    return Failure(kind=kind, message=message, elapsed_s=elapsed_s)
