"""Runs scenarios with copies of a client, in several processes.

Each portion of scenarios has a mock, a network and an adapter of its own.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from math import inf

import msgspec

from klarna_conformance.adapter_protocol import Adapter
from klarna_conformance.certify.driving import Course, Stage
from klarna_conformance.certify.silence import Silence
from klarna_conformance.errors import WorkerError
from klarna_conformance.executors.workers import Call, Workers
from klarna_conformance.network.network import Tempo
from klarna_specs.client.play import ClientScenario
from klarna_specs.spec import Spec

__all__ = ["Copies"]

_PORTION = 12
"""How many scenarios a copy runs: starting it takes less time than they do."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The processes, and what makes an adapter in each: a function of a module, or a partial."""

    workers: Workers
    adapter: Callable[[], Adapter]

    async def courses(
        self,
        spec: Spec,
        scenarios: Sequence[ClientScenario],
        *,
        seed: int,
        tempo: Tempo,
        silence: Silence,
        left_s: Callable[[], float],
    ) -> AsyncGenerator[Course | None]:
        """The course of each scenario, in their order.

        None for one that is left out: after `silence`, of which each portion knows what was noted
        before it, and with nothing `left_s` (seconds). Raises AdapterError and WorkerError.
        """
        portions = enumerate(
            scenarios[start : start + _PORTION] for start in range(0, len(scenarios), _PORTION)
        )
        with self.workers.open(
            _State(spec, self.adapter, seed, tempo), repeatable=True
        ) as executor:
            running: list[asyncio.Future[list[Course | None]]] = []
            try:
                while True:
                    while len(running) < 2 * executor.count and (numbered := next(portions, None)):
                        number, portion = numbered
                        call = executor.submit(
                            _run,
                            _Portion(number, tuple(portion), silence, left_s()),
                        )
                        running.append(asyncio.wrap_future(call))
                    if not running:
                        return
                    first = running.pop(0)
                    await asyncio.wait([first])
                    if first.cancelled():
                        raise WorkerError("the cluster lost a part of the work")
                    for course in first.result():
                        yield course
            finally:
                for future in running:
                    future.cancel()


@dataclass(frozen=True, slots=True)
class _State:
    """What all portions have in common."""

    spec: Spec
    adapter: Callable[[], Adapter]
    seed: int
    tempo: Tempo


class _Portion(msgspec.Struct, frozen=True):
    """Scenarios for one copy of the client."""

    number: int
    scenarios: tuple[ClientScenario, ...]
    silence: Silence
    left_s: float


def _run(call: Call[_State], portion: _Portion) -> list[Course | None]:
    return asyncio.run(_courses(call, portion))


async def _courses(call: Call[_State], portion: _Portion) -> list[Course | None]:
    state, silence = call.state, portion.silence
    until_s = inf if portion.left_s == inf else time.monotonic() + portion.left_s
    stage = Stage(
        state.spec, state.adapter(), seed=state.seed + portion.number + 1, tempo=state.tempo
    )
    courses: list[Course | None] = []
    try:
        await stage.open()
        for scenario in portion.scenarios:
            course = None
            if not silence.expects(scenario) and time.monotonic() < until_s and not call.ended():
                course = await stage.play(scenario)
                silence.note(course.side.episodes)
            courses.append(course)
    finally:
        await stage.aclose()
    return courses
