"""What every provisioner does, and the answer that those outside of this process give."""

from typing import Protocol

import msgspec

from klarna_reports.record import ProvidedOrder, Unavailable
from klarna_specs.plan import OrderPlan

__all__ = ["ORDER_ANSWER", "Provisioner"]


class Provisioner(Protocol):
    """Makes orders; a provisioner that fails is no exception but an order that is not there."""

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """The order of a plan; with the captures only that were made along with it."""
        ...

    async def aclose(self) -> None:
        """Ends what was opened for it."""
        ...


class _OrderAnswer(msgspec.Struct):
    order_id: str | None = None
    capture_ids: tuple[str, ...] = ()
    unavailable: str = ""


ORDER_ANSWER: msgspec.json.Decoder[_OrderAnswer] = msgspec.json.Decoder(_OrderAnswer)
"""Reads the JSON answer to an order plan; raises msgspec.DecodeError where it is none."""
