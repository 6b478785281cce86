"""HTTP/2 connections that carry one request at a time, and not too many of them.

The client library loses answers where several requests share a connection: one that comes before
its request is sent in full (as a 429 does) ends in an error, and when a server ends the connection
(as nginx does after 1000 requests) so does all that is under way. A call that changes something
could then neither be told as answered nor be sent again. One at a time, and with a new connection
before any server asks for it, neither happens.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

__all__ = ["Clients"]

_REQUESTS_EACH = 90


@dataclass(slots=True, eq=False)
class _Client:
    client: httpx.AsyncClient
    used: int = 0


class Clients:
    """Gives out a client for each request: the same one where `shared`, else one that is idle."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, shared: bool) -> None:
        self._make = make
        self._shared = make() if shared else None
        self._idle: list[_Client] = []
        self._open: list[_Client] = []

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[httpx.AsyncClient, None]:
        """The client for one request."""
        if self._shared is not None:
            yield self._shared
            return
        given = self._idle.pop() if self._idle else self._new()
        given.used += 1
        try:
            yield given.client
        finally:
            if given.used < _REQUESTS_EACH:
                self._idle.append(given)
            else:
                self._open.remove(given)
                await given.client.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        if self._shared is not None:
            await self._shared.aclose()
        for each in self._open:
            await each.client.aclose()

    def _new(self) -> _Client:
        self._open.append(_Client(self._make()))
        return self._open[-1]
