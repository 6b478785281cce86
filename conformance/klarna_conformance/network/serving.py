"""Serving until somebody says that it is enough."""

import asyncio
import signal
from collections.abc import Callable
from typing import Protocol

from klarna_conformance.network.network import Network, Seen

__all__ = ["Server", "serve"]


class Server(Protocol):
    """Something behind a network of its own."""

    @property
    def network(self) -> Network:
        """Where its clients come in."""
        ...

    async def open(self) -> None:
        """Begins to accept requests; raises OSError where the address cannot be had."""
        ...

    async def close(self) -> None:
        """Ends every connection."""
        ...


def serve(server: Server, tell: Callable[[str], None]) -> Seen:
    """Serves until interrupted or ended (SIGINT, SIGTERM), and answers what the network saw.

    Tells the base URL once requests are accepted. Raises OSError where the address cannot be had.
    """
    return asyncio.run(_serve(server, tell))


async def _serve(server: Server, tell: Callable[[str], None]) -> Seen:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def end(*_: object) -> None:
        loop.call_soon_threadsafe(over.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    await server.open()
    try:
        tell(server.network.base_url)
        await over.wait()
    finally:
        await server.close()
    return server.network.seen()
