"""Orders from a customer token: made from server to server, without a shopper in a browser."""

import base64
from urllib.parse import quote

import msgspec

from klarna_conformance.http.wire import Wire
from klarna_conformance.target.provisioners.provisioner import ORDER_ANSWER
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.exchange import Failure
from klarna_specs.plan import OrderPlan, PaymentMethod
from klarna_specs.spec import Spec

__all__ = ["TokenProvisioner"]


class TokenProvisioner:
    """Posts an order to `/customer-token/v1/tokens/{token}/order` (other documentation).

    A token stands for one payment method in one market; plans of others are unavailable. Nothing is
    captured: that is done over the documented operations. Closes the wire that it is given.
    """

    def __init__(
        self,
        spec: Spec,
        base_url: str,
        wire: Wire,
        *,
        credentials: tuple[str, str],
        token: str,
        market: str,
        payment_method: PaymentMethod,
    ) -> None:
        self._spec = spec
        self._url = f"{base_url}/customer-token/v1/tokens/{quote(token, safe='')}/order"
        self._wire = wire
        told = base64.b64encode(":".join(credentials).encode()).decode()
        self._headers = {"Content-Type": "application/json", "Authorization": f"Basic {told}"}
        self._market = market
        self._payment_method = payment_method

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Makes the order, as far as the token can."""
        wanted = (plan.market, plan.payment_method)
        if wanted != (self._market, self._payment_method):
            told = f"the customer token is of {self._market} and {self._payment_method}"
            return Unavailable(plan=plan, reason=f"{told}, not of {' and '.join(wanted)}")
        outcome = await self._wire.send(
            "POST",
            self._url,
            content=msgspec.json.encode(self._body(plan)),
            headers=self._headers,
        )
        if isinstance(outcome, Failure):
            return self._unavailable(plan, f"could not be asked: {outcome.message}")
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
