"""What a run may still use of a target: requests, time, and money."""

import time

from klarna_conformance.limits import Limits
from klarna_conformance.target.target import Exchanged, OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Request, Response
from klarna_specs.plan import OrderPlan

__all__ = ["BudgetedTarget"]


class BudgetedTarget:
    """A target that sends nothing beyond the limits of a run: it raises OutOfBudget instead.

    Requests are those that the run sends, not those of a provisioner of its own. Refunded is what
    was answered with a success; before a refund is sent, as much as it could move has to be left.
    """

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target = target
        self._requests_left = limits.requests
        self._until_s = None if limits.time_s is None else time.monotonic() + limits.time_s
        self._money_left = limits.refunded_amount
        self._order_amounts: dict[str, int] = {}
        self.refused = False
        """Whether a request, or an order, was refused because a limit was reached."""

    @property
    def facts(self) -> TargetFacts:
        """Those of the target itself."""
        return self._target.facts

    @property
    def settle_s(self) -> float:
        """That of the target itself."""
        return self._target.settle_s

    def recorded(self, played: Played) -> Played:
        """As the target itself has it."""
        return self._target.recorded(played)

    @property
    def spent(self) -> str:
        """What is used up, so that no other scenario can be played; empty where nothing is."""
        if self._requests_left == 0:
            return "the budget of requests is used up"
        if self._until_s is not None and time.monotonic() >= self._until_s:
            return "the time is used up"
        return ""

    async def send(self, request: Request, *, chunked: bool = False) -> Exchanged:
        """Sends a request that is within the limits."""
        if self.spent:
            self.refused = True
            raise OutOfBudget(self.spent)
        at_stake = self._at_stake(request)
        if self._money_left is not None and at_stake > self._money_left:
            raise OutOfBudget(f"a refund of {at_stake} could exceed the ceiling on refunds")
        if self._requests_left is not None:
            self._requests_left -= 1
        if self._money_left is not None:
            self._money_left -= at_stake
        exchanged = await self._target.send(request, chunked=chunked)
        if self._requests_left is not None:
            self._requests_left = max(0, self._requests_left - len(exchanged.earlier))
        refused = isinstance(exchanged.outcome, Response) and exchanged.outcome.is_refusal
        if self._money_left is not None and refused:
            self._money_left += at_stake
        return exchanged

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Has an order made, while requests can be sent to it."""
        if self.spent:
            self.refused = True
            raise OutOfBudget(self.spent)
        made = await self._target.provide(plan)
        if isinstance(made, ProvidedOrder):
            self._order_amounts[made.order_id] = plan.order_amount
        return made

    async def advance(self, seconds: int) -> bool:
        """Moves the target's clock."""
        return await self._target.advance(seconds)

    def _at_stake(self, request: Request) -> int:
        """How much a request could refund, in minor units: never more than its order's amount."""
        order_id = request.path.rsplit("/", 2)[-2]
        return min(request.refunds, self._order_amounts.get(order_id, request.refunds))
