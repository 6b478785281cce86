"""The budget of a run: requests, time, and money."""

import time
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from typing import TYPE_CHECKING

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.limits import Limits
from klarna_conformance.target.target import OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.plan import OrderPlan

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import SynchronizedArray

__all__ = ["Budget", "BudgetedTarget"]

_SENT, _MONEY, _REFUSED = range(3)
"""What a budget counts: requests, minor units, and (0 or 1) whether it refused something."""


class Budget:
    """What is left of the limits of a run; processes can share it.

    Its time counts from `began_s` (monotonic clock), by default from now.
    """

    def __init__(
        self, limits: Limits, *, began_s: float | None = None, shared: bool = False
    ) -> None:
        self._limits = limits
        began_s = time.monotonic() if began_s is None else began_s
        self._until_s = None if limits.time_s is None else began_s + limits.time_s
        counts = get_context("spawn").Array("q", 3) if shared else None
        self._lock: AbstractContextManager[object] = counts.get_lock() if counts else nullcontext()
        self._counts: SynchronizedArray[int] | list[int] = counts or [0] * 3

    @property
    def sent(self) -> int:
        """How many requests were sent, repeated ones included."""
        return self._counts[_SENT]

    @property
    def refused(self) -> bool:
        """Whether a limit prevented a request or an order."""
        return bool(self._counts[_REFUSED])

    @property
    def limits_money(self) -> bool:
        """Whether there is a ceiling on refunds."""
        return self._limits.refunded_amount is not None

    @property
    def spent(self) -> str:
        """Which limit prevents further scenarios; empty if none does."""
        requests = self._limits.requests
        if requests is not None and self._counts[_SENT] >= requests:
            return "the budget of requests is used up"
        if self._until_s is not None and time.monotonic() >= self._until_s:
            return "the time is used up"
        return ""

    def check(self) -> None:
        """Raises OutOfBudget if nothing more can be sent."""
        if reason := self.spent:
            self._counts[_REFUSED] = 1
            raise OutOfBudget(reason)

    def take(self, at_stake: int) -> None:
        """Takes a request that could refund so much; raises OutOfBudget if it is too much."""
        with self._lock:
            self.check()
            if self.limits_money:
                left = (self._limits.refunded_amount or 0) - self._counts[_MONEY]
                if at_stake > left:
                    raise OutOfBudget(f"a refund of {at_stake} could exceed the ceiling on refunds")
                self._counts[_MONEY] += at_stake
            self.use(1)

    def use(self, requests: int) -> None:
        """Counts requests that were sent."""
        with self._lock:
            self._counts[_SENT] += requests

    def give_back(self, amount: int) -> None:
        """Gives back what a request could have refunded and did not, in minor units."""
        with self._lock:
            self._counts[_MONEY] -= amount


class BudgetedTarget:
    """A target that raises OutOfBudget instead of exceeding the budget of a run.

    Requests are those of the run, without those of a provisioner. Only successful refunds count;
    before a refund is sent, the budget must cover the most that it could move.
    """

    def __init__(self, target: Target, budget: Budget) -> None:
        self._target = target
        self._budget = budget
        self._order_amounts: dict[str, int] = {}

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
        return self._budget.spent

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """Sends a request that is within the limits."""
        at_stake = self._at_stake(request) if self._budget.limits_money else 0
        self._budget.take(at_stake)
        counted = 1

        def may_stop(read: Exchange) -> bool:
            nonlocal counted
            if agrees is None or agrees(read):
                return True
            self._budget.take(0)
            counted += 1
            return False

        exchange = await self._target.send(request, chunked=chunked, agrees=agrees and may_stop)
        self._budget.use(exchange.requests - counted)
        if isinstance(exchange.outcome, Response) and exchange.outcome.is_refusal:
            self._budget.give_back(at_stake)
        return exchange

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Provides an order, unless no request could be sent to it."""
        self._budget.check()
        made = await self._target.provide(plan)
        if isinstance(made, ProvidedOrder):
            self._order_amounts[made.order_id] = plan.order_amount
        return made

    async def advance(self, seconds: int) -> bool:
        """Advances the target's clock."""
        return await self._target.advance(seconds)

    def _at_stake(self, request: Request) -> int:
        """How much a request could refund, in minor units: never more than its order's amount."""
        order_id = request.path.rsplit("/", 2)[-2]
        return min(request.refunds, self._order_amounts.get(order_id, request.refunds))
