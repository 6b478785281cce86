"""Targets: where requests go. The one seam between the toolkit and the outside."""

from typing import Protocol

from klarna_conformance.http.retrying import Agrees
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Request
from klarna_specs.plan import OrderPlan

__all__ = ["OutOfBudget", "Target"]


class OutOfBudget(Exception):
    """The next request would exceed a limit of the run; the message says which one."""


class Target(Protocol):
    """Something that receives requests and provides orders."""

    @property
    def facts(self) -> TargetFacts:
        """What the record says about this target."""
        ...

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """Sends a request by its documented path. Never raises for what the target does.

        A read is repeated until it `agrees`, for as long as the target's limits allow. Raises
        OutOfBudget if a limit of the run forbids the request.
        """
        ...

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Provides the order of a plan."""
        ...

    async def advance(self, seconds: int) -> bool:
        """Advances the target's clock; False if it has none that can be advanced."""
        ...

    def recorded(self, played: Played) -> Played:
        """What was played and judged, without what must not be recorded."""
        ...
