"""Commands for the client of a test: in a thread of its own, or on the test's event loop."""

import asyncio
import contextvars
import inspect
import queue
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_conformance.errors import AdapterError
from klarna_specs.client.play import (
    Done,
    Ended,
    RefusedIt,
    Reported,
    TimedOut,
    Unknown,
    Unsupported,
)

__all__ = ["Do", "DoAdapter", "Perform", "Worker", "on_loop"]

Outcome = Mapping[str, Any] | Reported
Do = Callable[[str, str, dict[str, Any]], Outcome | Awaitable[Outcome]]
"""The adapter of a test: from operation, order id and arguments to an outcome."""
Perform = Callable[[str, str, dict[str, Any]], "Future[Any]"]
"""Starts a command elsewhere."""

_LONGEST_REASON = 500
_LONGEST_SHOWN = 120


class DoAdapter:
    """An adapter for the client of a test; each `use` sets how commands are carried out."""

    def __init__(self, operations: tuple[str, ...]) -> None:
        self._operations = operations
        self._perform: Perform | None = None
        self._within_s = 0.0

    def use(self, perform: Perform, *, within_s: float) -> None:
        """Carries out commands with `perform` from now on, with this timeout for each."""
        self._perform = perform
        self._within_s = within_s

    async def begin(self, hello: Hello) -> Ready:
        """Is ready at once: the test has created the client."""
        del hello
        return Ready(client="pytest", operations=self._operations)

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Carries out a command; raises AdapterError for an invalid outcome.

        An exception means that the client has crashed. What skips or fails the test is raised.
        """
        assert self._perform is not None
        work = asyncio.wrap_future(self._perform(operation, order_id, dict(arguments)))
        done, _ = await asyncio.wait({work}, timeout=self._within_s)
        if not done:
            work.cancel()
            return TimedOut(self._within_s)
        try:
            return _outcome(work.result())
        except AdapterError:
            raise
        except Exception as exc:
            return Ended(_crash(exc))

    async def restart(self) -> None:
        """Does nothing: the client belongs to the test."""

    async def aclose(self) -> None:
        """Does nothing: the client belongs to the test."""


def on_loop(do: Do, loop: asyncio.AbstractEventLoop) -> Perform:
    """Carries out commands on a running loop; what blocks blocks that loop."""

    def perform(operation: str, order_id: str, arguments: dict[str, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(_done(do, operation, order_id, arguments), loop)

    return perform


async def _done(do: Do, operation: str, order_id: str, arguments: dict[str, Any]) -> Outcome:
    result = do(operation, order_id, arguments)
    return await result if inspect.isawaitable(result) else result


class Worker:
    """A thread that carries out commands one after the other, coroutines on one event loop.

    If a command does not end, the next one gets another thread.
    """

    def __init__(self, do: Do) -> None:
        self._do = do
        self._tasks: queue.SimpleQueue[Callable[[asyncio.Runner], None] | None] | None = None
        self._last: Future[Any] | None = None

    def perform(self, operation: str, order_id: str, arguments: dict[str, Any]) -> "Future[Any]":
        """Carries out a command in the thread."""
        future: Future[Any] = Future()

        def work(runner: asyncio.Runner) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = self._do(operation, order_id, arguments)
                future.set_result(
                    runner.run(_awaited(result)) if inspect.isawaitable(result) else result
                )
            except BaseException as exc:
                future.set_exception(exc)

        if self._tasks is None or (self._last is not None and not self._last.done()):
            self._start()
        assert self._tasks is not None
        self._last = future
        self._tasks.put(work)
        return future

    def close(self) -> None:
        """Ends the thread as soon as it is idle."""
        if self._tasks is not None:
            self._tasks.put(None)

    def _start(self) -> None:
        self.close()
        tasks: queue.SimpleQueue[Callable[[asyncio.Runner], None] | None] = queue.SimpleQueue()
        context = contextvars.copy_context()

        def run() -> None:
            with asyncio.Runner() as runner:
                while (work := tasks.get()) is not None:
                    context.run(work, runner)

        self._tasks = tasks
        threading.Thread(target=run, name="klarna-client", daemon=True).start()


async def _awaited(result: Awaitable[Outcome]) -> Outcome:
    return await result


def _crash(exc: Exception) -> str:
    """An exception, and the line that raised it."""
    places = traceback.extract_tb(exc.__traceback__)
    where = f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return f"{type(exc).__name__}: {exc}"[:_LONGEST_REASON] + where


def _outcome(result: Outcome) -> Reported:
    if isinstance(result, Done | RefusedIt | Unknown | Unsupported):
        return result
    try:
        return msgspec.convert(result, Done | RefusedIt | Unknown | Unsupported)
    except msgspec.ValidationError as exc:
        raise AdapterError(
            f"`do` returned {repr(result)[:_LONGEST_SHOWN]}, which is no outcome: {exc}; an "
            'example is {"outcome": "done", "refund_id": "..."}'
        ) from exc
