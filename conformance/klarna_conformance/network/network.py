"""The network between a client and a server: it records all traffic, and injects faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

import msgspec

from klarna_conformance.network.access_log import Log
from klarna_conformance.network.altering import (
    error_response,
    other_refund,
    redirect,
    truncatable,
    varied,
)
from klarna_conformance.network.listener import Arrival, Listener
from klarna_specs.client.faults import (
    Cut,
    Errored,
    Fault,
    OtherRefund,
    Redirected,
    Refused,
    Silent,
    Slow,
    Truncated,
    Twice,
    Varied,
)
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, Failure, Request, Response
from klarna_specs.scenario import Credentials

__all__ = ["Backend", "Disturbing", "Network", "Seen", "Sighting", "Tempo"]

_OTHER_HOST = "127.0.0.2"
"""The address of the second server; on systems without one it is on another port."""
Backend = Callable[[Request, str | None], Awaitable[Response | Failure]]
"""Responds to a request, or fails to; the second argument is the Authorization header, which is
never kept."""


class Tempo(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in seconds.

    `timeout_s` is the timeout that clients should use, `hold_s` is how long a silent connection
    stays open, `slow_s` is how long a slow response takes, and `command_s` is how long a client may
    take to report an outcome.
    """

    timeout_s: float = 1.0
    hold_s: float = 4.0
    slow_s: float = 0.4
    command_s: float = 60.0


