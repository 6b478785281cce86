"""Certifies each wrong and each harmless client, several concurrently."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from klarna_conformance.campaign.servers import Trial
from klarna_conformance.certify.driving import Stage
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_conformance.drawing import draw
from klarna_conformance.executors.workers import Call, Workers
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.network.network import Tempo
from klarna_conformance.wrong.clients.catalogue import ClientMutant, client_mutants
from klarna_specs.client.play import ClientScenario
from klarna_specs.loader import load
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_scenarios, client_table

__all__ = ["TEMPO", "ClientCampaign", "try_clients"]

TEMPO = Tempo(timeout_s=0.25, hold_s=0.8, slow_s=0.08, command_s=4.0)
"""Shorter than for real clients, because these clients use the advised timeout."""
_BACKOFF_S = 0.02
_CONCURRENT = 4


class ClientCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a campaign; `full` continues after a client was detected, to fill the matrix."""

    seed: int
    examples: int
    specs: Path | None = None
    full: bool = False


def try_clients(
    chosen: Sequence[ClientMutant], campaign: ClientCampaign, workers: Workers
) -> Iterator[Trial]:
    """Yields a trial for each client, in portions."""
    spec = load(campaign.specs)
    drawn = draw(client_scenarios(spec), count=campaign.examples, seed=campaign.seed)
    state = _State(spec, campaign, (*client_table(spec), *drawn))
    ids = [mutant.id for mutant in chosen]
    with workers.open(state, repeatable=True) as executor:
        portions = [
            executor.submit(_trials, tuple(ids[at : at + _CONCURRENT]))
            for at in range(0, len(ids), _CONCURRENT)
        ]
        for portion in portions:
            yield from portion.result()


@dataclass(frozen=True, slots=True)
class _State:
    """What all trials have in common."""

    spec: Spec
    campaign: ClientCampaign
    scenarios: tuple[ClientScenario, ...]


def _trials(call: Call[_State], ids: tuple[str, ...]) -> list[Trial]:
    async def go() -> list[Trial]:
        chosen = [mutant for mutant in client_mutants() if mutant.id in ids]
        return await asyncio.gather(*(_trial(each, call) for each in chosen))

    return asyncio.run(go())


async def _trial(mutant: ClientMutant, call: Call[_State]) -> Trial:
    state, spec, campaign = call.state, call.state.spec, call.state.campaign
    adapter = InProcessAdapter(
        lambda hello: mutant.client(hello, backoff_s=_BACKOFF_S),
        name=mutant.id,
        command_s=TEMPO.command_s,
    )
    stage = Stage(spec, adapter, seed=campaign.seed, tempo=TEMPO)
    killers: Counter[str] = Counter()
    known = KeyBook()
    sent, first, steps, error = 0, None, None, ""
    try:
        await stage.open()
        for scenario in state.scenarios:
            if call.ended():
                break
            course = await stage.play(scenario)
            sent += len(course.exchanges)
            judged = judge_client(spec, course.side, course.exchanges, known)
            known = judged.keys
            found = (each for each in judged.findings if each.verdict in ("FAIL", "WARN"))
            against = {each.requirement for each in found}
            killers.update(against)
            if against and first is None:
                first = sent
            if against.intersection(mutant.caught_by):
                steps = steps or len(scenario.commands)
                if not campaign.full:
                    break
    except Exception as exc:
        error = f"{type(exc).__name__}: {exc}"
    finally:
        await stage.aclose()
    return Trial(
        id=mutant.id,
        kind="clients",
        harmless=mutant.harmless,
        caught_by=mutant.caught_by,
        killed_by=dict(killers.most_common()),
        requests=sent,
        requests_to_kill=first,
        steps=steps,
        error=error,
    )
