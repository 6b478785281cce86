"""Builds the requests of a scenario's steps: their paths, ids, idempotency keys and bodies."""

import hashlib
import json
import uuid
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from klarna_conformance.http.locations import created_id
from klarna_conformance.judge.server.interpretations import path_followed
from klarna_conformance.judge.server.response_members import offered_days
from klarna_reports.record.record import ProvidedOrder, TargetFacts
from klarna_specs.calls import KEY_HEADER, key_form
from klarna_specs.exchange import Exchange, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.plan import Authorization
from klarna_specs.scenario import OFFERED, Empty, Json, Key, Raw, ResourceRef, Step
from klarna_specs.spec import Operation, Spec

__all__ = ["MALFORMED_ID", "NOWHERE_ID", "OrderName", "RequestBuilder", "in_path"]

NOWHERE_ID = "3d2f7c1e-0b5a-4c8d-9e6f-a1b2c3d4e5f6"
"""An id that does not exist, for when there is no real id that it could resemble."""
MALFORMED_ID = "no-such-order"
"""An id of an order that does not exist and is no UUID."""
OrderName = Literal["this", "other"]
_NO_ORDER = ("unknown", "malformed")
_DAYS_IF_NONE_OFFERED = 30


class _Known:
    """The ids and offers of one order, in the order in which the responses had them."""

    def __init__(self, provided: ProvidedOrder) -> None:
        self.provided = provided
        self.captures = list(provided.capture_ids)
        self.refunds: list[str] = []
        self.offered: dict[str, list[int]] = {}


