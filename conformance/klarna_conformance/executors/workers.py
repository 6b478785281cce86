"""Where the work of a command is done, and what every such place can do."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar

import msgspec

__all__ = ["MOST_PROCESSES", "Call", "Executor", "LostCallError", "Workers", "workers"]

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

MOST_PROCESSES = 64
_CLUSTER = "dask://"


class LostCallError(Exception):
    """The process of a call ended after the call began: it may have had any of its effects."""


class Call(msgspec.Struct, Generic[S], frozen=True):
    """What a called function has from its executor.

    The `state` is shared by all calls in one process. Once `ended` is true nobody waits for the
    result, and nothing may be sent any more.
    """

    state: S
    ended: Callable[[], bool] = lambda: False


class Executor(Protocol[S]):
    """Calls functions of modules in other processes; they, their arguments and results are pickled.

    Leaving its context by an exception ends all calls.
    """

    @property
    def count(self) -> int:
        """How many calls run at the same time."""
        ...

    def submit(
        self,
        function: Callable[Concatenate[Call[S], P], T],
        /,
        *arguments: P.args,
        **named: P.kwargs,
    ) -> Future[T]:
        """Calls a function.

        If its process ends, the call is repeated only if the executor's calls may be: else its
        future raises LostCallError.
        """
        ...


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    """So many processes of this machine, or the workers of the cluster with this `scheduler`."""

    processes: int = 1
    scheduler: str = ""

    def __str__(self) -> str:
        return (self.scheduler and f"{_CLUSTER}{self.scheduler}") or str(self.processes)

    @classmethod
    def one_per_core(cls) -> Self:
        """As many processes as this machine has cores."""
        return cls(processes=min(os.cpu_count() or 1, MOST_PROCESSES))

    def shared(self, count: int) -> Self:
        """The part of one of so many; a cluster is not divided."""
        return msgspec.structs.replace(self, processes=max(1, self.processes // count))

    @property
    def is_cluster(self) -> bool:
        """Whether calls leave this machine."""
        return bool(self.scheduler)

    def check(self) -> None:
        """Raises UsageError without Dask, PreflightError if the cluster does not respond."""
        if self.is_cluster:
            from klarna_conformance.executors.cluster import check

            check(self.scheduler)

    def open(self, state: S, *, repeatable: bool) -> AbstractContextManager[Executor[S]]:
        """An executor whose calls share a `state`; `repeatable` calls may run more than once.

        Raises UsageError if Dask is not installed, PreflightError if the cluster does not respond,
        and WorkerError on leaving if a process ended and its calls could not be repeated.
        """
        if self.is_cluster:
            from klarna_conformance.executors.cluster import cluster

            return cluster(self.scheduler, state, repeatable=repeatable)
        from klarna_conformance.executors.processes import processes

        return processes(self.processes, state)


def workers(text: str) -> Workers:
    """What `--workers` says: a number of processes, or the address of a scheduler.

    Raises ValueError.

    >>> workers("4").processes, workers("dask://scheduler.example:8786").scheduler
    (4, 'scheduler.example:8786')
    """
    if text.startswith(_CLUSTER):
        host, _, port = text.removeprefix(_CLUSTER).rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{text!r} is not dask://HOST:PORT, the address of a Dask scheduler")
        return Workers(scheduler=f"{host}:{port}")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise ValueError(
            f"{text!r} is neither a number of processes from 1 to {MOST_PROCESSES} nor the address "
            "of a Dask scheduler, dask://HOST:PORT"
        )
    return Workers(processes=int(text))
