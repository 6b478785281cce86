"""Harmless extension options: other days and other fees."""

from collections.abc import Mapping, Sequence
from typing import Any

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.ledger import Capture, Ledger

_METHODS = ("pay_later", "pay_in_4")


def offers(
    days: Sequence[int] = (2, 10, 30, 60),
    *,
    markets: Mapping[str, Sequence[int]] | None = None,
    below_amount: int = 0,
    after_extension: Sequence[int] | None = None,
    after_refund: Sequence[int] | None = None,
    when_all_is_refunded: Sequence[int] | None = None,
) -> Deviation:
    """Offers other numbers of days; later parameters take precedence over earlier ones.

    `markets` lists the days by market; captures below `below_amount` (minor units) have none.
    """

    def offered(ledger: Ledger, capture: Capture) -> tuple[int, ...]:
        offer = (markets or {}).get(ledger.market, days)
        if after_extension is not None and any(each.extended for each in ledger.captures):
            offer = after_extension
        if after_refund is not None and ledger.refunded_amount:
            offer = after_refund
        if when_all_is_refunded is not None and ledger.refunded_amount >= ledger.captured_amount:
            offer = when_all_is_refunded
        if capture.captured_amount < below_amount or ledger.payment_method not in _METHODS:
            offer = ()
        return tuple(offer)

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        if ledger is not None:
            for capture in ledger.captures:
                ledger = ledger.with_options(capture.capture_id, offered(ledger, capture))
            mock.orders[call.order_id] = ledger
        return call

    return Deviation(understood=understood)


def fees_quoted(amounts: str) -> Deviation:
    """The options have another order or other fees."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOptionsForExtendDueDate":
            return resource
        options: list[dict[str, Any]] = resource["options"]
        if amounts == "longest-first":
            return {**resource, "options": options[::-1]}
        amount = {"free": 0, "alike": 995, "huge": 5_000_000_000}[amounts]
        return {**resource, "options": [{**option, "amount": amount} for option in options]}

    return Deviation(shown=shown)
