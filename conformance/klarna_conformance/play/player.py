"""Plays one scenario on a target: sets up its orders, sends its steps, and reads the results."""

import asyncio
import time
from typing import Literal

import msgspec

from klarna_conformance.http.locations import Leads, created_id, follow, segments
from klarna_conformance.judge.server import shows_what_was_done
from klarna_conformance.judge.server.response_members import json_object
from klarna_conformance.play.request_builder import OrderName, RequestBuilder, in_path
from klarna_conformance.target.target import OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, Unavailable
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.plan import Authorization
from klarna_specs.scenario import Key, Scenario, Step, Together, Wait
from klarna_specs.spec import Spec
from klarna_strategies.steps import (
    cancel,
    capture,
    get_captures,
    get_options,
    get_order,
    get_refund,
    release,
)

__all__ = ["play"]

_Purpose = Literal["scene", "step", "look"]


async def play(
    spec: Spec, target: Target, scenario: Scenario, *, identifier: str, nonce: str = ""
) -> Played:
    """Sends a scenario and returns its exchanges, not judged yet.

    The same `nonce` and the same orders give the same idempotency keys.
    """
    orders: list[ProvidedOrder] = []
    player: _Player | None = None
    try:
        unavailable = await _provided(target, scenario, orders)
        if unavailable is None:
            player = _Player(spec, target, tuple(orders), f"{nonce}:{identifier}")
            unavailable = await player.set_up() or await player.take(scenario)
    except OutOfBudget as exc:
        unavailable = Unavailable(plan=scenario.plan, reason=str(exc))
    return Played(
        id=identifier,
        scenario=scenario,
        orders=player.orders if player else tuple(orders),
        unavailable=unavailable,
        exchanges=tuple(player.exchanges) if player else (),
    )


async def _provided(
    target: Target, scenario: Scenario, orders: list[ProvidedOrder]
) -> Unavailable | None:
    """Provides the orders of a scenario, and adds them."""
    for plan in (scenario.plan, scenario.other):
        if plan is not None:
            made = await target.provide(plan)
            if isinstance(made, Unavailable):
                return made
            orders.append(made)
    return None


