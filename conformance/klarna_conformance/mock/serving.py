"""The mock on a socket: it answers, forgets nothing, and has its connections fail as it is told."""

import asyncio
from email.utils import formatdate

import httpx
import msgspec

from klarna_conformance.mock.app import answer, credentials_of, mock_app
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.fault_queue import FaultQueue
from klarna_conformance.network.network import Network, Tempo
from klarna_specs.client.faults import FaultsTold
from klarna_specs.exchange import Headers, Payload, Request, Response

__all__ = ["MockServer"]

_BESIDE = ("/_control/", "/customer-token/")
_FRAMING = ("content-length", "transfer-encoding", "connection")


class MockServer:
    """Serves a mock, with its control API, and with the faults in `faults`.

    `latency_s` is for how long each answer waits; with `remembers` the network keeps what it saw.
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
        latency_s: float = 0.0,
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
            unseen=_BESIDE,
            remembers=remembers,
        )
        self._latency_s = latency_s
        self._beside = httpx.AsyncClient(
            transport=httpx.ASGITransport(
                mock_app(
                    mock,
                    username=username,
                    password=password,
                    control=control,
                    disturb=self._disturb,
                )
            )
        )

    @property
    def base_url(self) -> str:
        """Where it is served."""
        return self.network.base_url

    async def open(self) -> None:
        """Begins to accept requests; raises OSError where the address cannot be had."""
        await self.network.open()
        await self.disturb()

    async def close(self) -> None:
        """Ends every connection."""
        await self.network.close()
        await self._beside.aclose()

    async def disturb(self) -> None:
        """Has the faults act that were added."""
        await self.network.disturb(self.faults)

    async def _disturb(self, told: FaultsTold | None) -> int:
        if told is None:
            self.faults.clear()
        else:
            self.faults.add_all(told)
        await self.disturb()
        return len(self.faults)

    async def _answered(self, request: Request, authorization: str | None) -> Response:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        base_url = f"http://{request.header('host') or self.base_url.removeprefix('http://')}"
        if not request.path.startswith(_BESIDE):
            asked = msgspec.structs.replace(request, path=request.path.split("?")[0])
            response = await answer(self.mock, asked, base_url)
        else:
            response = await self._answered_beside(request, authorization, base_url)
        dated = (*response.headers, ("Date", formatdate(usegmt=True)))
        return msgspec.structs.replace(response, headers=dated)

    async def _answered_beside(
        self, request: Request, authorization: str | None, base_url: str
    ) -> Response:
        headers = [(name, value) for name, value in request.headers if name.lower() not in _FRAMING]
        if authorization is not None:
            headers.append(("authorization", authorization))
        told = await self._beside.request(
            request.method, base_url + request.path, headers=headers, content=request.body.raw
        )
        received: Headers = tuple(
            (name, value) for name, value in told.headers.items() if name not in _FRAMING
        )
        return Response(status=told.status_code, headers=received, body=Payload.of(told.content))
