"""The exchanges of a scenario as lines for a terminal: operation, amounts, key, response."""

from collections.abc import Iterator, Mapping
from typing import Any

from klarna_reports.record.record import Played
from klarna_reports.words.amounts import major
from klarna_reports.words.wording import cut, foreign_text, offered_text, outcome_text
from klarna_specs.calls import KEY_HEADER, read_call
from klarna_specs.exchange import Exchange, Headers, NotJson, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.ledger import fee_amount
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["KeyNames", "exchange_lines", "order_lines", "whole_exchange"]

_AMOUNTS = (
    "order_amount",
    "captured_amount",
    "refunded_amount",
    "remaining_authorized_amount",
)
_PLAIN = ("status", "number_of_days", "error_code")
_LONGEST = 200


def exchange_lines(spec: Spec, played: Played) -> tuple[str, ...]:
    """One line for each exchange; steps are numbered, what prepares and reads is indented.

    Idempotency keys have names in their order of appearance, because their values differ from run
    to run.
    """
    keys = KeyNames()
    currency = played.scenario.plan.currency if played.scenario.plan else ""
    return tuple(
        f"{_place(exchange)} "
        f"{_sent(spec, exchange.request, foreign_text(spec, played, exchange), currency, keys)}"
        f" -> {_came(exchange, currency)}"
        for exchange in played.exchanges
    )


def order_lines(scenario: Scenario) -> tuple[str, ...]:
    """The orders that a scenario starts from, a line each."""
    plans = (("Order", scenario.plan), ("Another order", scenario.other))
    return tuple(f"{name}: {_plan(plan)}" for name, plan in plans if plan is not None)


def _plan(plan: OrderPlan) -> str:
    captures = " and ".join(major(amount, plan.currency) for amount in plan.captures)
    captured = f"captured {captures}" if captures else "nothing captured"
    rest = "" if plan.captured_amount == plan.order_amount else f", the rest {plan.authorization}"
    amount = major(plan.order_amount, plan.currency)
    return f"{amount} in {plan.market}, {plan.payment_method}, {captured}{rest}"


def whole_exchange(exchange: Exchange) -> tuple[str, ...]:
    """A request and its response as they were recorded, a line for each header."""
    request, outcome = exchange.request, exchange.outcome
    sent = (f"{request.method} {request.path}", *_headers(request.headers), request.body.text)
    if not isinstance(outcome, Response):
        return (*filter(None, sent), f"no response ({outcome.kind}): {outcome.message}")
    came = (f"{outcome.status}", *_headers(outcome.headers), outcome.body.text)
    return (*filter(None, sent), *filter(None, came))


def _headers(headers: Headers) -> Iterator[str]:
    return (f"{name}: {value}" for name, value in headers)


class KeyNames:
    """Names for keys: `key a`, `key b`, and `key a again` for one that was sent before."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, key: str) -> str:
        """The name of the next occurrence of a key."""
        known = self._names.get(key)
        if known:
            return f"{known} again"
        number = len(self._names)
        letters = chr(ord("a") + number) if number < 26 else str(number + 1)
        self._names[key] = f"key {letters}"
        return self._names[key]


def _place(exchange: Exchange) -> str:
    if exchange.purpose != "step" or exchange.step is None:
        return "    "
    together = "=" if exchange.group is not None else "."
    return f"{exchange.step + 1:>3}{together}"


def _sent(spec: Spec, request: Request, foreign: str, currency: str, keys: KeyNames) -> str:
    call = read_call(spec, request)
    key = request.header(KEY_HEADER)
    parts = (
        call.operation.operation if call else f"{request.method} {request.path}",
        foreign,
        _members(request.body, currency),
        keys.name(key) if key else "",
        "" if request.credentials == "valid" else f"credentials {request.credentials}",
    )
    return ", ".join(filter(None, parts))


def _came(exchange: Exchange, currency: str) -> str:
    outcome = exchange.outcome
    members = _members(outcome.body, currency) if isinstance(outcome, Response) else ""
    return ", ".join(filter(None, (outcome_text(exchange), members)))


def _members(body: Payload, currency: str) -> str:
    """The amounts, the state and the error code of a JSON object, or the length of an array.

    Another body is shown as it is.
    """
    if not body.text:
        return ""
    try:
        value = body.json()
    except NotJson:
        return cut(body.text, _LONGEST)
    if (elements := as_array(value)) is not None:
        return _counted(len(elements), "elements")
    members = as_object(value)
    if days := offered_text(body):
        return f"{days} offered"
    return cut(body.text, _LONGEST) if members is None else ", ".join(_shown(members, currency))


def _shown(members: Mapping[str, Any], currency: str) -> Iterator[str]:
    for name in _AMOUNTS:
        if name in members:
            value = members[name]
            text = major(value, currency) if is_integer(value) else cut(repr(value), _LONGEST)
            yield f"{name.removesuffix('_amount').replace('_', ' ')} {text}"
    for name in _PLAIN:
        if name in members:
            yield f"{name.replace('_', ' ')} {cut(str(members[name]), _LONGEST)}"
    if fee := fee_amount(members.get("order_lines")):
        yield f"return fee {major(abs(fee), currency)}"
    for name in ("captures", "refunds", "order_lines", "options"):
        if elements := as_array(members.get(name)):
            yield _counted(len(elements), name.replace("_", " "))


def _counted(count: int, nouns: str) -> str:
    return f"1 {nouns.removesuffix('s')}" if count == 1 else f"{count} {nouns}"
