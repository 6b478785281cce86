"""The table shows every case of every requirement, and two correct clients are right in all."""

import asyncio

import pytest

from klarna_conformance.certify.driving import Stage
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.network.network import Tempo
from klarna_conformance.wrong.clients.sending import ChallengedFirst
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_reports.record.record import Finding
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import client_spec
from klarna_specs.goals import goals
from klarna_strategies.clients import client_table

from .plays import SPEC

TEMPO = Tempo(timeout_s=0.6, hold_s=1.0, slow_s=0.08, command_s=20.0)
AFTER_ITS_OUTCOME = ("client.retries-later", "seen")
"""These clients do nothing then."""
STAGES = 6
"""So many clients share the table, for most of the time they wait."""


async def _played(
    client: type[ReferenceClient], scenarios: list[ClientScenario], seed: int
) -> list[Finding]:
    adapter = InProcessAdapter(
        lambda hello: client(hello, backoff_s=0.01), name="", command_s=TEMPO.command_s
    )
    stage = Stage(SPEC, adapter, seed=seed, tempo=TEMPO)
    found: list[Finding] = []
    known = KeyBook()
    try:
        await stage.open()
        for scenario in scenarios:
            course = await stage.play(scenario)
            judged = judge_client(SPEC, course.side, course.exchanges, known)
            found += judged.findings
            known = judged.keys
    finally:
        await stage.aclose()
    return found


@pytest.fixture(scope="module", params=[ReferenceClient, ChallengedFirst])
def findings(request: pytest.FixtureRequest) -> list[Finding]:
    """What the judge says of a correct client when it is put through the whole table."""
    scenarios = list(client_table(SPEC))

    async def all_played() -> list[list[Finding]]:
        parts = [scenarios[number::STAGES] for number in range(STAGES)]
        return await asyncio.gather(
            *(_played(request.param, part, n) for n, part in enumerate(parts))
        )

    return [finding for part in asyncio.run(all_played()) for finding in part]


def test_every_case_of_every_requirement_is_seen(findings: list[Finding]) -> None:
    seen = {(each.requirement, aspect) for each in findings for aspect in each.aspects}
    wanted = {(goal.requirement, goal.aspect) for goal in goals(client_spec(SPEC))}

    assert wanted - seen == {AFTER_ITS_OUTCOME}


def test_nothing_is_held_against_a_correct_client(findings: list[Finding]) -> None:
    against = [each for each in findings if each.verdict in ("FAIL", "WARN")]

    assert against == []
