"""Running a scenario with a client: orders on the mock, commands, injected faults."""

import asyncio
import time

import msgspec

from klarna_conformance import defaults
from klarna_conformance.adapter_protocol import Adapter, Hello, Ready
from klarna_conformance.certify.stalls import measured_stall
from klarna_conformance.errors import AdapterError
from klarna_conformance.mock.answering import credentials_of
from klarna_conformance.mock.deviation import ANY_FORM, Deviation
from klarna_conformance.mock.server import Mock
from klarna_conformance.network.network import Disturbing, Network, Tempo
from klarna_conformance.today import today_s
from klarna_reports.record.record import ProvidedOrder
from klarna_reports.words.client_wording import command_text
from klarna_specs.calls import read_call
from klarna_specs.client.faults import Cut, Fault, Refused, Silent
from klarna_specs.client.play import ClientScenario, ClientSide, Command, Episode, Mark
from klarna_specs.exchange import Exchange, Payload, Request, Response
from klarna_specs.spec import Spec

__all__ = ["Course", "Stage"]

_MOST_STALLED = 3
_STALLED = 0.3
"""How long this process may stall, as a part of the client's timeout."""
_SETTLE_S = 0.01
"""How long after an outcome pending requests may end, in seconds."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario as it happened: the orders, the exchanges, and the client's side."""

    orders: tuple[ProvidedOrder, ...]
    exchanges: tuple[Exchange, ...]
    side: ClientSide


class _CommandDisturbing(Disturbing):
    """The faults of one command: each applies to one attempt at it, or to one read.

    Other requests pass, unless the network has failed for ever; so do requests without credentials,
    for a client may wait for a 401 before it sends them.
    """

    def __init__(self, spec: Spec, command: Command, order_id: str, capture_id: str | None) -> None:
        self._spec = spec
        self._command = command
        self._order_id = order_id
        self._capture_id = capture_id
        self._attempts = 0
        self._reads = 0

    def meet(self, request: Request) -> Fault | None:
        call = read_call(self._spec, request)
        fault = self._command.fault(self._attempts)
        if request.credentials == "none":
            call = None
        if (
            call is not None
            and call.operation.operation == self._command.operation
            and call.order_id == self._order_id
            and (self._capture_id is None or call.capture_id == self._capture_id)
        ):
            self._attempts += 1
            return fault
        if call is not None and not call.operation.changes:
            self._reads += 1
            if self._reads <= len(self._command.reads):
                return self._command.reads[self._reads - 1]
        lasting = self._command.for_ever and self._attempts >= len(self._command.faults) - 1
        return fault if lasting and isinstance(fault, Cut | Silent) else None

    def next_refused(self) -> Refused | None:
        fault = self._command.fault(self._attempts)
        return fault if isinstance(fault, Refused) else None

    def was_refused(self) -> None:
        self._attempts += 1


