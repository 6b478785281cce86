"""Harmless forms of orders, captures and refunds."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.json_value import as_array
from klarna_specs.ledger import Ledger


def _parts(call: Call, resource: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a resource, each with its kind."""
    match call.operation.operation:
        case "getOrder":
            yield "order", resource
            for kind in ("capture", "refund"):
                for each in as_array(resource.get(f"{kind}s")) or ():
                    yield f"listed-{kind}", each
        case "getCaptures":
            for each in resource:
                yield "capture", each
        case "getCapture":
            yield "capture", resource
        case "getRefund":
            yield "refund", resource
        case _:
            for option in as_array(resource.get("options")) or ():
                yield "option", option


def _parts_changed(change: Callable[[str, dict[str, Any], Ledger], None]) -> Deviation:
    """Changes each object of a resource, given its kind and the order."""

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        changed = copy.deepcopy(resource)
        for kind, part in list(_parts(call, changed)):
            change(kind, part, mock.orders[call.order_id])
        return changed

    return Deviation(shown=shown)


def resources(
    of: Sequence[str],
    *,
    drop: Sequence[str] = (),
    members: Mapping[str, Any] | None = None,
    times: str | None = None,
    null_for_none: Sequence[str] = (),
) -> Deviation:
    """Resources of these kinds have other members."""

    def change(part: dict[str, Any]) -> None:
        for name in drop:
            part.pop(name, None)
        part.update(members or {})
        for name in null_for_none:
            part[name] = part.get(name) or None
        for name in [name for name in part if times is not None and name.endswith("_at")]:
            part[name] = str(part[name]).replace("Z", times or "")

    return _parts_changed(lambda kind, part, _: change(part) if kind in of else None)


def order_amounts(then: str) -> Deviation:
    """An order has another amount or status after a release, cancellation or full refund."""

    def change(order: dict[str, Any], ledger: Ledger) -> None:
        match then:
            case "order-amount-shrinks" if ledger.released:
                order["order_amount"] = ledger.captured_amount
            case "all-amounts-shrink" if ledger.released:
                order["order_amount"] = ledger.captured_amount
                del order["original_order_amount"]
            case "cancelled-to-nothing" if ledger.cancelled:
                order["order_amount"] = ledger.captured_amount
            case "released-counts-as-captured" if ledger.released:
                order["status"] = "CAPTURED"
            case "released-is-closed" if ledger.released:
                order["status"] = "CLOSED"
            case "refunded-is-closed" if ledger.captured_amount == ledger.refunded_amount > 0:
                order["status"] = "CLOSED"
            case _:
                pass

    def shown(call: Call, resource: Any, mock: Mock) -> Any:
        if call.operation.operation == "getOrder":
            change(resource, mock.orders[call.order_id])
        return resource

    return Deviation(shown=shown)


def newest_first() -> Deviation:
    """Captures and refunds are listed from the newest to the oldest."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation == "getCaptures":
            return resource[::-1]
        if call.operation.operation == "getOrder":
            lists = {name: resource[name][::-1] for name in ("captures", "refunds")}
            return {**resource, **lists}
        return resource

    return Deviation(shown=shown)


def lines_shown(how: str) -> Deviation:
    """The order lines of resources have more or fewer members, or another order."""

    def line(sent: dict[str, Any]) -> dict[str, Any]:
        if how == "enriched":
            defaults = {"type": "physical", "tax_rate": 0, "total_discount_amount": 0}
            return {**defaults, **sent, "line_id": f"{sent.get('name')}-1"}
        return {name: sent[name] for name in ("name", "quantity", "total_amount") if name in sent}

    def change(_kind: str, part: dict[str, Any], _ledger: Ledger) -> None:
        if lines := as_array(part.get("order_lines")):
            reordered = how == "other-order"
            part["order_lines"] = lines[::-1] if reordered else [line(each) for each in lines]

    return _parts_changed(change)


def texts_cut(length: int) -> Deviation:
    """Texts that are too long are accepted and truncated."""

    def change(_kind: str, part: dict[str, Any], _ledger: Ledger) -> None:
        for name in ("reference", "description"):
            if isinstance(part.get(name), str):
                part[name] = part[name][:length]

    return _parts_changed(change)


def refunds_allocated(to: str) -> Deviation:
    """Refunds are allocated to the newest captures first, or to none."""

    def refunded(ledger: Ledger, capture_id: str) -> int:
        left = ledger.refunded_amount if to == "newest" else 0
        for capture in reversed(ledger.captures):
            part = min(left, capture.captured_amount)
            if capture.capture_id == capture_id:
                return part
            left -= part
        return 0

    def change(kind: str, part: dict[str, Any], ledger: Ledger) -> None:
        if kind in ("capture", "listed-capture"):
            part["refunded_amount"] = refunded(ledger, part["capture_id"])

    return _parts_changed(change)
