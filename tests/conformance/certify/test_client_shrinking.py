"""Counterexamples of clients are shrunk to what is needed, and described in one sentence."""

import asyncio
from collections.abc import Callable

from klarna_conformance.campaign.clients import TEMPO
from klarna_conformance.certify.driving import Stage
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_conformance.certify.shrinking import Judging, shrunk
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.wrong.clients.keys import NewKeyEachAttempt
from klarna_conformance.wrong.clients.reporting import RefusedWhenLost
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_reports.record.record import Finding
from klarna_reports.words.client_wording import sentence
from klarna_specs.client.faults import Cut, Errored
from klarna_specs.client.play import ClientScenario
from klarna_strategies.clients.commands import captured, extension, one, partly_captured, refund

from .plays import SPEC, meeting

LOST = Cut("after", reset=False)
LONG = ClientScenario(
    orders=(partly_captured(SPEC), captured(SPEC, "DE", amount=7_700)),
    commands=(
        extension(),
        meeting(refund(2_501, description="Two shirts"), Errored(503), LOST, Errored(502)),
        refund(40),
    ),
)


async def _smallest(
    make: Callable[..., ReferenceClient], scenario: ClientScenario, requirement: str
) -> tuple[ClientScenario | None, str]:
    """The smallest scenario, and what the requirement says of it."""
    adapter = InProcessAdapter(
        lambda hello: make(hello, backoff_s=0.001), name="", command_s=TEMPO.command_s
    )
    stage = Stage(SPEC, adapter, seed=7, tempo=TEMPO)

    async def findings(played: ClientScenario) -> list[Finding]:
        course = await stage.play(played)
        found = judge_client(SPEC, course.side, course.exchanges).findings
        return [each for each in found if each.verdict == "FAIL"]

    async def play(played: ClientScenario) -> set[str]:
        return {each.requirement for each in await findings(played)}

    try:
        await stage.open()
        judging = Judging(play=play, requirement=requirement, seed=3)
        found = await shrunk(SPEC, scenario, judging, within_s=60)
        reported = await findings(found or scenario)
        return found, next(each.observed for each in reported if each.requirement == requirement)
    finally:
        await stage.aclose()


def test_a_second_refund_is_shrunk_to_one_refund_of_1_and_one_fault() -> None:
    found, observed = asyncio.run(_smallest(NewKeyEachAttempt, LONG, "client.once"))

    assert found == one(captured(SPEC), refund(1), LOST)
    assert sentence(found, observed) == (
        "one refund of 0.01 SEK, response lost after booking: "
        "the client sent a second refund with a new key; the server booked it twice"
    )


def test_a_false_refusal_is_shrunk() -> None:
    found, observed = asyncio.run(_smallest(RefusedWhenLost, LONG, "client.refused-is-true"))

    assert found == one(captured(SPEC), refund(1), LOST)
    assert observed == "the client reported that it was refused, but the server booked it once"
