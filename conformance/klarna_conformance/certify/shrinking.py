"""Shrinking a scenario in which a client violates a requirement, with Hypothesis."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import NamedTuple

import msgspec
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from klarna_specs.client.play import ClientScenario
from klarna_specs.spec import Spec
from klarna_strategies.clients import simpler_scenarios

__all__ = ["Judging", "shrunk"]

_MOST_CANDIDATES = 40


class Judging(NamedTuple):
    """How a candidate is judged: `play` returns the requirements that it violates."""

    play: Callable[[ClientScenario], Awaitable[set[str]]]
    requirement: str
    seed: int


async def shrunk(
    spec: Spec, scenario: ClientScenario, judging: Judging, *, within_s: float
) -> ClientScenario | None:
    """A simpler scenario with the same violation; None if none was found in this time.

    Each candidate runs once, so a client may be nondeterministic. An exception ends the search, and
    is raised.
    """
    candidates = _Candidates(judging, scenario, within_s=within_s)
    try:
        found = await asyncio.to_thread(_simplest, spec, scenario, candidates, judging.seed)
    finally:
        candidates.stop()
    if candidates.failure is not None:
        raise candidates.failure
    return None if found == scenario else found


class _Candidates:
    """Runs candidates, each once, for the thread that generates them."""

    def __init__(self, judging: Judging, failing: ClientScenario, *, within_s: float) -> None:
        self.failure: Exception | None = None
        self._judging = judging
        self._loop = asyncio.get_running_loop()
        self._until_s = time.monotonic() + within_s
        self._known: dict[bytes, bool] = {msgspec.json.encode(failing): True}
        self._running: Future[set[str]] | None = None

    def fails(self, candidate: ClientScenario) -> bool:
        """Whether a candidate has the same violation; False once the time is up."""
        written = msgspec.json.encode(candidate)
        if written not in self._known and time.monotonic() < self._until_s:
            self._known[written] = self._play(candidate)
        return self._known.get(written, False)

    def stop(self) -> None:
        """Runs no more candidates, and cancels the one that is running."""
        self._until_s = 0.0
        if self._running is not None:
            self._running.cancel()

    def _play(self, candidate: ClientScenario) -> bool:
        self._running = asyncio.run_coroutine_threadsafe(self._violated(candidate), self._loop)
        try:
            return self._judging.requirement in self._running.result()
        except Exception as exc:
            self.failure = self.failure or exc
            self.stop()
            return False

    async def _violated(self, candidate: ClientScenario) -> set[str]:
        return await self._judging.play(candidate)


def _simplest(
    spec: Spec, scenario: ClientScenario, candidates: _Candidates, seed: int
) -> ClientScenario | None:
    quiet = settings(
        max_examples=_MOST_CANDIDATES,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=False,
    )
    drawn = random.Random(seed)  # noqa: S311 - for examples only
    try:
        return find(
            simpler_scenarios(spec, scenario), candidates.fails, settings=quiet, random=drawn
        )
    except NoSuchExample:
        return None