@dataclass
class Sighting:
    """A request that the network saw; `outcome` is None while it is in flight."""

    request: Request
    started_s: float
    fault: Fault | None = None
    served: list[Response] = field(default_factory=list[Response])
    outcome: Response | Failure | None = None
    at: Literal["server", "elsewhere"] = "server"
    carried: bool = False

    def exchange(self, now_s: float) -> Exchange:
        """The exchange; a request in flight counts as one without a response."""
        outcome = self.outcome or Failure(
            kind="timeout",
            message="no response was sent before the end",
            elapsed_s=now_s - self.started_s,
        )
        return Exchange(request=self.request, outcome=outcome, started_s=self.started_s)

    @property
    def mark(self) -> Mark:
        """What only the network knows about it."""
        return Mark(fault=self.fault, served=tuple(self.served), at=self.at, carried=self.carried)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a network saw: the exchanges in the order in which they started, with their marks.

    `began_s` is the start in Unix time, `wall_s` is the duration, both in seconds.
    """

    exchanges: tuple[Exchange, ...]
    marks: tuple[Mark, ...]
    began_s: float
    wall_s: float


class Disturbing:
    """Decides which fault acts on the next request; this one injects none."""

    def meet(self, request: Request) -> Fault | None:
        """The fault that acts on a request; it is used up by that."""
        del request
        return None

    def next_refused(self) -> Refused | None:
        """The refusal of connections, if it acts on the next request."""
        return None

    def was_refused(self) -> None:
        """The time of the refusal is over."""


class Network:
    """Serves a backend on a socket, and a second server that must not receive credentials.

    Requests to paths with a prefix in `unseen` are neither recorded nor disturbed; without
    `remembers` nothing is recorded.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        credentials: Callable[[str | None], Credentials],
        tempo: Tempo,
        host: str = "127.0.0.1",
        port: int = 0,
        unseen: tuple[str, ...] = (),
        remembers: bool = True,
    ) -> None:
        self.sightings: list[Sighting] = []
        self.defect: Exception | None = None
        """An exception of the backend itself, which is not the fault of any client."""
        self.log: Log | None = None
        self._disturbing = Disturbing()
        self._backend = backend
        self._credentials = credentials
        self._tempo = tempo
        self._unseen = unseen
        self._remembers = remembers
        self._errors = count(1)
        self._late: list[tuple[Arrival, Sighting]] = []
        self._executing: set[asyncio.Task[None]] = set()
        self._origin_s = time.monotonic()
        self._listener = Listener(self._serve, host=host, port=port)
        self._elsewhere = Listener(self._serve_elsewhere, host=_OTHER_HOST)
        self._reopening: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        return self._listener.base_url

    async def open(self) -> None:
        """Starts to listen; raises OSError."""
        await self._listener.open()
        try:
            await self._elsewhere.open()
        except OSError:
            self._elsewhere = Listener(self._serve_elsewhere)
            await self._elsewhere.open()

    async def drain(self, seconds: float) -> None:
        """Accepts no more requests, and waits at most `seconds` for those in flight."""
        await self._stop_reopening()
        await self._listener.drain(seconds)

    async def close(self) -> None:
        """Closes every connection."""
        await self._stop_reopening()
        await self._listener.close()
        await self._elsewhere.close()
        for task in self._executing:
            task.cancel()
        await asyncio.gather(*self._executing, return_exceptions=True)

    def now_s(self) -> float:
        """The time since the scenario began."""
        return time.monotonic() - self._origin_s

    def begin(self) -> None:
        """Starts the clock of a scenario, and forgets what was seen before."""
        self._origin_s = time.monotonic()
        self.sightings = []

    def seen(self) -> Seen:
        """What the network saw since the scenario began."""
        wall_s = self.now_s()
        return Seen(
            exchanges=tuple(sighting.exchange(wall_s) for sighting in self.sightings),
            marks=tuple(sighting.mark for sighting in self.sightings),
            began_s=time.time() - wall_s,
            wall_s=wall_s,
        )

    async def disturb(self, disturbing: Disturbing) -> None:
        """Uses these faults from now on."""
        await self._stop_reopening()
        await self._listener.open()
        self._disturbing = disturbing
        self._refuse_if_next()

    async def _stop_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
            self._reopening = None

    def _refuse_if_next(self) -> bool:
        refused = self._disturbing.next_refused()
        if refused is None:
            return False
        self._listener.refuse()
        if self._reopening is None:
            self._reopening = asyncio.create_task(self._reopen(refused.for_s))
        return True

    async def _reopen(self, after_s: float) -> None:
        """Listens again after a while, unless the next request is refused as well."""
        refused: Refused | None = Refused(after_s)
        while refused is not None:
            await asyncio.sleep(refused.for_s)
            self._disturbing.was_refused()
            refused = self._disturbing.next_refused()
        await self._listener.open()
        self._reopening = None

    async def _serve(self, arrival: Arrival) -> None:
        request = msgspec.structs.replace(
            arrival.request, credentials=self._credentials(arrival.authorization)
        )
        if self._unseen and request.path.startswith(self._unseen):
            await self._answer_unseen(arrival, request)
            return
        fault = self._disturbing.meet(request)
        sighting = Sighting(request=request, started_s=self.now_s(), fault=fault)
        if self._remembers:
            self.sightings.append(sighting)
        origin_s = self._origin_s
        outcome = await self._answered(arrival, sighting)
        took_s = time.monotonic() - origin_s - sighting.started_s
        sighting.outcome = msgspec.structs.replace(outcome, elapsed_s=took_s)
        if self.log is not None:
            self.log(request, sighting.outcome)

    async def _answer_unseen(self, arrival: Arrival, request: Request) -> None:
        started_s = self.now_s()
        answered = await self._backend(request, arrival.authorization)
        if isinstance(answered, Response):
            await arrival.answer(answered)
        if self.log is not None:
            took_s = self.now_s() - started_s
            self.log(request, msgspec.structs.replace(answered, elapsed_s=took_s))
        if isinstance(answered, Failure) or self._disturbing.next_refused():
            arrival.close(reset=False)

    async def _serve_elsewhere(self, arrival: Arrival) -> None:
        response = Response(status=404)
        sighting = Sighting(
            request=arrival.request,
            started_s=self.now_s(),
            outcome=response,
            at="elsewhere",
            carried=arrival.authorization is not None,
        )
        self.sightings.append(sighting)
        await arrival.answer(response)

    async def _answered(self, arrival: Arrival, sighting: Sighting) -> Response | Failure:
        """Serves the request and responds, as its fault allows; returns what the client got."""
        fault = sighting.fault
        match fault:
            case Cut(when="after") | Silent(when="after") | Errored(when="after") | Truncated():
                served = await self._served(arrival, sighting)
            case Slow() | Twice() | OtherRefund() | Varied() | Refused() | None:
                served = await self._served(arrival, sighting)
            case _:
                served = Response(status=404)  # never sent
        refused_next = self._refuse_if_next()
        if isinstance(served, Failure):
            arrival.close(reset=False)
            return served
        outcome = await self._given(arrival, sighting, served)
        if refused_next:
            arrival.close(reset=False)
        return outcome

    async def _given(
        self, arrival: Arrival, sighting: Sighting, served: Response
    ) -> Response | Failure:
        """Responds, as the fault allows; returns what the client got."""
        match sighting.fault:
            case Cut(reset=reset):
                arrival.close(reset=reset)
                return _lost("the connection ended without an answer")
            case Silent(when=when):
                if when == "late":
                    self._late.append((arrival, sighting))
                await arrival.wait(self._tempo.hold_s)
                arrival.close(reset=False)
                if (arrival, sighting) in self._late:
                    self._executing.add(asyncio.create_task(self._execute(arrival, sighting)))
                return Failure(kind="timeout", message="no answer came")
            case Errored() as fault:
                return await _answer(arrival, error_response(fault, next(self._errors)))
            case Redirected():
                away = redirect(self._elsewhere.base_url + arrival.request.path)
                return await _answer(arrival, away)
            case Truncated():
                response = truncatable(served)
                await arrival.answer_in_part(response)
                return msgspec.structs.replace(
                    _lost("the answer was cut off"), headers=response.headers
                )
            case Twice(answer=which):
                second = await self._served(arrival, sighting)
                chosen = served if which == "first" or isinstance(second, Failure) else second
                return await _answer(arrival, chosen)
            case OtherRefund(lost=lost):
                if served.is_success and sighting.request.refunds:
                    other = replace(sighting, request=other_refund(sighting.request))
                    await self._served(arrival, other)
                if lost:
                    arrival.close(reset=False)
                    return _lost("the connection ended without an answer")
                return await _answer(arrival, served)
            case Slow(part="body"):
                stayed = await arrival.answer_slowly(served, self._tempo.slow_s)
                return served if stayed else _left()
            case Slow():
                stayed = await arrival.wait(self._tempo.slow_s)
                return await _answer(arrival, served) if stayed else _left()
            case Varied() as fault:
                return await _answer(
                    arrival, varied(served, fault, elsewhere=self._elsewhere.base_url)
                )
            case Refused() | None:
                return await _answer(arrival, served)

    async def execute_late(self) -> None:
        """Lets the server carry out now what timed out and was held back until now."""
        held, self._late = self._late, []
        for arrival, sighting in held:
            await self._served(arrival, sighting)

    async def _execute(self, arrival: Arrival, sighting: Sighting) -> None:
        """Carries out what was held back, unless that was done by then."""
        await asyncio.sleep(self._tempo.hold_s)
        if (arrival, sighting) in self._late:
            self._late.remove((arrival, sighting))
            await self._served(arrival, sighting)

    async def _served(self, arrival: Arrival, sighting: Sighting) -> Response | Failure:
        try:
            answered = await self._backend(sighting.request, arrival.authorization)
        except Exception as exc:
            self.defect = exc
            raise
        if isinstance(answered, Response):
            sighting.served.append(answered)
        return answered


async def _answer(arrival: Arrival, response: Response) -> Response | Failure:
    return response if await arrival.answer(response) else _left()


def _lost(message: str) -> Failure:
    return Failure(kind="closed", message=message)


def _left() -> Failure:
    return Failure(kind="timeout", message="the client did not wait for the answer")
