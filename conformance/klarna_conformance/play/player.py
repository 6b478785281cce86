"""Plays one scenario on a target: sets the scene, takes the steps, looks at what came of it."""

import asyncio
import hashlib
import json
import time
import uuid
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from klarna_conformance.http.locations import Leads, created_id, follow
from klarna_conformance.judge.server import shows_what_was_done
from klarna_conformance.judge.server.reading import json_object, reading_followed
from klarna_conformance.target.target import OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, Unavailable
from klarna_specs.calls import KEY_HEADER, key_form
from klarna_specs.exchange import Exchange, NotJson, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object, is_countable
from klarna_specs.plan import Authorization
from klarna_specs.scenario import (
    OFFERED,
    Empty,
    Json,
    Key,
    Raw,
    ResourceRef,
    Scenario,
    Step,
    Together,
    Wait,
)
from klarna_specs.spec import Operation, Spec

__all__ = ["NOWHERE_ID", "play"]

NOWHERE_ID = "3d2f7c1e-0b5a-4c8d-9e6f-a1b2c3d4e5f6"
"""The id of what does not exist anywhere, where there is no id that it could be like."""
_Order = Literal["this", "other"]
Purpose = Literal["scene", "step", "look"]


async def play(
    spec: Spec, target: Target, scenario: Scenario, *, identifier: str, nonce: str = ""
) -> Played:
    """Sends a scenario and returns what was exchanged, not judged yet.

    The same `nonce` and the same orders give the same idempotency keys.
    """
    orders: list[ProvidedOrder] = []
    player: _Player | None = None
    try:
        missing = await _provided(target, scenario, orders)
        if missing is None:
            player = _Player(spec, target, tuple(orders), f"{nonce}:{identifier}")
            missing = await player.set_scene() or await player.take(scenario)
    except OutOfBudget as exc:
        missing = Unavailable(plan=scenario.plan, reason=str(exc))
    return Played(
        id=identifier,
        scenario=scenario,
        orders=player.orders if player else tuple(orders),
        unavailable=missing,
        exchanges=tuple(player.exchanges) if player else (),
    )


async def _provided(
    target: Target, scenario: Scenario, orders: list[ProvidedOrder]
) -> Unavailable | None:
    """Has the orders of a scenario made, and adds them."""
    for plan in (scenario.plan, scenario.other):
        if plan is not None:
            made = await target.provide(plan)
            if isinstance(made, Unavailable):
                return made
            orders.append(made)
    return None


class _Known:
    """What the player knows of one order: its ids, in the order in which they came."""

    def __init__(self, provided: ProvidedOrder) -> None:
        self.provided = provided
        self.captures = list(provided.capture_ids)
        self.refunds: list[str] = []
        self.offered: dict[str, list[int]] = {}


