"""Serves until interrupted."""

import asyncio
import signal
from collections.abc import Callable
from typing import Protocol

from klarna_conformance.network.network import Network, Seen

__all__ = ["Server", "serve"]

_GRACE_S = 5.0
"""How long requests in flight may take to be answered: less than container engines wait."""


class Server(Protocol):
    """A server behind its own network."""

    @property
    def network(self) -> Network:
        """The network that its clients connect to."""
        ...

    async def open(self) -> None:
        """Starts to accept requests; raises OSError if the address is not available."""
        ...

    async def close(self) -> None:
        """Closes every connection."""
        ...


def serve(server: Server, announce: Callable[[str], None]) -> Seen:
    """Serves until SIGINT or SIGTERM, and returns what the network saw.

    Requests in flight are answered before it ends.
    Calls `announce` with the base URL once requests are accepted. Raises OSError if the address
    is not available.
    """
    return asyncio.run(_serve(server, announce))


async def _serve(server: Server, announce: Callable[[str], None]) -> Seen:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def end(*_: object) -> None:
        loop.call_soon_threadsafe(over.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    await server.open()
    try:
        announce(server.network.base_url)
        await over.wait()
        await server.network.drain(_GRACE_S)
    finally:
        await server.close()
    return server.network.seen()
