"""What the body of a response shows. Pure."""

from collections.abc import Mapping
from typing import Any

from klarna_specs.exchange import Exchange, Response
from klarna_specs.json_value import as_array, as_object, is_countable

__all__ = ["json_object", "offered_days", "shows_order", "summary_of"]


def json_object(exchange: Exchange) -> dict[str, Any] | None:
    """The JSON object in the body of a response; None where there is none."""
    return exchange.response.body.members if exchange.response else None


def offered_days(exchange: Exchange) -> tuple[int, ...] | None:
    """The numbers of days that an answer with options offers; None where it is no such answer."""
    body = json_object(exchange)
    if body is None or not exchange.outcome.is_success:
        return None
    options = as_array(body.get("options"))
    if options is None:
        return None
    days = [(as_object(option) or {}).get("number_of_days") for option in options]
    return tuple(n for n in days if is_countable(n))


def summary_of(exchange: Exchange) -> str:
    """The outcome of an exchange, in words."""
    response = exchange.outcome
    if not isinstance(response, Response):
        return f"{response.kind}: {response.message}"
    body = json_object(exchange) or {}
    code = body.get("error_code")
    return f"status {response.status}" + (f" {code}" if isinstance(code, str) else "")


def shows_order(order: Mapping[str, Any], order_id: str) -> bool:
    """Whether an order resource is that of an id, as far as it has one."""
    return order.get("order_id") in (None, order_id)
