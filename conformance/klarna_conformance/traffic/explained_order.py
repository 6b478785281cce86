"""The order that a request is explained on, from an order resource or an order plan."""

import json
from typing import Any
from urllib.parse import quote

import msgspec

from klarna_conformance.errors import UsageError, check_names
from klarna_conformance.traffic.shown_order import provided_order
from klarna_specs.errors import SpecFileError
from klarna_specs.json_value import as_array, as_object
from klarna_specs.ledger import Ledger, open_ledger
from klarna_specs.plan import OrderPlan
from klarna_specs.shaping import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import YamlText, parse_yaml

__all__ = ["read_order"]


def read_order(spec: Spec, name: str, written: bytes, *, market: str | None = None) -> Ledger:
    """The order in a file with this name; each capture has what is known of it as its `body`.

    Something with `market` is an order plan. Raises UsageError.
    """
    try:
        text = _parsed(name, written.decode())
        members = as_object(text.root)
        if members is None:
            raise text.error((), "this is neither an order nor an order plan")
        ledger = _planned(spec, text, members) if "market" in members else _shown(text, members)
    except UnicodeDecodeError as exc:
        raise UsageError(f"{name} is not UTF-8") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    return msgspec.structs.replace(ledger, market=market) if market else ledger


def _parsed(name: str, text: str) -> YamlText:
    try:
        return YamlText(name, json.loads(text), {})
    except (ValueError, RecursionError):  # YAML has no tabs, which indent some JSON
        return parse_yaml(name, text)


def _planned(spec: Spec, text: YamlText, members: dict[str, Any]) -> Ledger:
    known = spec.markets.get(members["market"])
    if known is None:
        check_names("market", [str(members["market"])], spec.markets)
    else:
        members.setdefault("currency", known.currency)
    plan: OrderPlan = shaped(text, OrderPlan)
    if plan.problem:
        raise text.error((), plan.problem)
    ids = tuple(f"capture-{number}" for number, _ in enumerate(plan.captures, 1))
    ledger = open_ledger(plan, "order", ids)
    if plan.layout != "one-full":
        return ledger
    return ledger.with_capture(ids[0], body={"order_lines": list(plan.order_lines)})


def _shown(text: YamlText, members: dict[str, Any]) -> Ledger:
    order_id = members.get("order_id")
    provided = provided_order(quote(str(order_id or "order"), safe=""), members)
    if isinstance(provided, str):
        raise text.error((), provided.replace("the order was read, but ", ""))
    ledger = provided.ledger
    assert ledger is not None
    for each in as_array(members.get("captures")) or ():
        capture = as_object(each) or {}
        ledger = ledger.with_capture(capture.get("capture_id"), body=capture)
    return ledger