class _Player:
    def __init__(
        self, spec: Spec, target: Target, orders: tuple[ProvidedOrder, ...], nonce: str
    ) -> None:
        self.exchanges: list[Exchange] = []
        self._spec = spec
        self._target = target
        self._nonce = nonce
        names: tuple[_Order, ...] = ("this", "other")
        self._orders: dict[_Order, _Known] = {
            name: _Known(order) for name, order in zip(names, orders, strict=False)
        }
        self._began = time.perf_counter()
        self._clock_s = 0
        self._step: int | None = None
        self._group: int | None = None
        self._reads = True

    @property
    def orders(self) -> tuple[ProvidedOrder, ...]:
        """The orders as they were when the scene was set."""
        return tuple(known.provided for known in self._orders.values())

    async def set_scene(self) -> Unavailable | None:
        """Does over the documented operations what the provisioner left undone, then looks."""
        for name, known in self._orders.items():
            await self._find_out_rest(name, known)
            for step in _left_undone(known.provided, name):
                exchange = await self._call(step, "scene")
                if not (isinstance(exchange.outcome, Response) and exchange.outcome.is_success):
                    reason = f"{step.operation}, needed to set the scene, did not succeed"
                    return Unavailable(plan=known.provided.plan, reason=reason)
            await self._look_at_order(name, "scene")
        return None

    async def _find_out_rest(self, name: _Order, known: "_Known") -> None:
        """Reads what became of the rest where the provisioner does not claim it.

        Many make an order as the plan says, and answer with its ids only.
        """
        planned = known.provided.plan.authorization
        if known.provided.authorization is not None or planned == "open":
            return
        read = await self._call(Step(operation="getOrder", order=name), "scene")
        if _has_given_up_rest(read, planned):
            known.provided = msgspec.structs.replace(known.provided, authorization=planned)

    async def take(self, scenario: Scenario) -> Unavailable | None:
        """Takes the steps in order; a concurrent group starts together."""
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
            for name in self._orders:
                await self._look_at_everything(name)
        return None

    async def _take_step(self, step: Step) -> None:
        await self._look_before(step)
        exchange = await self._call(step, "step")
        await self._look_after(step, exchange)

    async def _take_together(self, group: int, steps: tuple[Step, ...]) -> None:
        for index, step in enumerate(steps):
            if step not in steps[:index]:
                await self._look_before(step)
        self._group = group
        before = len(self.exchanges)
        calls = (self._call(step, "step") for step in steps)
        came = await asyncio.gather(*calls, return_exceptions=True)
        self._group = None
        if failed := next((each for each in came if isinstance(each, BaseException)), None):
            # What some calls of a group did cannot be told without the others.
            self.exchanges[before:] = map(_cut_short, self.exchanges[before:])
            raise failed
        exchanges = [each for each in came if isinstance(each, Exchange)]
        for step, exchange in zip(steps, exchanges, strict=True):
            await self._look_at_created(step, exchange)
        for name in self._orders:
            if self._reads and any(step.order == name for step in steps):
                await self._look_at_order(name, "look")

    async def _look_after(self, step: Step, exchange: Exchange) -> None:
        await self._look_at_created(step, exchange)
        operation = self._spec.operations[step.operation]
        asks_options = step.operation == "getOptionsForExtendDueDate"
        if self._reads and (operation.changes or asks_options):
            # Also at an order that was not asked for: nothing may have happened to it.
            for name in self._orders:
                await self._look_at_order(name, "look")

    async def _look_at_created(self, step: Step, exchange: Exchange) -> None:
        operation = self._spec.operations[step.operation]
        answered = operation.responses[operation.success]
        response = exchange.outcome
        if not (answered.creates and isinstance(response, Response) and response.is_success):
            return
        paths: list[str] = []
        leads = follow(self._target.facts.bases, exchange.request, response)
        if isinstance(leads, Leads):
            paths.append(leads.path)
        if identifier := created_id(response, answered):
            order_path = exchange.request.path.rsplit("/", 1)[0]
            paths.append(f"{order_path}/{answered.creates}s/{_in_path(identifier)}")
        for path in dict.fromkeys(paths):
            await self._send(Request(method="GET", path=path), "look")

    async def _look_before(self, step: Step) -> None:
        """At what is offered, before a capture is extended by some of it."""
        if step.operation == "extendDueDate" and isinstance(step.capture, int):
            options = Step(
                operation="getOptionsForExtendDueDate", order=step.order, capture=step.capture
            )
            await self._call(options, "look")

    async def _look_at_order(self, name: _Order, purpose: Purpose) -> None:
        if name in self._orders:
            await self._call(Step(operation="getOrder", order=name), purpose)

    async def _look_at_everything(self, name: _Order) -> None:
        """At the end the captures, and the earlier refunds once more: they may have changed."""
        known = self._orders[name]
        several = len(known.captures) > 1 or len(known.captures) > len(known.provided.capture_ids)
        looks = [Step(operation="getCaptures", order=name)] if several else []
        looks += [
            Step(operation="getRefund", order=name, refund=n) for n in range(len(known.refunds) - 1)
        ]
        for look in looks:
            await self._call(look, "look")

    async def _call(self, step: Step, purpose: Purpose) -> Exchange:
        exchange = await self._send(self._request(step), purpose, chunked=step.chunked)
        self._learn(step, exchange)
        return exchange

    async def _send(self, request: Request, purpose: Purpose, *, chunked: bool = False) -> Exchange:
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
            orders = [known.provided for known in self._orders.values()]
            exchanges = (*self.exchanges, placed(read))
            return shows_what_was_done(self._spec, self._target.facts, orders, exchanges)

        reads = request.method == "GET" and request.credentials == "valid" and self._group is None
        exchange = placed(
            await self._target.send(request, chunked=chunked, agrees=agrees if reads else None)
        )
        self.exchanges.append(exchange)
        return exchange

    def _learn(self, step: Step, exchange: Exchange) -> None:
        """Keeps the ids and the offered days that later steps refer to."""
        response = exchange.outcome
        if step.order == "unknown" or not isinstance(response, Response) or not response.is_success:
            return
        known = self._orders[step.order]
        operation = self._spec.operations[step.operation]
        answered = operation.responses[operation.success]
        if answered.creates and (identifier := created_id(response, answered)):
            ids = known.captures if answered.creates == "capture" else known.refunds
            if identifier not in ids:
                ids.append(identifier)
        if step.operation == "getOptionsForExtendDueDate":
            known.offered[self._capture_id(step)] = offered_days(response)

    def _request(self, step: Step) -> Request:
        operation = self._spec.operations[step.operation]
        content_type, body = self._body(step)
        headers: list[tuple[str, str]] = []
        if content_type:
            headers.append(("Content-Type", content_type))
        if step.key is not None:
            name = KEY_HEADER.lower() if step.key.form == "lower" else KEY_HEADER
            headers.append((name, self._key(step.key)))
        return Request(
            method=operation.method,
            path=self._path(operation, step),
            headers=tuple(headers),
            body=body,
            credentials=step.credentials,
        )

    def _path(self, operation: Operation, step: Step) -> str:
        reading = step.path_reading or reading_followed(self._target.facts, operation)
        template = operation.paths[reading]
        if step.order != "unknown":
            order_id = self._orders[step.order].provided.order_id
        elif "this" in self._orders:
            order_id = _nearly(self._orders["this"].provided.order_id)
        else:
            order_id = NOWHERE_ID
        return template.format(
            order_id=_in_path(order_id),
            capture_id=_in_path(self._capture_id(step)),
            refund_id=_in_path(self._resource_id(step, step.refund, "refunds")),
        )

    def _capture_id(self, step: Step) -> str:
        return self._resource_id(step, step.capture, "captures")

    def _resource_id(
        self, step: Step, wanted: ResourceRef | None, kind: Literal["captures", "refunds"]
    ) -> str:
        owner: str = step.order
        index = wanted
        if wanted == "other":
            owner, index = ("this" if step.order == "other" else "other"), 0
        known = self._orders.get("other" if owner == "other" else "this")
        ids: list[str] = getattr(known, kind) if known else []
        if isinstance(index, int) and index < len(ids):
            return ids[index]
        return _nearly(ids[0]) if ids else NOWHERE_ID

    def _key(self, key: Key) -> str:
        scene = hashlib.sha256(f"{self._nonce}:{self._scene()}".encode()).digest()
        digest = hashlib.sha256(scene + key.name.encode()).digest()
        match key.form:
            case "uuid4" | "lower":
                return str(uuid.UUID(bytes=digest[:16], version=4))
            case "uuid5":
                return str(uuid.UUID(bytes=digest[:16], version=5))
            case "text":
                # Names that are alike give keys that are alike.
                return f"{scene[:6].hex()}-{key.name}"
            case "number":
                # Beyond what double precision tells apart these would be equal by accident.
                return key.name.replace("#", str(10**12 + int.from_bytes(scene[:5]) % 10**12))

    def _scene(self) -> str:
        return ":".join(known.provided.order_id for known in self._orders.values())

    def _body(self, step: Step) -> tuple[str, Payload]:
        match step.body:
            case Empty():
                return "", Payload("")
            case Raw(text=text, content_type=content_type):
                first = _resolved({OFFERED: 0}, self._offered(step))
                return content_type, Payload(text.replace(OFFERED, str(first)))
            case Json(value=value):
                resolved = _resolved(value, self._offered(step))
                return "application/json", Payload(json.dumps(resolved, ensure_ascii=False))

    def _offered(self, step: Step) -> list[int]:
        """The numbers of days that were offered for the capture of a step, if any."""
        known = self._orders.get("this" if step.order == "unknown" else step.order)
        return known.offered.get(self._capture_id(step), []) if known else []


