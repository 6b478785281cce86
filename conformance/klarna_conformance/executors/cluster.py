"""The workers of a Dask cluster.

Dask repeats a call whose worker was lost. A call that may run only once notes with the scheduler
that it begins, and raises LostCallError where it finds that note.
"""

import time
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import version
from typing import Any

from klarna_conformance.errors import PreflightError, UsageError, WorkerError
from klarna_conformance.executors.workers import Call, LostCallError

try:
    _dask: Any = import_module("distributed")
except ImportError as exc:
    raise UsageError(
        "--workers dask://... needs Dask: pip install 'klarna-conformance[distributed]'"
    ) from exc

__all__ = ["check", "cluster"]

_CONNECT_S = 10
_WORKERS_S = 30
_ASK_EVERY_S = 0.5
"""How often a call asks the scheduler whether anybody still waits for its result, in seconds."""


def check(address: str) -> None:
    """Raises PreflightError if scheduler or workers do not respond or have another version."""
    with _connected(address):
        pass


@contextmanager
def cluster(address: str, state: Any, *, repeatable: bool) -> Generator["_Cluster"]:
    """An executor on the workers of a scheduler, each with a copy of the `state`.

    Raises PreflightError if scheduler or workers do not respond or have another version of this
    package, WorkerError if a call was repeated in vain.
    """
    with _connected(address) as client:
        name = f"klarna-conformance-{uuid.uuid4()}"
        executor = client.get_executor(pure=False)
        try:
            yield _Cluster(
                executor,
                client.scatter(state, broadcast=True),
                name,
                count=sum(client.nthreads().values()),
                repeatable=repeatable,
            )
        except (_dask.scheduler.KilledWorker, OSError) as exc:
            raise WorkerError(f"the cluster at {address} lost a part of the work: {exc}") from exc
        finally:
            with suppress(OSError):
                client.set_metadata(_ended(name), True)
                client.set_metadata(_begun(name), {})
            executor.shutdown(wait=False)


@contextmanager
def _connected(address: str) -> Generator[Any]:
    try:
        client = _dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except OSError as exc:
        raise PreflightError(f"the Dask scheduler at {address} does not respond: {exc}") from exc
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError as exc:
            raise PreflightError(
                f"no worker is connected to the scheduler at {address}: start some with "
                f"`dask worker {address}`"
            ) from exc
        _check_versions(client)
        yield client


def _check_versions(client: Any) -> None:
    own = _version()
    for worker, found in client.run(_version).items():
        if found != own:
            raise PreflightError(
                f"the worker {worker} has klarna-conformance {found}, and this process {own}: "
                "install the same version"
            )


def _version() -> str:
    return version("klarna-conformance")


class _Cluster:
    """An executor of one client of a scheduler; `name` is for its notes at the scheduler."""

    def __init__(
        self, executor: Executor, state: Any, name: str, *, count: int, repeatable: bool
    ) -> None:
        self._executor = executor
        self._state = state
        self._name = name
        self._repeatable = repeatable
        self.count = count

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        once = "" if self._repeatable else str(uuid.uuid4())
        return self._executor.submit(
            _called, self._state, self._name, once, function, *args, **named
        )


def _called(
    state: Any, name: str, once: str, function: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    client = _dask.get_client()
    if once:
        note = [*_begun(name), once]
        if client.get_metadata(note, default=False):
            raise LostCallError("the worker of this call was lost")
        client.set_metadata(note, True)
    return function(Call(state, _Ended(client, name)), *args, **named)


def _ended(name: str) -> list[str]:
    return [f"{name}-ended"]


def _begun(name: str) -> list[str]:
    return [f"{name}-begun"]


class _Ended:
    """Whether the executor's context was left, or the scheduler is gone."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._ended = False
        self._asked_s = 0.0

    def __call__(self) -> bool:
        now_s = time.monotonic()
        if not self._ended and now_s >= self._asked_s + _ASK_EVERY_S:
            self._asked_s = now_s
            try:
                self._ended = self._client.get_metadata(_ended(self._name), default=False)
            except OSError:
                self._ended = True
        return self._ended
