"""The budget of a run: requests, time, and money."""

import time
from collections.abc import Callable

import msgspec

from klarna_conformance.http.retrying import Agrees
from klarna_conformance.limits import Limits
from klarna_conformance.target.target import OutOfBudget, Target
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Request
from klarna_specs.plan import OrderPlan

__all__ = ["Budget", "BudgetedTarget", "Used"]


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of a budget: requests, minor units, and whether it refused something."""

    requests: int
    money: int
    refused: bool


class Budget:
    """What is left of the limits of a run; parts of it can be lent to other processes.

    Its time counts from `began_s` (monotonic clock), by default from now. Nothing is left once
    `ended` is true.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        began_s: float | None = None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._limits = limits
        began_s = time.monotonic() if began_s is None else began_s
        self._until_s = None if limits.time_s is None else began_s + limits.time_s
        self._ended = ended
        self._sent = 0
        self._money = 0
        self._lent = 0
        self._refused = False

    @property
    def used(self) -> Used:
        """What was used so far."""
        return Used(requests=self._sent, money=self._money, refused=self._refused)

    @property
    def sent(self) -> int:
        """How many requests were sent, repeated ones included."""
        return self._sent

    @property
    def refused(self) -> bool:
        """Whether a limit prevented a request or an order."""
        return self._refused

    @property
    def limits_money(self) -> bool:
        """Whether there is a ceiling on refunds."""
        return self._limits.refunded_amount is not None

    @property
    def spent(self) -> str:
        """Which limit prevents further scenarios; empty if none does."""
        requests = self._limits.requests
        if requests is not None and self._sent >= requests:
            return "the budget of requests is used up"
        if self._until_s is not None and time.monotonic() >= self._until_s:
            return "the time is used up"
        return "the run has ended" if self._ended() else ""

    def check(self) -> None:
        """Raises OutOfBudget if nothing more can be sent."""
        if reason := self.spent:
            self._refused = True
            raise OutOfBudget(reason)

    def take(self, at_stake: int) -> None:
        """Takes a request that could refund so much; raises OutOfBudget if it is too much."""
        self.check()
        if self.limits_money:
            left = (self._limits.refunded_amount or 0) - self._money
            if at_stake > left:
                raise OutOfBudget(f"a refund of {at_stake} could exceed the ceiling on refunds")
            self._money += at_stake
        self._sent += 1

    def use(self, requests: int) -> None:
        """Counts requests that were sent."""
        self._sent += requests

    def give_back(self, amount: int) -> None:
        """Gives back what a request could have refunded and did not, in minor units."""
        self._money -= amount

    def lend(self, requests: int, *, alone: bool) -> Limits | None:
        """Limits for a part of the run that needs at most so many requests, until `repaid`.

        None as long as parts that were lent before could use what it needs: only a part that is
        sent `alone` may have less, or refund where there is a ceiling on refunds.
        """
        left = None if self._limits.requests is None else self._limits.requests - self._sent
        if not alone and (self.limits_money or (left is not None and left - self._lent < requests)):
            return None
        if left is not None:
            left = min(left - self._lent, requests)
            self._lent += left
        ceiling = self._limits.refunded_amount
        return Limits(
            requests=left,
            time_s=None if self._until_s is None else self._until_s - time.monotonic(),
            refunded_amount=None if ceiling is None else ceiling - self._money,
        )

    def repaid(self, lent: Limits, used: Used | None) -> None:
        """Takes back a part, of which so much was used; all of it if that is not known (None)."""
        requests, money = lent.requests or 0, lent.refunded_amount or 0
        used = used or Used(requests=requests, money=money, refused=False)
        self._lent -= requests
        self._sent += used.requests
        self._money += used.money
        self._refused |= used.refused


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
        if exchange.outcome.is_refusal:
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
