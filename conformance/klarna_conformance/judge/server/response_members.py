"""What the body of a response shows. Pure."""

from collections.abc import Mapping
from typing import Any

from klarna_specs.exchange import Exchange, Response
from klarna_specs.json_value import as_array, as_object, is_countable, leniently

__all__ = ["json_object", "offered_days", "shows_order", "summary_of"]

_MOST_DIGITS = 9


def json_object(exchange: Exchange) -> dict[str, Any] | None:
    """The JSON object in the body of a response; None where there is none."""
    return exchange.response.body.members if exchange.response else None


def offered_days(exchange: Exchange) -> tuple[int, ...] | None:
    """The numbers of days that an answer with options offers; None where it is no such answer.

    Days in the form of texts or fractions are offered too, and nothing is known of others.
    """
    body = json_object(exchange)
    if body is None or not exchange.outcome.is_success:
        return None
    options = as_array(body.get("options"))
    if options is None:
        return None
    days = [_whole((as_object(option) or {}).get("number_of_days")) for option in options]
    known = tuple(n for n in days if is_countable(n))
    return known if len(known) == len(days) else None


def _whole(number: Any) -> Any:
    """A whole number that is written as a text or a fraction; anything else as it is."""
    if isinstance(number, str) and number.isdecimal() and len(number) <= _MOST_DIGITS:
        return int(number)
    return leniently(number)


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
