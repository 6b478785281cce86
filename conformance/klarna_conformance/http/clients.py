"""HTTP/2 connections that carry one request at a time, and a limited number of requests.

The client library loses responses when requests share a connection: a response that comes before
its request is sent in full (such as a 429) is an error, and when a server closes the connection (as
nginx does after 1000 requests) all its requests fail. A call that changes something would then have
no known outcome and could not be repeated. With one request at a time, and a new connection before
a server closes the old one, neither happens.
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
    """Lends a client to each request: always the same one if `shared`, otherwise an idle one."""

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
        lent = self._idle.pop() if self._idle else self._new()
        lent.used += 1
        try:
            yield lent.client
        finally:
            if lent.used < _REQUESTS_EACH:
                self._idle.append(lent)
            else:
                self._open.remove(lent)
                await lent.client.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        if self._shared is not None:
            await self._shared.aclose()
        for each in self._open:
            await each.client.aclose()

    def _new(self) -> _Client:
        self._open.append(_Client(self._make()))
        return self._open[-1]
