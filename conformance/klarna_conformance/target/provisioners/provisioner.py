"""What every provisioner does, and the answer that those outside of this process give."""

from typing import Protocol

import msgspec

from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.plan import Authorization, OrderPlan

__all__ = ["ORDER_ANSWER", "OrderAnswer", "Provisioner"]


class Provisioner(Protocol):
    """Makes orders; a provisioner that fails is no exception but an order that is not there."""

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """The order of a plan; with the captures only that were made along with it."""
        ...

    async def aclose(self) -> None:
        """Ends what was opened for it."""
        ...


class OrderAnswer(msgspec.Struct):
    """What a provisioner outside of this process answers to a plan."""

    order_id: str | None = None
    capture_ids: tuple[str, ...] = ()
    authorization: Authorization | None = None
    unavailable: str = ""

    def order(self, plan: OrderPlan) -> ProvidedOrder | None:
        """The order, where one was made."""
        if not self.order_id:
            return None
        return ProvidedOrder(
            plan=plan,
            order_id=self.order_id,
            capture_ids=self.capture_ids,
            authorization=self.authorization,
        )


ORDER_ANSWER: msgspec.json.Decoder[OrderAnswer] = msgspec.json.Decoder(OrderAnswer)
"""Reads the JSON answer to an order plan; raises msgspec.DecodeError where it is none."""
