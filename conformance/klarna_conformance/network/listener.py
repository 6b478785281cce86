"""An HTTP/1.1 server on a local socket that can fail in every way in which a network can."""

import asyncio
import socket
from contextlib import suppress

import h11

from klarna_conformance.network.connection import Arrival, Connection, Serve

__all__ = ["Arrival", "Listener"]


class Listener:
    """Listens on a port of the loopback interface; it can stop, and resume on the same port."""

    def __init__(self, serve: Serve, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._serve = serve
        self._address = (host, port)
        self._server: asyncio.Server | None = None
        self._holder: socket.socket | None = None
        self._connections: set[Connection] = set()

    @property
    def base_url(self) -> str:
        """Where it listens."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def open(self) -> None:
        """Starts to listen, unless it already does; raises OSError if the address is not available.

        A second socket, which is bound and never listens, reserves the port in the meantime.
        """
        if self._server is not None:
            return
        listening = _bound(self._address)
        self._address = (self._address[0], listening.getsockname()[1])
        if self._holder is None:
            self._holder = _bound(self._address)
        self._server = await asyncio.start_server(
            self._connected, sock=listening, start_serving=False
        )
        await self._server.start_serving()  # interrupted here, there is a server to close

    def refuse(self) -> None:
        """Refuses new connections, and resets those that are idle."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            if connection.idle:
                connection.end(reset=True)

    async def drain(self, seconds: float) -> None:
        """Accepts no more requests, and waits at most `seconds` for those in flight."""
        if self._server is not None:
            self._server.close()
            self._server = None
        busy = [connection.task for connection in self._connections if not connection.idle]
        for connection in list(self._connections):
            connection.finish()
        if busy:
            await asyncio.wait(busy, timeout=seconds)

    async def close(self) -> None:
        """Closes everything."""
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
        connection = Connection(reader, writer, task)
        self._connections.add(connection)
        try:
            with suppress(ConnectionError, h11.ProtocolError, asyncio.CancelledError):
                await connection.serve(self._serve)
        finally:
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