class Stage:
    """A mock behind a network, and an adapter in front of it."""

    def __init__(
        self,
        spec: Spec,
        adapter: Adapter,
        *,
        seed: int,
        tempo: Tempo,
        deviation: Deviation = ANY_FORM,
    ) -> None:
        self._spec = spec
        self._tempo = tempo
        self._adapter = adapter
        self._username, self._password = defaults.USERNAME, defaults.PASSWORD
        self.mock = Mock(spec, seed=seed, epoch_s=today_s(), deviation=deviation)
        self._discarded: set[str] = set()
        self.network = Network(
            self._served,
            credentials=lambda header: credentials_of(header, self._username, self._password),
            tempo=tempo,
        )

    async def open(self) -> Ready:
        """Starts listening, and starts the adapter; raises AdapterError."""
        await self.network.open()
        return await self._adapter.begin(
            Hello(
                base_url=self.network.base_url,
                username=self._username,
                password=self._password,
                timeout_s=self._tempo.timeout_s,
            )
        )

    async def aclose(self) -> None:
        """Ends the adapter, then the network."""
        try:
            await self._adapter.aclose()
        finally:
            await self.network.close()

    async def restart(self) -> None:
        """Ends the adapter; the next command starts it again."""
        await self._adapter.restart()

    def discard(self) -> None:
        """Ignores from now on what the client still sends for the orders of earlier scenarios."""
        self._discarded |= self.mock.orders.keys()

    async def play(self, scenario: ClientScenario) -> Course:
        """Runs a scenario; raises AdapterError.

        If this process itself stalled, responses may have been late: the scenario is repeated, on
        new orders.
        """
        course, stalled = await self._watched(scenario)
        for _ in range(_MOST_STALLED):
            if not stalled:
                break
            self._discarded |= {order.order_id for order in course.orders}
            course, stalled = await self._watched(scenario)
        return course

    async def _watched(self, scenario: ClientScenario) -> tuple[Course, bool]:
        """A scenario as it happened, and whether this process stalled."""
        async with measured_stall() as stall:
            course = await self._play(scenario)
        return course, stall.longest_s > _STALLED * self._tempo.timeout_s

    async def _play(self, scenario: ClientScenario) -> Course:
        orders = tuple(self.mock.make_order(plan) for plan in scenario.orders)
        self.network.begin()
        episodes = [await self._command(command, orders) for command in scenario.commands]
        await self.network.disturb(Disturbing())
        seen = self.network.seen()
        *earlier, last = episodes
        whole = msgspec.structs.replace(
            last,
            count=len(seen.exchanges) - last.first,
            after=self.mock.orders[orders[last.command.order].order_id],
        )
        return Course(
            orders=orders,
            exchanges=seen.exchanges,
            side=ClientSide(
                orders=scenario.orders,
                episodes=(*earlier, whole),
                marks=tuple(map(self._mark, seen.exchanges, seen.marks)),
            ),
        )

    def _mark(self, exchange: Exchange, mark: Mark) -> Mark:
        """The mark; a client may repeat late what it sent while this process stalled."""
        call = read_call(self._spec, exchange.request)
        if call is None or call.order_id not in self._discarded:
            return mark
        return msgspec.structs.replace(mark, at="discarded")

    async def _command(self, command: Command, orders: tuple[ProvidedOrder, ...]) -> Episode:
        if command.restarted:
            await self.restart()
        order = orders[command.order]
        if command.captured_amount:
            self.mock.respond(_capture(order.order_id, command.captured_amount), "")
        order_id = self.mock.new_id("order") if command.unknown == "order" else order.order_id
        capture_id = None if command.capture is None else order.capture_ids[command.capture]
        if command.unknown == "capture":
            capture_id = self.mock.new_id("capture")
        first = len(self.network.sightings)
        before = self.mock.orders[order.order_id]
        await self.network.disturb(_CommandDisturbing(self._spec, command, order_id, capture_id))
        named = {} if capture_id is None else {"capture_id": capture_id}
        began_s = time.monotonic()
        try:
            outcome = await self._adapter.do(
                command.operation, order_id, {**command.arguments, **named}
            )
        except AdapterError as exc:
            raise AdapterError(
                f"{exc} (the command was: {command_text(command, before.currency)})"
            ) from exc
        wall_s = time.monotonic() - began_s
        reported_s = self.network.now_s()
        await self.network.execute_late()
        await asyncio.sleep(_SETTLE_S)
        if self.network.defect is not None:
            raise self.network.defect
        return Episode(
            command=command,
            order_id=order_id,
            capture_id=capture_id,
            first=first,
            count=len(self.network.sightings) - first,
            before=before,
            after=self.mock.orders[order.order_id],
            reported=outcome,
            wall_s=round(wall_s, 4),
            reported_s=reported_s,
        )

    async def _served(self, request: Request, _authorization: str | None) -> Response:
        return self.mock.respond(request, self.network.base_url)


def _capture(order_id: str, amount: int) -> Request:
    """A capture by somebody else."""
    return Request(
        method="POST",
        path=f"/ordermanagement/v1/orders/{order_id}/captures",
        headers=(("Content-Type", "application/json"),),
        body=Payload(f'{{"captured_amount": {amount}}}'),
    )
