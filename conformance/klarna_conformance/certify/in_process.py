"""An adapter for a client in this process: quick, for our own clients and for tests."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_specs.client.play import Ended, Mute, Told

__all__ = ["InProcessAdapter", "PlainClient"]


class PlainClient(Protocol):
    """A client that blocks while it works."""

    @property
    def operations(self) -> tuple[str, ...]:
        """What it can do (operationIds)."""
        ...

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        """Does one thing."""
        ...

    def close(self) -> None:
        """Gives up whatever it is doing."""
        ...


class InProcessAdapter:
    """Has a client work in a thread; `make` makes one when there is none that works."""

    def __init__(
        self, make: Callable[[Hello], PlainClient], *, name: str, command_s: float
    ) -> None:
        self._make = make
        self._name = name
        self._command_s = command_s
        self._hello: Hello | None = None
        self._client: PlainClient | None = None

    async def begin(self, hello: Hello) -> Ready:
        """Makes the client."""
        self._hello = hello
        self._client = self._make(hello)
        return Ready(client=self._name, operations=self._client.operations)

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        """Has it done; an exception of the client is its breakdown."""
        assert self._hello is not None
        client = self._client = self._client or self._make(self._hello)
        limit = asyncio.timeout(self._command_s)
        try:
            async with limit:
                return await asyncio.to_thread(client.do, operation, order_id, arguments)
        except Exception as exc:
            await self.aclose()
            if limit.expired():
                return Mute(self._command_s)
            return Ended(f"{type(exc).__name__}: {exc}"[:500])

    async def aclose(self) -> None:
        """Gives the client up."""
        if self._client is not None:
            self._client.close()
            self._client = None
