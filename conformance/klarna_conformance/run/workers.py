"""Sends the scenarios of a run from several processes, portion by portion.

The processes share the budget of the run. They end when this process closes its end of a pipe, or
dies: no request is sent after the run.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import msgspec

from klarna_conformance.errors import WorkerError
from klarna_conformance.play.engine import run_plan
from klarna_conformance.target.budget import Budget, BudgetedTarget
from klarna_conformance.target.target import OpenTarget
from klarna_reports.record.record import Played
from klarna_specs.scenario import Scenario, Wait
from klarna_specs.spec import Spec

__all__ = ["Sending", "Workers"]

_Numbered = tuple[str, Scenario]
_FEW = 300
"""So many scenarios take as long as it takes to start another process."""
_PORTIONS_PER_CONNECTION = 2
"""A portion is so many times as long as the number of its concurrent scenarios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How every portion is sent; `concurrency` is that of each process."""

    spec: Spec
    budget: Budget
    readings: dict[str, str]
    nonce: str
    concurrency: int


@dataclass(frozen=True, slots=True)
class Workers:
    """A number of processes; `opened` gives the target for the portion with a number.

    Several processes import `opened`, so it is a function of a module, or a partial of one.
    """

    count: int
    opened: Callable[[Spec, int], OpenTarget]

    def pay_off(self, scenarios: Sequence[object]) -> bool:
        """Whether starting processes for these scenarios takes less time than it saves."""
        return self.count > 1 and len(scenarios) >= _FEW

    async def run_plan(
        self, sending: Sending, numbered: Sequence[_Numbered], *, go_on: Callable[[], bool]
    ) -> AsyncGenerator[Played]:
        """Yields each scenario some time after it is done; sends no portion when `go_on` is false.

        Raises WorkerError if a process ends.
        """
        context = get_context("spawn")
        lifeline, held = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            self.count, context, initializer=_prepare, initargs=(sending, self.opened, lifeline)
        )
        ended = False
        try:
            number = 0
            # There may be one clock: those that advance it are sent alone, and last.
            for scenarios, at_a_time in _by_clock(numbered, 2 * self.count):
                portions = list(_portions(scenarios, sending.concurrency))
                async for played in _side_by_side(pool, portions, number, at_a_time, go_on):
                    yield played
                number += len(portions)
            ended = True
        except BrokenProcessPool as exc:
            raise WorkerError(
                "a process of the run ended unexpectedly, for example because memory ran out; the "
                "results so far are recorded: use --resume, and --workers 1 for a single process"
            ) from exc
        finally:
            if not ended:
                held.close()
            pool.shutdown(cancel_futures=True)
            held.close()
            lifeline.close()


def _by_clock(
    numbered: Iterable[_Numbered], at_a_time: int
) -> Iterator[tuple[list[_Numbered], int]]:
    parts: tuple[list[_Numbered], list[_Numbered]] = [], []
    for each in numbered:
        parts[any(isinstance(action, Wait) for action in each[1].steps)].append(each)
    return iter(((parts[0], at_a_time), (parts[1], 1)))


def _portions(scenarios: Sequence[_Numbered], concurrency: int) -> Iterator[tuple[_Numbered, ...]]:
    size = _PORTIONS_PER_CONNECTION * concurrency
    for start in range(0, len(scenarios), size):
        yield tuple(scenarios[start : start + size])


async def _side_by_side(
    pool: ProcessPoolExecutor,
    portions: Sequence[tuple[_Numbered, ...]],
    first: int,
    at_a_time: int,
    go_on: Callable[[], bool],
) -> AsyncGenerator[Played]:
    waiting = enumerate(portions, first)
    running: set[asyncio.Future[bytes]] = set()

    def start() -> None:
        if go_on() and (following := next(waiting, None)):
            with _without_interruption():
                running.add(asyncio.wrap_future(pool.submit(_sent, *following)))

    try:
        for _ in range(at_a_time):
            start()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                running.discard(future)
                start()
                for played in msgspec.json.decode(future.result(), type=list[Played]):
                    yield played
    finally:
        for future in running:
            future.cancel()


@contextmanager
def _without_interruption() -> Generator[None]:
    """A process that is started here gets no Ctrl-C: this process ends it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_prepared: tuple[Sending, Callable[[Spec, int], OpenTarget]] | None = None


def _prepare(
    sending: Sending, opened: Callable[[Spec, int], OpenTarget], lifeline: Connection
) -> None:
    global _prepared  # a pool passes state to its workers like this
    _prepared = sending, opened
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os._exit(0)


def _sent(number: int, portion: Sequence[_Numbered]) -> bytes:
    assert _prepared is not None
    return msgspec.json.encode(asyncio.run(_played(*_prepared, number, portion)))


async def _played(
    sending: Sending,
    opened: Callable[[Spec, int], OpenTarget],
    number: int,
    portion: Sequence[_Numbered],
) -> list[Played]:
    async with opened(sending.spec, number) as target:
        target.follow(sending.readings)
        budgeted = BudgetedTarget(target, sending.budget)
        playing = run_plan(
            sending.spec,
            budgeted,
            portion,
            concurrency=sending.concurrency,
            nonce=sending.nonce,
            go_on=lambda: not budgeted.spent,
        )
        return [played async for played in playing]
