"""Plays scenarios on a target, judges them, and yields each as soon as it is done."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from klarna_conformance.judge.server import judge
from klarna_conformance.play.player import play
from klarna_conformance.target.target import Target
from klarna_reports.record.record import Finding, Played, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange
from klarna_specs.scenario import Scenario, Step, Together, Wait
from klarna_specs.spec import Spec

__all__ = ["Judge", "play_and_judge", "run_plan"]

Judge = Callable[
    [Spec, TargetFacts, Iterable[ProvidedOrder], Sequence[Exchange]], tuple[Finding, ...]
]
"""What says which findings a scenario's exchanges give."""


async def run_plan(
    spec: Spec,
    target: Target,
    numbered: Sequence[tuple[str, Scenario]],
    *,
    concurrency: int,
    nonce: str,
    proceed: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Played]:
    """Plays and judges scenarios, given with their ids, at most `concurrency` at a time.

    Yields each when it is done, and starts no further one when `proceed` is false. A defect in
    judging is in the `error` of the scenario.
    """
    # A scenario with a concurrent group is played alone: other work of this process would come
    # between its calls. One that advances the clock is played alone and last: there is one clock.
    parts: dict[type, list[tuple[str, Scenario]]] = {Step: [], Together: [], Wait: []}
    for each in numbered:
        parts[_kind(each[1])].append(each)
    for kind, scenarios in parts.items():
        at_a_time = concurrency if kind is Step else 1
        async for played in _side_by_side(spec, target, scenarios, at_a_time, nonce, proceed):
            yield played


def _kind(scenario: Scenario) -> type[Step | Together | Wait]:
    kinds = set(map(type, scenario.steps))
    return Wait if Wait in kinds else Together if Together in kinds else Step


async def _side_by_side(
    spec: Spec,
    target: Target,
    scenarios: list[tuple[str, Scenario]],
    at_a_time: int,
    nonce: str,
    proceed: Callable[[], bool],
) -> AsyncIterator[Played]:
    waiting = iter(scenarios)
    running: set[asyncio.Task[Played]] = set()

    def start() -> None:
        if proceed() and (following := next(waiting, None)):
            identifier, scenario = following
            coroutine = play_and_judge(spec, target, scenario, identifier=identifier, nonce=nonce)
            running.add(asyncio.create_task(coroutine))

    try:
        for _ in range(at_a_time):
            start()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.discard(task)
                start()
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def play_and_judge(
    spec: Spec,
    target: Target,
    scenario: Scenario,
    *,
    identifier: str,
    nonce: str = "",
    judging: Judge = judge,
) -> Played:
    """Plays and judges one scenario; never raises: a defect of this program is in `error`."""
    played = Played(id=identifier, scenario=scenario)
    try:
        played = await play(spec, target, scenario, identifier=identifier, nonce=nonce)
        findings = judging(spec, target.facts, played.orders, played.exchanges)
        played = msgspec.structs.replace(played, findings=findings)
    except Exception as exc:
        where = traceback.extract_tb(exc.__traceback__)[-1]
        error = f"{type(exc).__name__}: {exc} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
        played = msgspec.structs.replace(played, error=error)
    # The judge sees the responses as they came; the record has no secret.
    return target.recorded(played)
