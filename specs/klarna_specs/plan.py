"""The order that a scenario needs before its first step."""

from typing import Any, Literal

import msgspec

__all__ = ["LAYOUTS", "Authorization", "OrderPlan", "PaymentMethod"]

Authorization = Literal["open", "released", "cancelled"]
PaymentMethod = Literal["pay_later", "pay_in_4", "pay_now", "card", "unknown"]
"""The payment method of an order; `unknown` only in recorded traffic."""

LAYOUTS: tuple[str, ...] = (
    "none-open",
    "none-released",
    "none-cancelled",
    "one-full",
    "one-partial-open",
    "one-partial-released",
    "several-complete",
    "several-partial-open",
    "several-partial-released",
)
"""Every capture layout: the number of captures, whether complete, and the state of the rest."""


class OrderPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order that a scenario starts from; amounts are minor units of `currency`.

    `captures` lists the amount of each capture already made, oldest first; `authorization`
    is the state of the part that was not captured. Only an order from recorded traffic has an
    `unknown` payment method.

    >>> plan.captured_amount, plan.layout
    (6000, 'one-partial-open')
    """

    market: str
    currency: str
    order_amount: int
    payment_method: PaymentMethod = "pay_later"
    captures: tuple[int, ...] = ()
    authorization: Authorization = "open"
    order_lines: tuple[dict[str, Any], ...] = ()

    @property
    def captured_amount(self) -> int:
        """The sum of the captures, in minor units."""
        return sum(self.captures)

    @property
    def problem(self) -> str:
        """Why such an order is impossible; empty if it is possible."""
        if self.order_amount < 1 or any(amount < 1 for amount in self.captures):
            return "order_amount and each of captures are at least 1"
        if self.payment_method == "unknown":
            return "payment_method unknown is for orders that somebody else made"
        if self.captured_amount > self.order_amount:
            return f"captures of {self.captured_amount} exceed the order of {self.order_amount}"
        return ""

    @property
    def layout(self) -> str:
        """The capture layout: one of `LAYOUTS`.

        The rest of an order with captures counts as released, also after a cancellation.
        """
        if not self.captures:
            return f"none-{self.authorization}"
        complete = self.captured_amount == self.order_amount
        rest = "open" if self.authorization == "open" else "released"
        if len(self.captures) == 1:
            return "one-full" if complete else f"one-partial-{rest}"
        return "several-complete" if complete else f"several-partial-{rest}"