class _Player:
    def __init__(
        self, spec: Spec, target: Target, orders: tuple[ProvidedOrder, ...], nonce: str
    ) -> None:
        self.exchanges: list[Exchange] = []
        self._spec = spec
        self._target = target
        self._builder = RequestBuilder(spec, target.facts, orders, nonce)
        self._began = time.perf_counter()
        self._clock_s = 0
        self._step: int | None = None
        self._group: int | None = None
        self._reads = True

    @property
    def orders(self) -> tuple[ProvidedOrder, ...]:
        """The orders as they were before the first step."""
        return tuple(self._builder.orders.values())

    async def set_up(self) -> Unavailable | None:
        """Does by the documented operations what the provisioner did not do, then reads."""
        for name in self._builder.orders:
            await self._find_out_authorization(name)
            provided = self._builder.orders[name]
            for step in _missing_steps(provided, name):
                exchange = await self._call(step, "scene")
                if not exchange.outcome.is_success:
                    reason = f"{step.operation}, needed to set up the order, did not succeed"
                    return Unavailable(plan=provided.plan, reason=reason)
            await self._read_order(name, "scene")
        return None

    async def _find_out_authorization(self, name: OrderName) -> None:
        """Reads what became of the authorization if the provisioner does not say so.

        Many provisioners make an order as planned, and answer with its ids only.
        """
        provided = self._builder.orders[name]
        planned = provided.plan.authorization
        if provided.authorization is not None or planned == "open":
            return
        read = await self._call(get_order(order=name), "scene")
        if _shows_authorization(read, planned):
            self._builder.claim(name, planned)

    async def take(self, scenario: Scenario) -> Unavailable | None:
        """Sends the steps in order; a concurrent group starts together."""
        last = len(scenario.steps) - 1
        for index, action in enumerate(scenario.steps):
            self._step = index
            self._reads = not scenario.packed or index == last
            match action:
                case Step():
                    await self._take_step(action)
                case Together(steps=steps):
                    await self._take_together(index, steps)
                case Wait(seconds=seconds):
                    if not await self._target.advance(seconds):
                        reason = "the target's clock cannot be moved"
                        return Unavailable(plan=scenario.plan, reason=reason)
                    self._clock_s += seconds
        self._step = None
        if not scenario.packed:
            for name in self._builder.orders:
                await self._read_everything(name)
        return None

    async def _take_step(self, step: Step) -> None:
        await self._read_options(step)
        exchange = await self._call(step, "step")
        if not self._reads:
            return
        await self._read_created(step, exchange)
        operation = self._spec.operations[step.operation]
        if operation.changes or operation.shows == "extension_options":
            # The other order is read as well: nothing may have happened to it.
            for name in self._builder.orders:
                await self._read_order(name, "look")

    async def _take_together(self, group: int, steps: tuple[Step, ...]) -> None:
        for index, step in enumerate(steps):
            if step not in steps[:index]:
                await self._read_options(step)
        self._group = group
        before = len(self.exchanges)
        calls = (self._call(step, "step") for step in steps)
        results = await asyncio.gather(*calls, return_exceptions=True)
        self._group = None
        if failed := next((each for each in results if isinstance(each, BaseException)), None):
            # Without all calls of a group the effect of the others is not known.
            self.exchanges[before:] = map(_cut, self.exchanges[before:])
            raise failed
        exchanges = [each for each in results if isinstance(each, Exchange)]
        for step, exchange in zip(steps, exchanges, strict=True):
            await self._read_created(step, exchange)
        for name in self._builder.orders:
            if self._reads and any(step.order == name for step in steps):
                await self._read_order(name, "look")

    async def _read_created(self, step: Step, exchange: Exchange) -> None:
        """Reads what was created at its Location and at its documented path."""
        operation = self._spec.operations[step.operation]
        success = operation.responses[operation.success]
        response = exchange.outcome
        if not (success.creates and isinstance(response, Response) and response.is_success):
            return
        paths: list[str] = []
        leads = follow(self._target.facts.bases, exchange.request, response)
        if isinstance(leads, Leads):
            paths.append(leads.path)
        if identifier := created_id(response, success):
            order_path = exchange.request.path.rsplit("/", 1)[0]
            paths.append(f"{order_path}/{success.creates}s/{in_path(identifier)}")
        if len(paths) > 1 and segments(paths[0]) == segments(paths[1]):
            del paths[1]
        for path in paths:
            await self._send(Request(method="GET", path=path), "look")

    async def _read_options(self, step: Step) -> None:
        """Reads the options of a capture before its due date is extended."""
        extends = self._spec.operations[step.operation].effect == "extend_due_date"
        if extends and isinstance(step.capture, int):
            reading = get_options(step.capture, order=step.order)
            if reading.operation in self._spec.offered:
                await self._call(reading, "look")

    async def _read_order(self, name: OrderName, purpose: _Purpose) -> None:
        await self._call(get_order(order=name), purpose)

    async def _read_everything(self, name: OrderName) -> None:
        """At the end reads the captures, and again the first refund: it may have changed."""
        captures = self._builder.captures(name)
        if captures > 1 or captures > len(self._builder.orders[name].capture_ids):
            await self._call(get_captures(order=name), "look")
        if self._builder.refunds(name) > 1:
            await self._call(get_refund(0, order=name), "look")

    async def _call(self, step: Step, purpose: _Purpose) -> Exchange:
        request = self._builder.request(step)
        exchange = await self._send(request, purpose, chunked=step.chunked)
        self._builder.learn(step, exchange)
        return exchange

    async def _send(
        self, request: Request, purpose: _Purpose, *, chunked: bool = False
    ) -> Exchange:
        started_s = round(time.perf_counter() - self._began, 6)

        def placed(exchange: Exchange) -> Exchange:
            return msgspec.structs.replace(
                exchange,
                purpose=purpose,
                step=self._step,
                group=self._group,
                started_s=started_s,
                clock_s=self._clock_s,
            )

        def agrees(read: Exchange) -> bool:
            exchanges = (*self.exchanges, placed(read))
            return shows_what_was_done(self._spec, self._target.facts, self.orders, exchanges)

        reads = request.method == "GET" and request.credentials == "valid" and self._group is None
        exchange = placed(
            await self._target.send(request, chunked=chunked, agrees=agrees if reads else None)
        )
        self.exchanges.append(exchange)
        return exchange


def _cut(exchange: Exchange) -> Exchange:
    return msgspec.structs.replace(exchange, purpose="cut", group=None)


def _shows_authorization(read: Exchange, planned: Authorization) -> bool:
    order = json_object(read) or {}
    if planned == "cancelled":
        return order.get("status") == "CANCELLED"
    return order.get("remaining_authorized_amount") == 0


def _missing_steps(provided: ProvidedOrder, name: OrderName) -> list[Step]:
    """The calls that make an order what its plan says."""
    plan = provided.plan
    steps = [
        capture(amount, order=name, key=Key(f"scene {name} {index}"))
        for index, amount in enumerate(plan.captures[len(provided.capture_ids) :])
    ]
    if plan.authorization == provided.rest:
        return steps
    if plan.authorization == "released" or plan.captures:
        return [*steps, release(order=name)]
    return [*steps, cancel(order=name)]
