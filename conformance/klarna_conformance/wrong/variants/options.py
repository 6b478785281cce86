"""Harmless extension options: which are offered, and for what fee."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from klarna_conformance.mock.deviation import Deviation
from klarna_conformance.mock.server import Mock
from klarna_specs.calls import Call
from klarna_specs.ledger import Capture, Ledger

__all__ = ["BEHAVIOURS"]


def _offers(
    days: Sequence[int] = (2, 10, 30, 60),
    *,
    markets: Mapping[str, Sequence[int]] | None = None,
    below_amount: int = 0,
    after_extension: Sequence[int] | None = None,
    after_refund: Sequence[int] | None = None,
    when_all_is_refunded: Sequence[int] | None = None,
    methods: Sequence[str] = ("pay_later", "pay_in_4"),
) -> Deviation:
    """Other numbers of days are offered; what a parameter names wins over those before it.

    `markets` names them by market; captures below `below_amount` (minor units) are offered none.
    """

    def offered(ledger: Ledger, capture: Capture) -> tuple[int, ...]:
        told = (markets or {}).get(ledger.market, days)
        if after_extension is not None and any(each.extended for each in ledger.captures):
            told = after_extension
        if after_refund is not None and ledger.refunded_amount:
            told = after_refund
        if when_all_is_refunded is not None and ledger.refunded_amount >= ledger.captured_amount:
            told = when_all_is_refunded
        if capture.captured_amount < below_amount or ledger.payment_method not in methods:
            told = ()
        return tuple(told)

    def understood(call: Call, mock: Mock) -> Call:
        ledger = mock.orders.get(call.order_id)
        if ledger is not None:
            for capture in ledger.captures:
                ledger = ledger.with_options(capture.capture_id, offered(ledger, capture))
            mock.orders[call.order_id] = ledger
        return call

    return Deviation(understood=understood)


def _fees_quoted(amounts: str) -> Deviation:
    """The options are told in another order, or with other amounts."""

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOptionsForExtendDueDate":
            return resource
        options: list[dict[str, Any]] = resource["options"]
        match amounts:
            case "free":
                told = [{**option, "amount": 0} for option in options]
            case "alike":
                told = [{**option, "amount": 995} for option in options]
            case "huge":
                told = [{**option, "amount": 5_000_000_000} for option in options]
            case _:
                told = options[::-1]
        return {**resource, "options": told}

    return Deviation(shown=shown)


BEHAVIOURS: Mapping[str, Callable[..., Deviation]] = {
    "offers": _offers,
    "fees-quoted": _fees_quoted,
}
