"""Raw connections to a listener in the same event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from klarna_conformance.network.listener import Arrival, Listener
from klarna_specs.exchange import Payload, Request, Response

__all__ = ["Echo", "Raw", "connected", "port_of"]

_TIMEOUT_S = 10.0


def port_of(base_url: str) -> int:
    return int(base_url.rsplit(":", 1)[1])


class Echo:
    """Answers each request with its own text, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.authorizations: list[str | None] = []

    async def __call__(self, arrival: Arrival) -> None:
        request = arrival.request
        self.requests.append(request)
        self.authorizations.append(arrival.authorization)
        text = f"{request.method} {request.path} {request.body.text}"
        await arrival.answer(Response(status=200, body=Payload(text)))


class Raw:
    """One connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def request(self, raw: bytes) -> bytes:
        """Sends bytes, and reads one response with a Content-Length, perhaps truncated."""
        await self.send(raw)
        return await self.response()

    async def response(self) -> bytes:
        async with asyncio.timeout(_TIMEOUT_S):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as exc:
                return exc.partial
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            try:
                return head + await self.reader.readexactly(length)
            except asyncio.IncompleteReadError as exc:
                return head + exc.partial

    async def rest(self) -> bytes:
        """Everything until the other side closes the connection."""
        async with asyncio.timeout(_TIMEOUT_S):
            return await self.reader.read()

    async def end(self) -> str:
        """How the other side closes the connection: `closed` or `reset`."""
        try:
            await self.rest()
        except ConnectionResetError:
            return "reset"
        return "closed"


@asynccontextmanager
async def connected(server: Listener | str) -> AsyncIterator[Raw]:
    """A connection to a listener, or to a base URL; raises ConnectionError."""
    base_url = server if isinstance(server, str) else server.base_url
    host = urlsplit(base_url).hostname
    reader, writer = await asyncio.open_connection(host, port_of(base_url))
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
