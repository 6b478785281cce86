"""Orders from a customer token: made server to server, without a consumer in a browser."""

import base64
from typing import Literal
from urllib.parse import quote

import msgspec

from klarna_conformance.target.provisioners.provisioner import (
    ORDER_ANSWER,
    OrdersConfig,
    Surroundings,
)
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.exchange import Failure
from klarna_specs.plan import OrderPlan

__all__ = ["TokenOrders", "TokenProvisioner"]


class TokenOrders(OrdersConfig, frozen=True, tag_field="provisioner", tag="customer_token"):
    """Orders from a customer token, with the market and the payment method of the token."""

    SECRETS = ("token",)

    token: str
    market: str
    payment_method: Literal["pay_later", "pay_in_4", "pay_now", "card"] = "pay_later"

    def open(self, surroundings: Surroundings) -> "TokenProvisioner":
        """The provisioner, with a wire of its own."""
        return TokenProvisioner(self, surroundings)


class TokenProvisioner:
    """Posts an order to `/customer-token/v1/tokens/{token}/order` (other documentation).

    A token stands for one payment method in one market; orders of others are unavailable. Nothing
    is captured: the documented operations do that. Closes its wire at the end.
    """

    pool = None

    def __init__(self, config: TokenOrders, surroundings: Surroundings) -> None:
        self._spec = surroundings.spec
        token = quote(config.token, safe="")
        self._url = f"{surroundings.base_url}/customer-token/v1/tokens/{token}/order"
        self._wire = surroundings.make_wire()
        pair = base64.b64encode(f"{surroundings.username}:{surroundings.password}".encode())
        self._headers = {
            "Content-Type": "application/json",
            "Authorization": f"Basic {pair.decode()}",
        }
        self._token_is_of = (config.market, config.payment_method)

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Makes the order, if it has the token's market and payment method."""
        planned = (plan.market, plan.payment_method)
        if planned != self._token_is_of:
            token = f"the customer token is of {' and '.join(self._token_is_of)}"
            return Unavailable(plan=plan, reason=f"{token}, not of {' and '.join(planned)}")
        outcome = await self._wire.send(
            "POST",
            self._url,
            content=msgspec.json.encode(self._body(plan)),
            headers=self._headers,
        )
        if isinstance(outcome, Failure):
            return self._unavailable(plan, f"could not be requested: {outcome.message}")
        try:
            order_id = ORDER_ANSWER.decode(outcome.body.text).order_id
        except msgspec.DecodeError:
            order_id = None
        if not (outcome.is_success and order_id):
            return self._unavailable(plan, f"was answered with status {outcome.status}")
        return ProvidedOrder(plan=plan, order_id=order_id, authorization="open")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._wire.aclose()

    def _unavailable(self, plan: OrderPlan, why: str) -> Unavailable:
        return Unavailable(plan=plan, reason=f"an order of the customer token {why}")

    def _body(self, plan: OrderPlan) -> dict[str, object]:
        line = {
            "name": "Goods",
            "quantity": 1,
            "unit_price": plan.order_amount,
            "tax_rate": 0,
            "total_amount": plan.order_amount,
            "total_tax_amount": 0,
        }
        return {
            "auto_capture": False,
            "purchase_country": plan.market,
            "purchase_currency": plan.currency,
            "locale": self._spec.markets[plan.market].locale,
            "order_amount": plan.order_amount,
            "order_tax_amount": 0,
            "order_lines": list(plan.order_lines) or [line],
        }
