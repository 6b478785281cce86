"""The markets that the tables may use, and the orders that they start from there."""

from collections.abc import Sequence

from klarna_specs.plan import OrderPlan, PaymentMethod
from klarna_specs.spec import Spec
from klarna_strategies.layouts import layout_plan, order_plan

__all__ = ["Stage"]


class Stage:
    """The setting of the tables: orders of 10000 in the simplest market.

    `market` is that market, `fee_market` and `extension_market` are the first ones where return
    fees and extensions are documented (None if no market of the stage has them).
    """

    def __init__(self, spec: Spec, markets: Sequence[str] | None = None) -> None:
        unknown = [code for code in markets or () if code not in spec.markets]
        if unknown or (markets is not None and not markets):
            raise ValueError(f"markets {markets} must be some of {', '.join(spec.markets)}")
        self.spec = spec
        self.markets = tuple(spec.markets) if markets is None else tuple(dict.fromkeys(markets))
        self.fee_market = self._first("return_fee")
        self.extension_market = self._first("extension")
        both = [code for code in self.of("return_fee") if code in self.of("extension")]
        self.market = both[0] if both else self.fee_market or self.markets[0]

    def of(self, group: str) -> tuple[str, ...]:
        """The stage's markets that are in a named group of the spec."""
        return tuple(code for code in self.markets if code in self.spec.market_groups[group])

    def _first(self, group: str) -> str | None:
        return next(iter(self.of(group)), None)

    def plan(
        self,
        layout: str = "one-full",
        *,
        market: str | None = None,
        order_amount: int = 10_000,
        payment_method: PaymentMethod = "pay_later",
    ) -> OrderPlan:
        """An order in a capture layout."""
        return layout_plan(
            self.spec,
            layout,
            market=market or self.market,
            order_amount=order_amount,
            payment_method=payment_method,
        )

    def captured(
        self,
        *captures: int,
        order_amount: int | None = None,
        market: str | None = None,
        payment_method: PaymentMethod = "pay_later",
    ) -> OrderPlan:
        """An order captured in exactly these amounts, by default completely."""
        return order_plan(
            self.spec,
            market=market or self.market,
            order_amount=sum(captures) if order_amount is None else order_amount,
            captures=captures,
            payment_method=payment_method,
        )