class RequestBuilder:
    """Builds requests from steps, and learns from the responses the ids that later steps need.

    The same `nonce` and the same orders give the same idempotency keys.
    """

    def __init__(
        self, spec: Spec, facts: TargetFacts, orders: tuple[ProvidedOrder, ...], nonce: str
    ) -> None:
        self._spec = spec
        self._facts = facts
        self._nonce = nonce
        self._sent: list[tuple[Step, str]] = []
        """Calls with a key and offered days, and their bodies: a retry has the same one."""
        names: tuple[OrderName, ...] = ("this", "other")
        self._orders: dict[OrderName, _Known] = {
            name: _Known(order) for name, order in zip(names, orders, strict=False)
        }

    @property
    def orders(self) -> dict[OrderName, ProvidedOrder]:
        """The orders as they were provided."""
        return {name: known.provided for name, known in self._orders.items()}

    def claim(self, name: OrderName, authorization: Authorization) -> None:
        """Records what became of the rest of an order if the provisioner does not say so."""
        known = self._orders[name]
        known.provided = msgspec.structs.replace(known.provided, authorization=authorization)

    def captures(self, name: OrderName) -> int:
        """How many captures of an order are known."""
        return len(self._orders[name].captures)

    def refunds(self, name: OrderName) -> int:
        """How many refunds of an order are known."""
        return len(self._orders[name].refunds)

    def learn(self, step: Step, exchange: Exchange) -> None:
        """Keeps the ids and the offered days that later steps refer to."""
        response = exchange.outcome
        if step.order in _NO_ORDER or not isinstance(response, Response) or not response.is_success:
            return
        known = self._orders[step.order]
        operation = self._spec.operations[step.operation]
        success = operation.responses[operation.success]
        if success.creates and (identifier := created_id(response, success)):
            ids = known.captures if success.creates == "capture" else known.refunds
            if identifier not in ids:
                ids.append(identifier)
        if operation.shows == "extension_options":
            known.offered[self._capture_id(step)] = list(offered_days(exchange) or ())

    def request(self, step: Step) -> Request:
        """The request of a step, as it stands after all responses so far."""
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
        interpretation = step.path_interpretation or path_followed(self._facts, operation)
        template = operation.paths[interpretation]
        if step.order == "malformed":
            order_id = MALFORMED_ID
        elif step.order != "unknown":
            order_id = self._orders[step.order].provided.order_id
        elif "this" in self._orders:
            order_id = _unknown_id_like(self._orders["this"].provided.order_id)
        else:
            order_id = NOWHERE_ID
        return template.format(
            order_id=in_path(order_id),
            capture_id=in_path(self._capture_id(step)),
            refund_id=in_path(self._resource_id(step, step.refund, "refunds")),
        )

    def _capture_id(self, step: Step) -> str:
        return self._resource_id(step, step.capture, "captures")

    def _resource_id(
        self, step: Step, ref: ResourceRef | None, kind: Literal["captures", "refunds"]
    ) -> str:
        is_other = step.order == "other"
        own, beside = self._ids(kind, other=is_other), self._ids(kind, other=not is_other)
        ids = beside if ref == "other" else own
        if ref == "other" and ids:
            # Ids that count from 1 in each order are this order's too, as far as it has as many.
            return next((i for i in ids if step.order in _NO_ORDER or i not in own), ids[0])
        if isinstance(ref, int) and ref < len(ids):
            return ids[ref]
        return _unknown_id_like(ids[0]) if ids else NOWHERE_ID

    def _ids(self, kind: Literal["captures", "refunds"], *, other: bool) -> list[str]:
        known = self._orders.get("other" if other else "this")
        return getattr(known, kind) if known else []

    def _key(self, key: Key) -> str:
        order_ids = ":".join(known.provided.order_id for known in self._orders.values())
        scenario = hashlib.sha256(f"{self._nonce}:{order_ids}".encode()).digest()
        digest = hashlib.sha256(scenario + key.name.encode()).digest()
        match key.form:
            case "uuid4" | "lower":
                return str(uuid.UUID(bytes=digest[:16], version=4))
            case "uuid5":
                return str(uuid.UUID(bytes=digest[:16], version=5))
            case "text":
                # Similar names give similar keys.
                return f"{scenario[:6].hex()}-{key.name}"
            case "number":
                # Larger numbers could be equal in double precision by accident.
                return key.name.replace("#", str(10**12 + int.from_bytes(scenario[:5]) % 10**12))

    def _body(self, step: Step) -> tuple[str, Payload]:
        """The content type and the body."""
        match step.body:
            case Empty():
                return "", Payload("")
            case Raw(text=text, content_type=content_type):
                first = _resolved({OFFERED: 0}, self._offered(step))
                return content_type, Payload(text.replace(OFFERED, str(first)))
            case Json(value=value):
                text = json.dumps(value, ensure_ascii=False)
                if OFFERED in text:
                    text = self._body_before(step)
                    if not text:
                        resolved = _resolved(value, self._offered(step))
                        text = json.dumps(resolved, ensure_ascii=False)
                        self._sent.append((step, text))
                return "application/json", Payload(text)

    def _body_before(self, step: Step) -> str:
        """What an equal call with the same key sent; empty where there was none."""
        return next((text for sent, text in self._sent if step.key and sent == step), "")

    def _offered(self, step: Step) -> list[int]:
        """The numbers of days that the server offers for the capture of a step."""
        known = self._orders.get("this" if step.order in _NO_ORDER else step.order)
        return known.offered.get(self._capture_id(step), []) if known else []


def _unknown_id_like(identifier: str) -> str:
    """An id that does not exist.

    Next to a random UUID it differs in the last character only; next to an id from a counter such
    an id may well exist.
    """
    if key_form(identifier) != "uuid4":
        return NOWHERE_ID
    return identifier[:-1] + ("1" if identifier.endswith("0") else "0")


def _resolved(value: Any, offered: list[int]) -> Any:
    """A body with its placeholders replaced."""
    members, parts = as_object(value), as_array(value)
    if parts is not None:
        return [_resolved(part, offered) for part in parts]
    if members is None:
        return value
    if OFFERED in members:
        index: int = members[OFFERED]
        days = offered[index % len(offered)] if offered else _DAYS_IF_NONE_OFFERED
        return days + members.get("plus", 0)
    return {name: _resolved(member, offered) for name, member in members.items()}


def in_path(identifier: str) -> str:
    """An id as it stands in a path."""
    return quote(identifier, safe="")
