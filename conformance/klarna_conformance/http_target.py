"""A target behind HTTP: a served mock or sandbox, or an ASGI application in this process."""

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from klarna_conformance.redaction import Redactor
from klarna_conformance.target import Exchanged
from klarna_reports.record import ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Failure, Payload, Request, Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Credentials

__all__ = ["MAX_BODY_BYTES", "HttpTarget"]

MAX_BODY_BYTES = 1_048_576
"""How much of a response body is read; a longer one is recorded as truncated."""
_KEPT_OF_TRUNCATED = 4_096


class _Answer(msgspec.Struct):
    order_id: str | None = None
    capture_ids: tuple[str, ...] = ()
    unavailable: str = ""


class HttpTarget:
    """Sends requests to a base URL with Basic credentials, each within `timeout_s` seconds."""

    def __init__(
        self,
        *,
        facts: TargetFacts,
        username: str,
        password: str,
        provisioner_url: str | None,
        clock_url: str | None = None,
        timeout_s: float = 30.0,
        concurrency: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.facts = facts
        self.concurrency = concurrency
        self._base_url = facts.base_url.rstrip("/")
        self._secrets = {
            "valid": (username, password),
            # Wrong by as little as can be: a server that compares beginnings takes it for right.
            "wrong_password": (username, password[:-1]),
            "wrong_username": (f"{username}x", password),
        }
        told = (_basic(*pair).removeprefix("Basic ") for pair in self._secrets.values())
        self._redactor = Redactor((username, password, password[:-1], *told))
        self._provisioner_url = provisioner_url
        self._clock_url = clock_url
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

    async def __aenter__(self) -> "HttpTarget":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, request: Request, *, chunked: bool = False) -> Exchanged:
        """Sends one request; every way in which the target misbehaves is an outcome."""
        raw = request.body.raw
        headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in request.headers]
        if authorization := self._authorization(request.credentials):
            headers.append((b"authorization", authorization.encode()))
        try:
            sent = self._client.build_request(
                request.method,
                self._base_url + request.path,
                headers=headers,
                content=_in_chunks(raw) if chunked else raw,
            )
        except httpx.InvalidURL as exc:
            return Exchanged(request=request, outcome=self._failure(exc, 0.0))
        return Exchanged(request=request, outcome=await self._outcome(sent))

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Asks the provisioner for an order; whatever it answers else is told as unavailable."""
        if self._provisioner_url is None:
            return Unavailable(plan=plan, reason="the target has no provisioner to make orders")
        sent = self._client.build_request(
            "POST",
            self._provisioner_url,
            content=msgspec.json.encode(plan),
            headers={"Content-Type": "application/json"},
        )
        outcome = await self._outcome(sent, redacted=False)
        if isinstance(outcome, Failure):
            return self._unavailable(plan, f"cannot be reached: {outcome.message}")
        try:
            answer = msgspec.json.decode(outcome.body.text, type=_Answer)
        except msgspec.DecodeError:
            return self._unavailable(plan, f"answered {outcome.status}, and no order")
        if not (outcome.is_success and answer.order_id):
            told = answer.unavailable or f"status {outcome.status}"
            return self._unavailable(plan, f"made no order: {told}")
        return ProvidedOrder(plan=plan, order_id=answer.order_id, capture_ids=answer.capture_ids)

    def _unavailable(self, plan: OrderPlan, why: str) -> Unavailable:
        reason = self._redactor.text(f"{self._provisioner_url} {why}")
        return Unavailable(plan=plan, reason=reason[:300])

    async def advance(self, seconds: int) -> bool:
        """Moves the clock over the control API, where the target has one."""
        if self._clock_url is None:
            return False
        sent = self._client.build_request("POST", self._clock_url, json={"advance_s": seconds})
        outcome = await self._outcome(sent)
        return isinstance(outcome, Response) and outcome.is_success

    def _authorization(self, credentials: Credentials) -> str | None:
        return None if credentials == "none" else _basic(*self._secrets[credentials])

    async def _outcome(self, sent: httpx.Request, *, redacted: bool = True) -> Response | Failure:
        """Sends within the deadline, which is for the whole exchange."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._receive(sent, started)
                return self._redacted(response) if redacted else response
        except (httpx.HTTPError, TimeoutError, ssl.SSLError, OSError) as exc:
            return self._failure(exc, time.perf_counter() - started)

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

    def _redacted(self, response: Response) -> Response:
        return msgspec.structs.replace(
            response,
            headers=tuple((name, self._redactor.text(v)) for name, v in response.headers),
            body=self._redactor.payload(response.body),
        )

    def _failure(self, exc: Exception, elapsed_s: float) -> Failure:
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
        message = self._redactor.text(_told(exc))
        return Failure(kind=kind, message=message[:300], elapsed_s=round(elapsed_s, 6))


def _told(exc: Exception) -> str:
    return str(exc) or type(exc).__name__


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def _in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, max(len(raw), 1), 16):
        yield raw[start : start + 16]


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
