"""Runs a plan on a target: sends scenarios, judges them, and tells each as soon as it is done."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from klarna_conformance.judge.server import judge
from klarna_conformance.play.player import play
from klarna_conformance.target.target import Target
from klarna_reports.record.record import Played
from klarna_specs.scenario import Scenario, Step, Together, Wait
from klarna_specs.spec import Spec

__all__ = ["play_and_judge", "run_plan"]


async def run_plan(
    spec: Spec,
    target: Target,
    numbered: Sequence[tuple[str, Scenario]],
    *,
    concurrency: int,
    nonce: str,
    go_on: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Played]:
    """Plays and judges scenarios, given with their ids, at most `concurrency` at a time.

    Yields them as they are done, and starts no other one when it is not to `go_on`. What goes
    wrong in judging is told in `error` of the scenario.
    """
    # What is sent together is played alone, or other work of this process would come between its
    # calls. So is what lets time pass, and last, for a target has one clock.
    parts: dict[type, list[tuple[str, Scenario]]] = {Step: [], Together: [], Wait: []}
    for each in numbered:
        parts[_kind(each[1])].append(each)
    for kind, scenarios in parts.items():
        at_a_time = concurrency if kind is Step else 1
        async for played in _side_by_side(spec, target, scenarios, at_a_time, nonce, go_on):
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
    go_on: Callable[[], bool],
) -> AsyncIterator[Played]:
    waiting = iter(scenarios)
    running: set[asyncio.Task[Played]] = set()

    def start() -> None:
        if go_on() and (following := next(waiting, None)):
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
    spec: Spec, target: Target, scenario: Scenario, *, identifier: str, nonce: str = ""
) -> Played:
    """Plays one scenario and judges it; never raises, what went wrong here is told in `error`."""
    played = Played(id=identifier, scenario=scenario)
    try:
        played = await play(spec, target, scenario, identifier=identifier, nonce=nonce)
        findings = judge(spec, target.facts, played.orders, played.exchanges)
        played = msgspec.structs.replace(played, findings=findings)
    except Exception as exc:
        # Whatever a target answers is a finding; an exception here is a defect of this program.
        where = traceback.extract_tb(exc.__traceback__)[-1]
        error = f"{type(exc).__name__}: {exc} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
        played = msgspec.structs.replace(played, error=error)
    # The judge sees what came; the record, and all that is made of it, sees no secret.
    return target.recorded(played)
