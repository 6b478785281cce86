"""The budget of a run: requests, time, and money."""

import time

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.limits import Limits
from klarna_conformance.target.target import OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.plan import OrderPlan

__all__ = ["BudgetedTarget"]


class BudgetedTarget:
    """A target that raises OutOfBudget instead of exceeding the limits of a run.

    Requests are those of the run, without those of a provisioner. Only successful refunds count;
    before a refund is sent, the budget must cover the most that it could move.
    """

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target = target
        self._requests_left = limits.requests
        self._until_s = None if limits.time_s is None else time.monotonic() + limits.time_s
        self._money_left = limits.refunded_amount
        self._order_amounts: dict[str, int] = {}
        self.refused = False
        """Whether a limit prevented a request or an order."""
        self.sent = 0
        """How many requests were sent, repeated ones included."""

    @property
    def facts(self) -> TargetFacts:
        """The facts of the target itself."""
        return self._target.facts

    def recorded(self, played: Played) -> Played:
        """As the target itself records it."""
        return self._target.recorded(played)

    @property
    def spent(self) -> str:
        """Which limit prevents further scenarios; empty if none does."""
        if self._requests_left == 0:
            return "the budget of requests is used up"
        if self._until_s is not None and time.monotonic() >= self._until_s:
            return "the time is used up"
        return ""

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """Sends a request that is within the limits."""
        self._check()
        at_stake = self._at_stake(request)
        if self._money_left is not None and at_stake > self._money_left:
            raise OutOfBudget(f"a refund of {at_stake} could exceed the ceiling on refunds")
        self._use_requests(1)
        counted = 1
        if self._money_left is not None:
            self._money_left -= at_stake

        def may_stop(read: Exchange) -> bool:
            nonlocal counted
            if agrees is None or agrees(read):
                return True
            self._check()
            self._use_requests(1)
            counted += 1
            return False

        exchange = await self._target.send(request, chunked=chunked, agrees=agrees and may_stop)
        self._use_requests(exchange.requests - counted)
        refused = isinstance(exchange.outcome, Response) and exchange.outcome.is_refusal
        if self._money_left is not None and refused:
            self._money_left += at_stake
        return exchange

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Provides an order, unless no request could be sent to it."""
        self._check()
        made = await self._target.provide(plan)
        if isinstance(made, ProvidedOrder):
            self._order_amounts[made.order_id] = plan.order_amount
        return made

    async def advance(self, seconds: int) -> bool:
        """Advances the target's clock."""
        return await self._target.advance(seconds)

    def _check(self) -> None:
        if self.spent:
            self.refused = True
            raise OutOfBudget(self.spent)

    def _use_requests(self, count: int) -> None:
        self.sent += count
        if self._requests_left is not None:
            self._requests_left = max(0, self._requests_left - count)

    def _at_stake(self, request: Request) -> int:
        """How much a request could refund, in minor units: never more than its order's amount."""
        order_id = request.path.rsplit("/", 2)[-2]
        return min(request.refunds, self._order_amounts.get(order_id, request.refunds))
