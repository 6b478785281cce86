"""Targets: where requests go. The one seam between the toolkit and the outside."""

from typing import Protocol

import msgspec

from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.plan import OrderPlan

__all__ = ["Exchanged", "OutOfBudget", "Target"]


class OutOfBudget(Exception):
    """The next request would be one too many; the message says of what there is not enough."""


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was sent (credentials by kind only) and what came of it.

    `earlier` are the outcomes of tries before, `waited_s` is how long the server had us wait.
    """

    request: Request
    outcome: Response | Failure
    earlier: tuple[Response | Failure, ...] = ()
    waited_s: float = 0.0


class Target(Protocol):
    """Something that requests can be sent to, and that orders can be had on."""

    @property
    def facts(self) -> TargetFacts:
        """What the record says of this target."""
        ...

    @property
    def settle_s(self) -> float:
        """For how many seconds a read may show what was before, until it counts."""
        ...

    async def send(self, request: Request, *, chunked: bool = False) -> Exchanged:
        """Sends a request by its documented path. Never raises for what the target does.

        Raises OutOfBudget where the run may not send it.
        """
        ...

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Makes the order of a plan exist."""
        ...

    async def advance(self, seconds: int) -> bool:
        """Moves the target's clock; False where it has none that can be moved."""
        ...

    def recorded(self, played: Played) -> Played:
        """What was played and judged, without what may not be recorded."""
        ...
