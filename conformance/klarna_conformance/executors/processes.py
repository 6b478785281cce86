"""Processes of this machine.

Their calls end when this process closes its end of a pipe, or dies: nothing is sent after a run.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

from klarna_conformance.errors import WorkerError
from klarna_conformance.executors.workers import Call, Executor

__all__ = ["processes"]

_GRACE_S = 10.0
"""How long a call may take to see that it is ended, in seconds."""


@contextmanager
def processes(count: int, state: Any) -> Generator[Executor[Any]]:
    """So many processes, each with a copy of the `state`; raises WorkerError if one ends."""
    context = _context()
    lifeline, held = context.Pipe(duplex=False)
    initial = state, lifeline, held
    pool = ProcessPoolExecutor(count, context, initializer=_prepare, initargs=initial)
    ended = False
    try:
        yield _Processes(pool, count)
        ended = True
    except BrokenProcessPool as exc:
        raise WorkerError(
            "a worker process ended unexpectedly, for example because memory ran out"
        ) from exc
    finally:
        if not ended:
            held.close()
        pool.shutdown(cancel_futures=True)
        held.close()
        lifeline.close()


def _context() -> BaseContext:
    """How processes are started: copies of this one need not import and load everything again.

    A copy has one thread, and would wait forever for what the others held.
    """
    alone = threading.active_count() == 1
    return get_context("fork" if sys.platform == "linux" and alone else "spawn")


class _Processes:
    """An executor of one pool of processes."""

    def __init__(self, pool: ProcessPoolExecutor, count: int) -> None:
        self._pool = pool
        self.count = count

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        with _without_interruption():
            return self._pool.submit(_called, function, *args, **named)


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


_call: Call[Any] | None = None


def _prepare(state: Any, lifeline: Connection, held: Connection) -> None:
    held.close()  # else this process would keep the pipe open
    ended = threading.Event()
    global _call  # a pool passes state to its processes like this
    _call = Call(state, ended.is_set)
    threading.Thread(target=_end_with, args=(lifeline, ended, os.getppid()), daemon=True).start()


def _end_with(lifeline: Connection, ended: threading.Event, parent: int) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    ended.set()
    if os.getppid() == parent:
        # The parent lives, and would wait forever for the rest of a result that is cut off.
        time.sleep(_GRACE_S)
    os._exit(0)


def _called(function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    return function(_call, *args, **named)
