"""An adapter for a client in this process: fast, for our own clients and for tests."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_specs.client.play import Ended, Reported, TimedOut

__all__ = ["InProcessAdapter", "PlainClient"]


class PlainClient(Protocol):
    """A client that blocks while it works."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that it supports (operationIds)."""
        ...

    def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Carries out one command."""
        ...

    def close(self) -> None:
        """Aborts whatever it is doing."""
        ...


class InProcessAdapter:
    """Runs a client in a thread; `make` creates one at the start and after a crash."""

    def __init__(
        self, make: Callable[[Hello], PlainClient], *, name: str, command_s: float
    ) -> None:
        self._make = make
        self._name = name
        self._command_s = command_s
        self._hello: Hello | None = None
        self._client: PlainClient | None = None

    async def begin(self, hello: Hello) -> Ready:
        """Creates the client."""
        self._hello = hello
        self._client = self._make(hello)
        return Ready(client=self._name, operations=self._client.operations)

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Carries out a command; an exception means that the client has crashed."""
        assert self._hello is not None
        client = self._client = self._client or self._make(self._hello)
        limit = asyncio.timeout(self._command_s)
        try:
            async with limit:
                return await asyncio.to_thread(client.do, operation, order_id, arguments)
        except Exception as exc:
            await self.aclose()
            if limit.expired():
                return TimedOut(self._command_s)
            return Ended(f"{type(exc).__name__}: {exc}"[:500])

    async def restart(self) -> None:
        """Closes the client; the next command creates another."""
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the client."""
        if self._client is not None:
            self._client.close()
            self._client = None