def _cut_short(exchange: Exchange) -> Exchange:
    return msgspec.structs.replace(exchange, purpose="cut", group=None)


def _nearly(identifier: str) -> str:
    """An id that does not exist.

    Beside a random UUID it differs in the last character only; of ids that may be counted up, the
    next one may well exist.
    """
    if key_form(identifier) != "uuid4":
        return NOWHERE_ID
    return identifier[:-1] + ("1" if identifier.endswith("0") else "0")


def _has_given_up_rest(read: Exchange, planned: Authorization) -> bool:
    order = json_object(read) or {}
    if planned == "cancelled":
        return order.get("status") == "CANCELLED"
    return order.get("remaining_authorized_amount") == 0


def _left_undone(provided: ProvidedOrder, name: _Order) -> list[Step]:
    """The calls that make an order what its plan says, from what its provisioner claims of it."""
    plan = provided.plan
    steps = [
        Step(
            operation="captureOrder",
            order=name,
            body=Json({"captured_amount": amount}),
            key=Key(f"scene {name} {index}"),
        )
        for index, amount in enumerate(plan.captures[len(provided.capture_ids) :])
    ]
    if plan.authorization == provided.rest:
        return steps
    if plan.authorization == "released" or plan.captures:
        return [*steps, Step(operation="releaseRemainingAuthorization", order=name)]
    return [*steps, Step(operation="cancelOrder", order=name)]


def offered_days(response: Response) -> list[int]:
    """The numbers of days in an answer with extension options, as far as they can be made out."""
    try:
        members = as_object(response.body.json()) or {}
    except NotJson:
        return []
    options = [as_object(option) or {} for option in as_array(members.get("options")) or ()]
    days = [option.get("number_of_days") for option in options]
    return [n for n in days if is_countable(n)]


def _resolved(value: Any, offered: list[int]) -> Any:
    """A body with its placeholders replaced; where nothing is offered, 30 days stand in."""
    members = as_object(value)
    if members is None:
        return value
    if OFFERED in members:
        index: int = members[OFFERED]
        days = offered[index % len(offered)] if offered else 30
        return days + members.get("plus", 0)
    return {name: _resolved(member, offered) for name, member in members.items()}


def _in_path(identifier: str) -> str:
    return quote(identifier, safe="")
