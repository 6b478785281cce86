"""What only a later read can decide: the order after a call, the resource that a call created."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from klarna_conformance.http.locations import Leads, Nowhere, created_id, plain_path, segments
from klarna_conformance.judge.results import Mismatch, Result
from klarna_conformance.judge.server.answered import Answered
from klarna_conformance.judge.server.comparison import (
    captures_stay_refunded,
    currency_kept,
    never_cancelled,
    order_agrees,
)
from klarna_conformance.judge.server.elsewhere import Ahead
from klarna_conformance.judge.server.response_members import json_object, summary_of
from klarna_conformance.judge.server.texts import lines_shown, text_agrees, text_is_own, text_shown
from klarna_specs.calls import ORDERS_PATH
from klarna_specs.effects import CHANGED_MEMBERS
from klarna_specs.exchange import Exchange, Response
from klarna_specs.json_value import as_object, is_integer
from klarna_specs.ledger import Ledger
from klarna_specs.spec import Level, Requirement

__all__ = ["Awaited", "Decided", "LaterReads"]

_OF_ORDER = {"order_amount", "remaining_authorized_amount"}
"""Members that no refund and no capture has."""


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement on the exchange of this index, with the goals that it would serve.

    `level` is how strictly it is meant there, `effect` what the call does to the order.
    """

    requirement: Requirement
    level: Level
    index: int
    aspects: tuple[str, ...] = ()
    effect: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a requirement that was awaited; `witness` is the index of the read."""

    awaited: Awaited
    result: Result
    witness: int | None = None


class _Created(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["capture", "refund"]
    identifier: str | None
    body: Any
    awaited: tuple[Awaited, ...]

    def decided(self, check: str, result: Result, witness: int | None = None) -> Iterator[Decided]:
        for awaited in self.awaited:
            if awaited.requirement.check == check:
                yield Decided(awaited=awaited, result=result, witness=witness)


class LaterReads:
    """Remembers what reads have to show, and reports what they showed.

    In traffic of others the server may have another public name than it was recorded with, such as
    behind a gateway: a Location there is judged by its documented path, once that is read. If it
    is never read, the id at its end has to be that in the header.
    """

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._of_order: dict[str, list[Awaited]] = {}
        self._by_location: dict[tuple[str, ...], _Created] = {}
        self._by_path: dict[tuple[str, ...], _Created] = {}
        self._compared: dict[str, Result] = {}
        self._orders: dict[str, Mapping[str, Any]] = {}
        """Each order as it was last shown."""
        self._created: list[_Created] = []

    def copy(self) -> "LaterReads":
        """The same, to be continued apart."""
        other = LaterReads(self._ahead)
        other._of_order = {order: list(awaited) for order, awaited in self._of_order.items()}
        other._by_location = dict(self._by_location)
        other._by_path = dict(self._by_path)
        other._compared = dict(self._compared)
        other._orders = dict(self._orders)
        other._created = list(self._created)
        return other

    def await_order(self, order_id: str, awaited: list[Awaited]) -> None:
        """The next read of the order decides the `order_agrees` among these."""
        of_order = [each for each in awaited if each.requirement.check == "order_agrees"]
        self._of_order.setdefault(order_id, []).extend(of_order)

    def await_resource(self, seen: Answered, awaited: list[Awaited]) -> Iterator[Decided]:
        """Reading what was created decides these; a Location that leads nowhere does now."""
        call, response = seen.call, seen.exchange.outcome
        created = call.operation.responses[call.operation.success]
        if not isinstance(response, Response) or created.creates is None:
            return
        identifier = created_id(response, created)
        resource = _Created(
            kind=created.creates,
            identifier=identifier,
            body=None if seen.is_of_either else call.body,
            awaited=tuple(awaited),
        )
        self._created.append(resource)
        match seen.leads:
            case Leads(path=path):
                yield from self._await_at(path, resource)
            case Nowhere(kind="absent"):
                pass
            case Nowhere(kind="elsewhere") if self._ahead.recorded:
                location = response.header("Location") or ""
                _, found, rest = location.partition(ORDERS_PATH)
                yield from self._await_at(found + rest, resource)
            case Nowhere(why=why):
                result = Mismatch("a Location that leads to it", why)
                yield from resource.decided("location_leads", result)
            case None:
                pass
        if identifier:
            order_path = segments(seen.exchange.request.path)[:-1]
            self._by_path[*order_path, f"{created.creates}s", identifier] = resource

    def _await_at(self, path: str, resource: _Created) -> Iterator[Decided]:
        """Reading this path decides; of traffic without such a read, the id at its end does."""
        self._by_location[segments(path)] = resource
        plain = segments(plain_path(path))
        *_, kind, named = ("", *plain)
        identifier = resource.identifier or ""
        if (
            self._ahead.recorded
            and plain not in self._ahead.paths
            and kind == f"{resource.kind}s"
            and identifier.casefold() not in named.casefold()
        ):
            expected = f"{resource.kind} {identifier}"
            result = Mismatch(expected, f"{resource.kind} {named}")
            yield from resource.decided("location_leads", result)

    def read_resource(self, index: int, exchange: Exchange) -> Iterator[Decided]:
        """What reading this path decides, if something was created there."""
        if not (self._by_location or self._by_path):
            return
        if exchange.request.method != "GET" or exchange.request.credentials != "valid":
            return
        if exchange.response is not None and exchange.response.unrecorded:
            return
        path = segments(exchange.request.path)
        if created := self._by_location.pop(path, None):
            yield from created.decided("location_leads", _shows(created, exchange), index)
        if created := self._by_path.pop(path, None):
            result = _shows(created, exchange)
            yield from created.decided("resource_agrees", result, index)
            resource = json_object(exchange)
            if result is None and resource is not None:
                sent = as_object(created.body) or {}
                kept = text_agrees(sent, resource, recorded=self._ahead.recorded)
                yield from created.decided("text_agrees", kept, index)
                yield from created.decided("text_shown", text_shown(sent, resource), index)
                yield from created.decided("lines_shown", lines_shown(sent, resource), index)
                own = text_is_own(
                    sent, resource, self._sent_with("refund"), self._sent_with("capture")
                )
                yield from created.decided("text_is_own", own, index)

    def _sent_with(self, kind: str) -> list[dict[str, Any]]:
        return [as_object(made.body) or {} for made in self._created if made.kind == kind]

    def read_order(
        self, index: int, ledger: Ledger, order: dict[str, Any], own: list[Awaited]
    ) -> Iterator[Decided]:
        """What reading an order decides: what was awaited of it, and its `own` requirements."""
        awaited = self._of_order.pop(ledger.order_id, [])
        before = self._orders.get(ledger.order_id, {})
        self._orders[ledger.order_id] = order
        for each in (each for each in own if each.requirement.check == "currency_kept"):
            yield Decided(awaited=each, result=currency_kept(before, order))
        if ledger.uncertain:
            return
        own = [each for each in own if each.requirement.check != "currency_kept"]
        result = order_agrees(ledger, order)
        refused = bool(awaited) and "refusal" in awaited[-1].requirement.upon
        if result is None and refused and not ledger.shared:
            result = never_cancelled(ledger, before.get("status"), order.get("status"))
        if result is None:
            result = captures_stay_refunded(before, order)
        if isinstance(result, Mismatch) and result == self._compared.get(ledger.order_id):
            return  # the same wrong state as before
        self._compared[ledger.order_id] = result
        if isinstance(result, Mismatch) and awaited:
            # One wrong state is reported once, by the most specific requirement of one call.
            yield Decided(awaited=_blamed(awaited, result), result=result, witness=index)
            return
        for each in (*awaited, *own):
            yield Decided(
                awaited=each, result=result, witness=index if each.index != index else None
            )


def _blamed(awaited: list[Awaited], result: Mismatch) -> Awaited:
    """The requirement of the last call that changes the wrong members, or else of the last call."""
    wrong = {each.member for each in result.differences}
    for effect, members in CHANGED_MEMBERS.items():
        calls = [each for each in awaited if each.effect == effect]
        if calls and not wrong.isdisjoint(members):
            return calls[-1]
    return awaited[-1]


def _shows(created: _Created, exchange: Exchange) -> Result:
    """Whether a read shows the resource that was created."""
    amount_name = f"{created.kind}{'d' if created.kind == 'capture' else 'ed'}_amount"
    id_name = f"{created.kind}_id"
    sent_amount = (as_object(created.body) or {}).get(amount_name)
    expected = f"{created.kind} {created.identifier or ''}".rstrip()
    if is_integer(sent_amount):
        expected += f" of {sent_amount}"
    resource = json_object(exchange)
    response = exchange.outcome
    if resource is None or not isinstance(response, Response) or response.status != 200:
        return Mismatch(expected, summary_of(exchange))
    if id_name not in resource and resource.keys() >= _OF_ORDER:
        return Mismatch(expected, "the order itself")
    shown_id, shown = resource.get(id_name, created.identifier), resource.get(amount_name)
    agrees = shown == sent_amount and type(shown) is type(sent_amount)
    if created.identifier in (None, shown_id) and (agrees or not is_integer(sent_amount)):
        return None
    return Mismatch(expected, f"{created.kind} {shown_id} of {shown!r}")
