"""Having a test's own client do things: in a thread of its own, or on the test's event loop."""

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
from klarna_specs.client.play import Done, Ended, Mute, RefusedIt, Told, Unknown, Unsupported
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load

__all__ = ["Do", "DoAdapter", "Perform", "Worker", "on_loop"]

Outcome = Mapping[str, Any] | Told
Do = Callable[[str, str, dict[str, Any]], Outcome | Awaitable[Outcome]]
"""The test's glue: operation, order id and arguments in, an outcome of the protocol out."""
Perform = Callable[[str, str, dict[str, Any]], "Future[Any]"]
"""Has something done elsewhere."""

_LONGEST_REASON = 500
_LONGEST_SHOWN = 120


class DoAdapter:
    """Has the client of a test do things, as it is told to by each `use`."""

    def __init__(self) -> None:
        self._perform: Perform | None = None
        self._within_s = 0.0

    def use(self, perform: Perform, *, within_s: float) -> None:
        """Has this do things from now on, each within so many seconds."""
        self._perform = perform
        self._within_s = within_s

    async def begin(self, hello: Hello) -> Ready:
        """Is ready at once: the client was made by the test."""
        del hello
        return Ready(client="pytest", operations=client_operations(load()))

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Told:
        """Has it done; raises AdapterError for what is no outcome.

        An exception is a breakdown of the client. What skips or fails the test is raised.
        """
        assert self._perform is not None
        work = asyncio.wrap_future(self._perform(operation, order_id, dict(arguments)))
        done, _ = await asyncio.wait({work}, timeout=self._within_s)
        if not done:
            work.cancel()
            return Mute(self._within_s)
        try:
            return _outcome(work.result())
        except AdapterError:
            raise
        except Exception as exc:
            return Ended(_breakdown(exc))

    async def aclose(self) -> None:
        """Leaves the client to the test that made it."""


def on_loop(do: Do, loop: asyncio.AbstractEventLoop) -> Perform:
    """Does things on a loop that runs already; what blocks blocks that loop."""

    def perform(operation: str, order_id: str, arguments: dict[str, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(_done(do, operation, order_id, arguments), loop)

    return perform


async def _done(do: Do, operation: str, order_id: str, arguments: dict[str, Any]) -> Outcome:
    told = do(operation, order_id, arguments)
    return await told if inspect.isawaitable(told) else told


class Worker:
    """A thread that does one thing after the other, coroutines on one event loop.

    Where one does not come to an end, the thread is left to itself and the next one gets another.
    """

    def __init__(self, do: Do) -> None:
        self._do = do
        self._tasks: queue.SimpleQueue[Callable[[asyncio.Runner], None] | None] | None = None
        self._last: Future[Any] | None = None

    def perform(self, operation: str, order_id: str, arguments: dict[str, Any]) -> "Future[Any]":
        """Does it in the thread."""
        future: Future[Any] = Future()

        def work(runner: asyncio.Runner) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                told = self._do(operation, order_id, arguments)
                future.set_result(runner.run(_awaited(told)) if inspect.isawaitable(told) else told)
            except BaseException as exc:
                future.set_exception(exc)

        if self._tasks is None or (self._last is not None and not self._last.done()):
            self._start()
        assert self._tasks is not None
        self._last = future
        self._tasks.put(work)
        return future

    def close(self) -> None:
        """Ends the thread as soon as it has nothing to do."""
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


async def _awaited(told: Awaitable[Outcome]) -> Outcome:
    return await told


def _breakdown(exc: Exception) -> str:
    """An exception, and the line that it was raised in."""
    places = traceback.extract_tb(exc.__traceback__)
    where = f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return f"{type(exc).__name__}: {exc}"[:_LONGEST_REASON] + where


def _outcome(told: Outcome) -> Told:
    if isinstance(told, Done | RefusedIt | Unknown | Unsupported):
        return told
    try:
        return msgspec.convert(told, Done | RefusedIt | Unknown | Unsupported)
    except msgspec.ValidationError as exc:
        raise AdapterError(
            f"`do` answered {repr(told)[:_LONGEST_SHOWN]}, which is no outcome: {exc}; write for "
            'example {"outcome": "done", "refund_id": "..."}'
        ) from exc
