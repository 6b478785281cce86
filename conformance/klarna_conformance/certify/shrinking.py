"""Looking for the smallest scenario in which a client does the same wrong thing, by Hypothesis."""

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

__all__ = ["Trying", "shrunk"]

_MOST_TRIES = 40


class Trying(NamedTuple):
    """How a scenario is tried: `play` answers which requirements it shows to be violated."""

    play: Callable[[ClientScenario], Awaitable[set[str]]]
    requirement: str
    seed: int


async def shrunk(
    spec: Spec, scenario: ClientScenario, trying: Trying, *, within_s: float
) -> ClientScenario | None:
    """A simpler scenario that shows the same; None where none was found in this time.

    Each scenario is played once: a client that does not always do the same is no trouble. What
    playing raises ends the search, and is raised.
    """
    tries = _Tries(trying, scenario, within_s=within_s)
    try:
        found = await asyncio.to_thread(_simplest, spec, scenario, tries, trying.seed)
    finally:
        tries.stop()
    if tries.failure is not None:
        raise tries.failure
    return None if found == scenario else found


class _Tries:
    """Has candidates played, each once, on behalf of the thread that looks for them."""

    def __init__(self, trying: Trying, failing: ClientScenario, *, within_s: float) -> None:
        self.failure: Exception | None = None
        self._trying = trying
        self._loop = asyncio.get_running_loop()
        self._until_s = time.monotonic() + within_s
        self._known: dict[bytes, bool] = {msgspec.json.encode(failing): True}
        self._under_way: Future[set[str]] | None = None

    def fails(self, candidate: ClientScenario) -> bool:
        """Whether a scenario shows the same; False once there is no time left to know."""
        written = msgspec.json.encode(candidate)
        if written not in self._known and time.monotonic() < self._until_s:
            self._known[written] = self._play(candidate)
        return self._known.get(written, False)

    def stop(self) -> None:
        """Plays nothing more, and gives up what is under way."""
        self._until_s = 0.0
        if self._under_way is not None:
            self._under_way.cancel()

    def _play(self, candidate: ClientScenario) -> bool:
        self._under_way = asyncio.run_coroutine_threadsafe(self._violated(candidate), self._loop)
        try:
            return self._trying.requirement in self._under_way.result()
        except Exception as exc:
            self.failure = self.failure or exc
            self.stop()
            return False

    async def _violated(self, candidate: ClientScenario) -> set[str]:
        return await self._trying.play(candidate)


def _simplest(
    spec: Spec, scenario: ClientScenario, tries: _Tries, seed: int
) -> ClientScenario | None:
    quiet = settings(
        max_examples=_MOST_TRIES,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=False,
    )
    drawn = random.Random(seed)  # noqa: S311 - it draws examples
    try:
        return find(simpler_scenarios(spec, scenario), tries.fails, settings=quiet, random=drawn)
    except NoSuchExample:
        return None
