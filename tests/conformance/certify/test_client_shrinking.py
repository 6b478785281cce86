"""Counterexamples of clients are shrunk to what is needed, and described in one sentence."""

import asyncio
from collections.abc import Callable

import pytest

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
from klarna_specs.client.faults import Cut, Errored, kind_of
from klarna_specs.client.play import ClientScenario
from klarna_strategies.clients.commands import captured, extension, one, partly_captured, refund

from .plays import SPEC, meeting

LOST, RESET = Cut("after", reset=False), Cut("after")
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
        "the client sent a second refund with a new key; 2 refunds booked"
    )


def test_a_false_refusal_is_shrunk() -> None:
    found, observed = asyncio.run(_smallest(RefusedWhenLost, LONG, "client.refused-is-true"))

    assert found == one(captured(SPEC), refund(1), LOST)
    assert observed == "the client reported refused; 1 refund booked"


def _shrunk(
    fails: Callable[[ClientScenario], bool], scenario: ClientScenario, *, within_s: float = 60
) -> tuple[ClientScenario | None, list[ClientScenario]]:
    """The smallest scenario for a client of which nothing but this is known, and what was tried."""
    tried: list[ClientScenario] = []

    async def play(candidate: ClientScenario) -> set[str]:
        tried.append(candidate)
        return {"client.once"} if fails(candidate) else set()

    judging = Judging(play=play, requirement="client.once", seed=1)
    return asyncio.run(shrunk(SPEC, scenario, judging, within_s=within_s)), tried


def test_what_needs_two_commands_keeps_two() -> None:
    found, _ = _shrunk(lambda scenario: len(scenario.commands) > 1, LONG)

    assert found is not None
    assert [each.faults for each in found.commands] == [(), ()]


@pytest.mark.parametrize("kind", ["error", "lost"])
def test_only_the_fault_that_matters_is_kept(kind: str) -> None:
    def meets(scenario: ClientScenario) -> bool:
        return any(kind_of(f) == kind for command in scenario.commands for f in command.faults if f)

    found, _ = _shrunk(meets, LONG)
    assert found is not None
    assert [[kind_of(f) for f in each.faults if f] for each in found.commands] == [[kind]]
    assert found.commands[0].arguments == {"refunded_amount": 1}


def test_what_is_smallest_already_is_left_alone() -> None:
    smallest = one(captured(SPEC), refund(1), LOST)

    found, _ = _shrunk(lambda scenario: scenario == smallest, smallest)
    assert found is None


def test_no_candidate_runs_twice_or_after_the_time_limit() -> None:
    _, tried = _shrunk(lambda scenario: RESET not in scenario.commands[0].faults, LONG)
    assert len(tried) == len({repr(each) for each in tried}) > 0

    found, tried = _shrunk(lambda _: True, LONG, within_s=-1)
    assert (found, tried) == (None, [])
