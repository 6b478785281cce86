"""The mock on a socket, with its control API and injected network faults."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

import msgspec

from klarna_conformance.mock.answering import credentials_of
from klarna_conformance.mock.control import BESIDE, Control
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.fault_queue import FaultQueue
from klarna_conformance.network.network import Network, Tempo
from klarna_specs.client.faults import InjectedFaults
from klarna_specs.exchange import Request, Response

__all__ = ["MockServer"]


class MockServer:
    """Serves a mock with its control API, and injects the faults of the queue `faults`.

    `latency_s` delays each response (a function: that to the request); with `remembers` the network
    keeps its exchanges.
    """

    def __init__(
        self,
        mock: Mock,
        *,
        username: str,
        password: str,
        control: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        latency_s: float | Callable[[Request], float] = 0.0,
        tempo: Tempo | None = None,
        remembers: bool = False,
    ) -> None:
        self.mock = mock
        self.faults = FaultQueue(mock.spec)
        self.network = Network(
            self._answered,
            credentials=lambda header: credentials_of(header, username, password),
            tempo=tempo or Tempo(),
            host=host,
            port=port,
            unseen=BESIDE,
            remembers=remembers,
        )
        self._latency_s = latency_s
        self._control = Control(mock, opened=control, disturb=self._disturb)

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        return self.network.base_url

    async def open(self) -> None:
        """Starts to accept requests; raises OSError if the address is not available."""
        await self.network.open()
        await self.disturb()

    async def close(self) -> None:
        """Closes every connection."""
        await self.network.close()

    async def disturb(self) -> None:
        """Starts to inject the faults of the queue."""
        await self.network.disturb(self.faults)

    async def _disturb(self, faults: InjectedFaults | None) -> int:
        if faults is None:
            self.faults.clear()
        else:
            self.faults.add_all(faults)
        await self.disturb()
        return len(self.faults)

    async def _answered(self, request: Request, _authorization: str | None) -> Response:
        latency_s = self._latency_s
        if latency_s := latency_s(request) if callable(latency_s) else latency_s:
            await asyncio.sleep(latency_s)
        base_url = f"http://{request.header('host') or self.base_url.removeprefix('http://')}"
        request = msgspec.structs.replace(request, path=request.path.split("?")[0])
        response = await self._control.answer(request, base_url)
        dated = (*response.headers, ("Date", formatdate(usegmt=True)))
        return msgspec.structs.replace(response, headers=dated)
