"""Sends the scenarios of a run from several processes, portion by portion.

Each portion gets a part of the run's budget, and gives back what it did not use.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from klarna_conformance.errors import PreflightError, UsageError, WorkerError
from klarna_conformance.executors.workers import Call, Executor, LostCallError, Workers
from klarna_conformance.limits import Limits
from klarna_conformance.play.engine import run_plan
from klarna_conformance.target.budget import Budget, BudgetedTarget, Used
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Played, Unavailable, Unjudged
from klarna_specs.scenario import Scenario, Wait, steps_of
from klarna_specs.spec import Spec

__all__ = ["Senders", "Sending"]

_Numbered = tuple[str, Scenario]
_FEW = 300
"""So many scenarios take as long as it takes to start another process."""
_PORTIONS_PER_CONNECTION = 2
"""A portion is so many times as long as the number of its concurrent scenarios."""
_REQUESTS_PER_STEP = 10
"""How many requests a step could need: itself, the reads after it, and repetitions."""
_LOST = (
    "the process that sent this scenario was lost; it is not retried, since it may have moved money"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How every portion is sent; `concurrency` is that of all together."""

    spec: Spec
    interpretations: dict[str, str]
    nonce: str
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """The processes that send; `opened` gives one of `sharing` targets for portion number `n`.

    Other processes import `opened(spec, n, sharing)`, so it is a function of a module, or a
    partial of one. With `repeatable` each target is a world of its own: what a lost process sent is
    retried.
    """

    workers: Workers
    opened: Callable[[Spec, int, int], OpenTarget]
    repeatable: bool

    def pay_off(self, scenarios: Sequence[object]) -> bool:
        """Whether starting processes for these scenarios takes less time than it saves."""
        workers = self.workers
        return workers.is_cluster or (workers.processes > 1 and len(scenarios) >= _FEW)

    async def run_plan(
        self,
        sending: Sending,
        budget: Budget,
        numbered: Sequence[_Numbered],
        *,
        proceed: Callable[[], bool],
    ) -> AsyncGenerator[Played]:
        """Yields each scenario after it is done; sends no portion when `proceed` is false.

        Raises WorkerError if a process ends whose part cannot be retried, and PreflightError if
        one cannot open the target.
        """
        state = _State(sending.spec, sending.interpretations, sending.nonce, self.opened)
        try:
            with self.workers.open(state, repeatable=self.repeatable) as executor:
                portions = _Portions(self, executor, sending.concurrency, budget, proceed)
                async for played in portions.sent(numbered):
                    yield played
        except WorkerError as exc:
            raise WorkerError(
                f"{exc}; the results so far are recorded: use --resume, and --workers 1 for a "
                "single process"
            ) from exc


@dataclass(frozen=True, slots=True)
class _State:
    """What all portions of a run have in common."""

    spec: Spec
    interpretations: dict[str, str]
    nonce: str
    opened: Callable[[Spec, int, int], OpenTarget]


class _Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Scenarios for one process, and what it may use of the budget."""

    number: int
    scenarios: tuple[_Numbered, ...]
    sharing: int
    concurrency: int
    allowance: Limits


class _Portions:
    """Sends portions side by side."""

    def __init__(
        self,
        senders: Senders,
        executor: Executor[_State],
        concurrency: int,
        budget: Budget,
        proceed: Callable[[], bool],
    ) -> None:
        count = executor.count
        self._sharing = count if senders.repeatable else min(count, concurrency)
        self._concurrency = max(1, concurrency // count)
        # While one portion is sent the next one waits, so that no process does.
        self._at_a_time = self._sharing * (2 if senders.repeatable else 1)
        self._executor = executor
        self._budget = budget
        self._proceed = proceed
        self._number = 0

    async def sent(self, numbered: Sequence[_Numbered]) -> AsyncGenerator[Played]:
        """The scenarios; those that advance the clock come last, alone: there may be one clock."""
        timeless = [each for each in numbered if not _waits(each)]
        for scenarios, at_a_time in (
            (timeless, self._at_a_time),
            ([each for each in numbered if _waits(each)], 1),
        ):
            async for played in self._side_by_side(scenarios, at_a_time):
                yield played

    async def _side_by_side(
        self, scenarios: Sequence[_Numbered], at_a_time: int
    ) -> AsyncGenerator[Played]:
        waiting = self._portions(scenarios)
        following = next(waiting, None)
        running: dict[asyncio.Future[_Sent], _Portion] = {}
        try:
            while True:
                while following and len(running) < at_a_time and self._proceed():
                    allowance = self._budget.lend(_needs(following), alone=not running)
                    if allowance is None:
                        break
                    portion = msgspec.structs.replace(following, allowance=allowance)
                    call = self._executor.submit(_sent, portion)
                    running[asyncio.wrap_future(call)] = portion
                    following = next(waiting, None)
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    for played in self._result(future, running.pop(future)):
                        yield played
        finally:
            for future in running:
                future.cancel()

    def _portions(self, scenarios: Sequence[_Numbered]) -> Iterator[_Portion]:
        size = _PORTIONS_PER_CONNECTION * self._concurrency
        for start in range(0, len(scenarios), size):
            yield _Portion(
                number=self._number,
                scenarios=tuple(scenarios[start : start + size]),
                sharing=self._sharing,
                concurrency=self._concurrency,
                allowance=Limits(),
            )
            self._number += 1

    def _result(self, future: "asyncio.Future[_Sent]", portion: _Portion) -> Iterable[Played]:
        if future.cancelled():
            raise WorkerError("the cluster lost a part of the work")
        try:
            sent = future.result()
        except LostCallError:
            self._budget.repaid(portion.allowance, None)
            return [_lost(each) for each in portion.scenarios]
        except UsageError as exc:
            raise PreflightError(f"a worker cannot open the target: {exc}") from exc
        self._budget.repaid(portion.allowance, sent.used)
        return msgspec.json.decode(sent.played, type=list[Played])


def _lost(numbered: _Numbered) -> Played:
    identifier, scenario = numbered
    steps = steps_of(scenario)
    first = f"{steps[0].operation} of {identifier}"
    return Played(
        id=identifier,
        scenario=scenario,
        unavailable=Unavailable(plan=scenario.plan, reason=_LOST),
        unjudged=(Unjudged(request=first, reason=_LOST, count=len(steps)),),
    )


def _waits(numbered: _Numbered) -> bool:
    return any(isinstance(action, Wait) for action in numbered[1].steps)


def _needs(portion: _Portion) -> int:
    """How many requests a portion could need at the most."""
    return _REQUESTS_PER_STEP * sum(1 + len(steps_of(each)) for _, each in portion.scenarios)


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A portion that was sent; `played` is JSON."""

    played: bytes
    used: Used


def _sent(call: Call[_State], portion: _Portion) -> _Sent:
    budget = Budget(portion.allowance, ended=call.ended)
    played = asyncio.run(_played(call.state, portion, budget))
    return _Sent(played=msgspec.json.encode(played), used=budget.used)


async def _played(state: _State, portion: _Portion, budget: Budget) -> list[Played]:
    async with state.opened(state.spec, portion.number, portion.sharing) as target:
        target.follow(state.interpretations)
        playing = run_plan(
            state.spec,
            BudgetedTarget(target, budget),
            portion.scenarios,
            concurrency=portion.concurrency,
            nonce=state.nonce,
            proceed=lambda: not budget.spent,
        )
        return [played async for played in playing]
