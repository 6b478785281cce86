"""What Schemathesis generated for one call, as the plain values of a step. Pure."""

import json
import math
import re
from typing import Any

from klarna_specs.calls import KEY_HEADER, key_form
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Body, Empty, Json, Key, Raw
from klarna_specs.spec import Operation, Spec
from klarna_strategies.steps import offered

__all__ = ["generated_body", "generated_key", "within_the_order"]

_JSON = "application/json"
_HEADER_TEXT = re.compile(r"[!-~][ -~]*")
_PLACEHOLDER = next(iter(offered(0)))
"""A member that has a special meaning in steps."""


def generated_body(case: Any) -> Body:
    """The body of a Schemathesis case: JSON, or text where it is not JSON or labelled otherwise."""
    generated = case.headers.get("Content-Type") or _JSON
    content_type = generated if _HEADER_TEXT.fullmatch(generated) else _JSON
    body = case.body
    if isinstance(body, bytes):
        return Raw(text=body.decode("utf-8", "replace"), content_type=content_type)
    if body is not None and not isinstance(body, dict | list | str | int | float):
        return Empty()
    value = _plain(body)
    if content_type == _JSON and value is not None:
        return Json(value)
    return Raw(text=json.dumps(value, ensure_ascii=False), content_type=content_type)


def generated_key(case: Any) -> Key | None:
    """A key of the form that was generated; its value comes when the scenario is sent."""
    value = case.headers.get(KEY_HEADER)
    if not value:
        return None
    match key_form(value):
        case "uuid4":
            return Key("generated")
        case "uuid":
            return Key("generated", "uuid5")
        case _:
            return Key("generated", "text")


def within_the_order(spec: Spec, operation: Operation, body: Body, plan: OrderPlan) -> Body:
    """The body with its amount brought within what the order allows.

    Otherwise nearly every generated amount would be refused, whatever the rest of the body is.
    """
    members = as_object(body.value) if isinstance(body, Json) else None
    name = spec.amount_member(operation)
    amount = members.get(name) if members else None
    if members is None or not is_integer(amount):
        return body
    match operation.effect:
        case "refund":
            return Json({**members, name: 1 + amount % plan.captured_amount})
        case "capture":
            left = plan.order_amount - plan.captured_amount
            return Json({**members, name: 1 + amount % left})
        case "extend_due_date":
            # Of four, one keeps the days that were generated: they are not offered.
            index = amount % 4
            return Json({**members, name: offered(index)}) if index < 3 else body
        case _:
            return body


def _plain(value: Any) -> Any:
    """A JSON value that can be written, sent and read again as it is."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {_text(n): _plain(part) for n, part in members.items() if n != _PLACEHOLDER}
    if parts is not None:
        return [_plain(part) for part in parts]
    if isinstance(value, str):
        return _text(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()
