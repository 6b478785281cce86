"""Orders from a web service of the user: it receives the plan, and answers with the ids."""

import msgspec

from klarna_conformance.http.wire import Wire
from klarna_conformance.target.provisioners.provisioner import (
    ORDER_ANSWER,
    OrdersConfig,
    Surroundings,
)
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.exchange import Failure
from klarna_specs.plan import OrderPlan

__all__ = ["HttpOrders", "HttpProvisioner"]

_LONGEST_REASON = 300


class HttpOrders(OrdersConfig, frozen=True, tag_field="provisioner", tag="http"):
    """A web service that makes orders: it receives the plan of each in a POST."""

    url: str

    def open(self, surroundings: Surroundings) -> "HttpProvisioner":
        """The provisioner, with a wire of its own."""
        return HttpProvisioner(self.url, surroundings.make_wire())


class HttpProvisioner:
    """Posts each plan to a URL; closes its wire at the end."""

    pool = None

    def __init__(self, url: str, wire: Wire) -> None:
        self._url = url
        self._wire = wire

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Requests an order; with any other answer the order is unavailable."""
        outcome = await self._wire.send(
            "POST",
            self._url,
            content=msgspec.json.encode(plan),
            headers={"Content-Type": "application/json"},
        )
        if isinstance(outcome, Failure):
            problem = self._unavailable(plan, f"cannot be reached: {outcome.message}")
            return msgspec.structs.replace(problem, unreachable=True)
        try:
            answer = ORDER_ANSWER.decode(outcome.body.text)
        except (msgspec.DecodeError, RecursionError):
            return self._unavailable(plan, f"answered {outcome.status}, and no order")
        made = answer.order(plan) if outcome.is_success else None
        why = answer.unavailable or f"status {outcome.status} {outcome.body.text}".rstrip()
        return made or self._unavailable(plan, f"made no order: {why}")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._wire.aclose()

    def _unavailable(self, plan: OrderPlan, why: str) -> Unavailable:
        return Unavailable(plan=plan, reason=f"{self._url} {why}"[:_LONGEST_REASON])
