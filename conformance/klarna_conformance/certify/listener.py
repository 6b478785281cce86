"""An HTTP/1.1 server on a socket of this machine that can misbehave in every way a network can."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from klarna_conformance.mock.app import MAX_BODY_BYTES
from klarna_specs.exchange import Payload, Request, Response

__all__ = ["Arrival", "Listener"]

_READ_BYTES = 65_536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time at all: closing the socket resets the connection."""
_BODILESS = (204, 304)
_FRAMING = ("content-length", "transfer-encoding", "connection")
_PIECES = 10


class Arrival:
    """A request that arrived, and the connection to answer it on."""

    def __init__(
        self, request: Request, authorization: str | None, connection: "_Connection"
    ) -> None:
        self.request = request
        self.authorization = authorization
        self._connection = connection

    async def wait(self, seconds: float) -> bool:
        """Lets time pass; False as soon as the client is gone."""
        return await self._connection.wait(seconds)

    async def answer(self, response: Response) -> bool:
        """Sends a response; False where the client is gone."""
        return await self._connection.answer(response, head=self.request.method == "HEAD")

    async def answer_slowly(self, response: Response, seconds: float) -> bool:
        """Sends a response in pieces over so many seconds; False where the client left."""
        return await self._connection.answer_slowly(response, seconds)

    async def answer_in_part(self, response: Response) -> None:
        """Announces the response, sends the first half of its body, and closes the connection."""
        await self._connection.answer_in_part(response)

    def close(self, *, reset: bool) -> None:
        """Ends the connection without another answer."""
        self._connection.end(reset=reset)


Serve = Callable[[Arrival], Awaitable[None]]


class Listener:
    """Listens on a port of the loopback interface; it may stop for a while, and go on there."""

    def __init__(self, serve: Serve, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._serve = serve
        self._address = (host, port)
        self._server: asyncio.Server | None = None
        self._holder: socket.socket | None = None
        self._connections: set[_Connection] = set()

    @property
    def base_url(self) -> str:
        """Where it listens."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def open(self) -> None:
        """Begins to listen, if it does not yet; raises OSError where the address cannot be had.

        A second socket that is bound and never listens keeps the port while nobody listens on it.
        """
        if self._server is not None:
            return
        listening = _bound(self._address)
        self._address = (self._address[0], listening.getsockname()[1])
        if self._holder is None:
            self._holder = _bound(self._address)
        self._server = await asyncio.start_server(self._connected, sock=listening)

    def refuse(self) -> None:
        """Refuses connections from now on, and resets those that wait for a request."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            if connection.idle:
                connection.end(reset=True)

    async def close(self) -> None:
        """Ends everything."""
        self.refuse()
        connections = list(self._connections)
        for connection in connections:
            connection.end(reset=True)
            connection.task.cancel()
        if self._holder is not None:
            self._holder.close()
            self._holder = None
        await asyncio.gather(*(each.task for each in connections), return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(reader, writer, task)
        self._connections.add(connection)
        with suppress(ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            await connection.serve(self._serve)
        self._connections.discard(connection)
        connection.end(reset=False)


def _bound(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class _Connection:
    """One connection: requests one after the other, by h11."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: "asyncio.Task[None]",
    ) -> None:
        self.task = task
        self.idle = True
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_READ_BYTES)

    async def serve(self, serve: Serve) -> None:
        while (arrival := await self._arrival()) is not None:
            self.idle = False
            await serve(arrival)
            self.idle = True
            states = (self._h11.our_state, self._h11.their_state)
            if states != (h11.DONE, h11.DONE) or self._writer.is_closing():
                return
            self._h11.start_next_cycle()

    async def _arrival(self) -> Arrival | None:
        """The next request, whole; None where there is no other."""
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        parts: list[bytes] = []
        size = 0
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return None
            size += len(event.data)
            if size > MAX_BODY_BYTES:
                await self.answer(Response(status=413))
                return None
            parts.append(bytes(event.data))
        headers = [(_text(name), _text(value)) for name, value in head.headers.raw_items()]
        request = Request(
            method=_text(head.method),
            path=_path(_text(head.target)),
            headers=tuple((n, v) for n, v in headers if n.lower() != "authorization"),
            body=Payload.of(b"".join(parts)),
        )
        authorization = next((v for n, v in headers if n.lower() == "authorization"), None)
        return Arrival(request, authorization, self)

    async def _event(self) -> object:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def wait(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while (left_s := until_s - loop.time()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    received = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                return True
            except ConnectionError:
                return False
            if not received:
                return False
            self._h11.receive_data(received)
        return True

    async def answer(self, response: Response, *, head: bool = False) -> bool:
        try:
            for event in _events(response, head=head):
                await self._send(event)
        except (ConnectionError, h11.LocalProtocolError):
            return False
        return True

    async def answer_slowly(self, response: Response, seconds: float) -> bool:
        raw = b"".join(self._h11.send(event) or b"" for event in _events(response, head=False))
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
        if transport.is_closing():
            return
        if reset:
            ours = transport.get_extra_info("socket")
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()

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
    """The path and query of a request target, also where it names the host."""
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
