"""One connection of a client, by h11, with every way in which a response can fail."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from klarna_specs.exchange import Payload, Request, Response

__all__ = ["MAX_BODY_BYTES", "Arrival", "Connection", "Serve"]

MAX_BODY_BYTES = 10_000_000
"""A request with a longer body is answered with 413."""
_READ_BYTES = 65_536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing the socket resets the connection."""
_BODILESS = (204, 304)
_FRAMING = ("content-length", "transfer-encoding", "connection")
_PIECES = 10
_LINGER_S = 1.0
"""How long to read what a client still sends after its request was rejected: closing a connection
with unread bytes resets it, and the response may be lost."""


class Arrival:
    """A request that arrived, and the connection for the response."""

    def __init__(
        self, request: Request, authorization: str | None, connection: "Connection"
    ) -> None:
        self.request = request
        self.authorization = authorization
        self._connection = connection

    async def wait(self, seconds: float) -> bool:
        """Waits; False as soon as the client disconnects."""
        return await self._connection.wait(seconds)

    async def answer(self, response: Response) -> bool:
        """Sends a response; False if the client has disconnected."""
        return await self._connection.answer(response, head=self.request.method == "HEAD")

    async def answer_slowly(self, response: Response, seconds: float) -> bool:
        """Sends a response in pieces over so many seconds; False if the client disconnects."""
        head = self.request.method == "HEAD"
        return await self._connection.answer_slowly(response, seconds, head=head)

    async def answer_in_part(self, response: Response) -> None:
        """Sends the head and the first half of the body, and closes the connection."""
        await self._connection.answer_in_part(response)

    def close(self, *, reset: bool) -> None:
        """Closes the connection without a response."""
        self._connection.end(reset=reset)


Serve = Callable[[Arrival], Awaitable[None]]
"""Responds to an arrival, or does not."""


class Connection:
    """One connection: one request after the other, by h11."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: "asyncio.Task[None]",
    ) -> None:
        self.task = task
        self.idle = True
        self._last = False
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_READ_BYTES)

    async def serve(self, serve: Serve) -> None:
        while (arrival := await self._arrival()) is not None:
            self.idle = False
            await serve(arrival)
            self.idle = True
            states = (self._h11.our_state, self._h11.their_state)
            if self._last or states != (h11.DONE, h11.DONE) or self._writer.is_closing():
                return
            self._h11.start_next_cycle()

    def finish(self) -> None:
        """Ends when the request in flight, if there is one, is answered."""
        self._last = True
        if self.idle:
            self.end(reset=False)

    async def _arrival(self) -> Arrival | None:
        """The next request in full; None if there is no other, or it is no HTTP."""
        try:
            head = await self._event()
            if not isinstance(head, h11.Request):
                return None
            body = await self._body()
        except h11.RemoteProtocolError as exc:
            return await self._reject(exc.error_status_hint)
        if body is None:
            return await self._reject(413)
        headers = [(_text(name), _text(value)) for name, value in head.headers.raw_items()]
        request = Request(
            method=_text(head.method),
            path=_path(_text(head.target)),
            headers=tuple((n, v) for n, v in headers if n.lower() != "authorization"),
            body=Payload.of(body),
        )
        authorization = ", ".join(v for n, v in headers if n.lower() == "authorization") or None
        return Arrival(request, authorization, self)

    async def _body(self) -> bytes | None:
        """The body of the request; None if it is too large."""
        parts: list[bytes] = []
        size = 0
        while isinstance(event := await self._event(), h11.Data):
            size += len(event.data)
            if size > MAX_BODY_BYTES:
                return None
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def _reject(self, status: int) -> None:
        """Responds to an invalid request, if possible; it is the last one of the connection."""
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        if await self.answer(Response(status=status)):
            with suppress(TimeoutError, OSError):
                self._writer.write_eof()
                async with asyncio.timeout(_LINGER_S):
                    while await self._reader.read(_READ_BYTES):
                        pass

    async def _event(self) -> object:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def wait(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        size = 0
        while (left_s := until_s - loop.time()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    received = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                return True
            except ConnectionError:
                return False
            size += len(received)
            if not received or size > MAX_BODY_BYTES:
                return False
            self._h11.receive_data(received)
        return True

    async def answer(self, response: Response, *, head: bool = False) -> bool:
        left = self._reader.at_eof()  # the client may have timed out
        try:
            for event in _events(response, head=head):
                await self._send(event)
        except (ConnectionError, h11.LocalProtocolError):
            return False
        return not left and not self._is_rejected()

    def _is_rejected(self) -> bool:
        """Whether what was sent met a socket that the client had closed before."""
        ours = self._writer.transport.get_extra_info("socket")
        try:
            return ours.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        except OSError:  # it is closed
            return False

    async def answer_slowly(self, response: Response, seconds: float, *, head: bool) -> bool:
        raw = b"".join(self._h11.send(event) or b"" for event in _events(response, head=head))
        size = max(1, len(raw) // _PIECES)
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        try:
            for piece in pieces:
                if not await self.wait(seconds / len(pieces)):
                    return False
                self._writer.write(piece)
                await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def answer_in_part(self, response: Response) -> None:
        body = response.body.raw
        with suppress(ConnectionError, h11.LocalProtocolError):
            await self._send(_head(response))
            await self._send(h11.Data(data=body[: len(body) // 2]))
        self.end(reset=False)

    def end(self, *, reset: bool) -> None:
        transport = self._writer.transport
        if not reset:
            transport.close()
            return
        ours = transport.get_extra_info("socket")
        with suppress(OSError):  # it may be closed already
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._h11.send(event) or b"")
        await self._writer.drain()


def _events(response: Response, *, head: bool) -> list[h11.Event]:
    bare = head or response.status in _BODILESS
    body = [] if bare else [h11.Data(data=response.body.raw)]
    return [_head(response), *body, h11.EndOfMessage()]


def _head(response: Response) -> h11.Response:
    headers = [(n, v) for n, v in response.headers if n.lower() not in _FRAMING]
    if response.status not in _BODILESS:
        headers.append(("Content-Length", str(len(response.body.raw))))
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = ""
    return h11.Response(status_code=response.status, headers=headers, reason=reason)


def _path(target: str) -> str:
    """The path and query of a request target, also of an absolute one; else the target."""
    if target.startswith("/"):
        return target
    try:
        parts = urlsplit(target)
    except ValueError:
        return target
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
