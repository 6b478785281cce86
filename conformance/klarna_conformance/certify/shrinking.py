"""Looking for the smallest scenario in which a client does the same wrong thing, by Hypothesis."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
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

    Each scenario is played once: a client that does not always do the same is no trouble.
    """
    loop = asyncio.get_running_loop()
    known: dict[bytes, bool] = {msgspec.json.encode(scenario): True}
    until_s = time.monotonic() + within_s

    def fails(candidate: ClientScenario) -> bool:
        written = msgspec.json.encode(candidate)
        if written not in known:
            if time.monotonic() > until_s:
                return False
            played = asyncio.run_coroutine_threadsafe(_violated(trying, candidate), loop)
            known[written] = trying.requirement in played.result()
        return known[written]

    def search() -> ClientScenario | None:
        quiet = settings(
            max_examples=_MOST_TRIES,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
            print_blob=False,
        )
        try:
            return find(
                simpler_scenarios(spec, scenario),
                fails,
                settings=quiet,
                random=random.Random(trying.seed),  # noqa: S311 - it draws examples
            )
        except NoSuchExample:
            return None

    found = await asyncio.to_thread(search)
    return None if found == scenario else found


async def _violated(trying: Trying, scenario: ClientScenario) -> set[str]:
    return await trying.play(scenario)
