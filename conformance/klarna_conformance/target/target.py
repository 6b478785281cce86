"""Targets: where requests go. The one seam between the toolkit and the outside."""

from collections.abc import AsyncIterator
from typing import Protocol, Self

import msgspec

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.limits import Limits
from klarna_conformance.target.provisioners import PoolOrder
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Request
from klarna_specs.plan import OrderPlan

__all__ = ["Abilities", "OpenTarget", "OutOfBudget", "Target"]


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


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a target can do that not every target can.

    `keys_may_repeat`: it starts empty in each run, so that runs may use the same idempotency keys.
    `is_instant`: requests take hardly any time, so that there is no need to select the best ones.
    Whether it has a clock is the answer of `Target.advance`.
    """

    keys_may_repeat: bool = False
    is_instant: bool = False


class OpenTarget(Target, Protocol):
    """A target as a command line or a target file names it; an async context manager."""

    @property
    def abilities(self) -> Abilities:
        """What it can do that not every target can."""
        ...

    @property
    def limits(self) -> Limits:
        """The limits that its configuration sets for a run."""
        ...

    @property
    def pool(self) -> tuple[PoolOrder, ...] | None:
        """The unused orders, if no others can be made."""
        ...

    def reach(self) -> AsyncIterator[tuple[str, str]]:
        """Connects step by step and yields each step with its result; raises PreflightError."""
        ...

    def follow(self, interpretations: dict[str, str]) -> None:
        """Uses these interpretations of the contradictory paths, by operationId, from now on."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...
