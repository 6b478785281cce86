"""Threads with an event loop: they serve sockets while a test blocks its own thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["LoopThread", "awaited", "in_thread"]

T = TypeVar("T")
_END_S = 5.0
"""Timeout for ending what is still running, in seconds."""


class LoopThread:
    """Runs coroutines for other threads until it is closed; it ends with the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="klarna-mock", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Starts a coroutine; the future gets its outcome."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T], *, within_s: float | None = None) -> T:
        """The result of a coroutine; raises TimeoutError, and cancels it, if that takes longer.

        Must not be called from the loop's own thread.
        """
        future = self.start(work)
        try:
            return future.result(within_s)
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancels what is running, and ends the thread within some seconds."""
        try:
            self.call(_cancel_others(), within_s=_END_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, which is cancelled if this is interrupted.

    Unlike `asyncio.run` it does not change the current event loop of this thread.
    """
    loop = LoopThread()
    try:
        return loop.call(work)
    finally:
        loop.close()


def in_thread(work: Callable[[], T]) -> T:
    """The result of a function that may set an event loop, but not in this thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as exc:
            future.set_exception(exc)

    threading.Thread(target=run, name="klarna-work", daemon=True).start()
    return future.result()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
