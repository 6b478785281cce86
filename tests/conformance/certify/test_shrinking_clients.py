"""The search for the smallest scenario that a client fails, with made-up clients."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from klarna_conformance.certify.shrinking import Judging, shrunk
from klarna_conformance.errors import AdapterError
from klarna_conformance.wrong.examples.orders import FULL
from klarna_specs.client.faults import Cut, Errored, kind_of
from klarna_specs.client.play import ClientScenario, Command
from klarna_strategies.clients.commands import captured, one, refund

from ..mutant_servers import spec

LOST = Cut("after", reset=False)
LARGE = ClientScenario(
    orders=(FULL, FULL),
    commands=(
        Command(operation="getOptionsForExtendDueDate", capture=0),
        Command(
            operation="refundOrder",
            order=1,
            arguments={"refunded_amount": 700, "description": "Shirt"},
            faults=(LOST, Errored(503)),
        ),
        Command(operation="refundOrder", arguments={"refunded_amount": 3}),
    ),
)


def searched(
    fails: Callable[[ClientScenario], bool],
    scenario: ClientScenario = LARGE,
    *,
    within_s: float = 30,
) -> tuple[ClientScenario | None, list[ClientScenario]]:
    """What was found, and what was played for it."""
    played: list[ClientScenario] = []

    async def play(candidate: ClientScenario) -> set[str]:
        played.append(candidate)
        return {"client.once"} if fails(candidate) else set()

    judging = Judging(play=play, requirement="client.once", seed=1)
    found = asyncio.run(shrunk(spec(), scenario, judging, within_s=within_s))
    return found, played


def _has_lost(scenario: ClientScenario) -> bool:
    return any(LOST in command.faults for command in scenario.commands)


def test_what_is_found_shows_the_same_with_less() -> None:
    found, played = searched(_has_lost)
    assert found in played
    assert _has_lost(found)
    assert len(msgspec.json.encode(found)) < len(msgspec.json.encode(LARGE))


def test_what_is_needed_stays() -> None:
    found, _ = searched(lambda s: _has_lost(s) and len(s.commands) > 1)
    assert len(found.commands) == 2
    assert _has_lost(found)


@pytest.mark.parametrize("kind", ["error", "lost"])
def test_only_the_fault_that_matters_stays(kind: str) -> None:
    def meets(scenario: ClientScenario) -> bool:
        return any(kind_of(f) == kind for command in scenario.commands for f in command.faults if f)

    found, _ = searched(meets)
    assert [[kind_of(f) for f in each.faults if f] for each in found.commands] == [[kind]]
    assert found.commands[0].arguments == {"refunded_amount": 1}


def test_what_is_smallest_already_is_left_alone() -> None:
    smallest = one(captured(spec()), refund(1), LOST)
    found, _ = searched(lambda scenario: scenario == smallest, smallest)
    assert found is None


def test_no_candidate_runs_twice() -> None:
    _, played = searched(_has_lost)
    texts = [msgspec.json.encode(scenario) for scenario in played]
    assert texts
    assert len(texts) == len(set(texts))
    assert msgspec.json.encode(LARGE) not in texts


def test_where_nothing_smaller_fails_nothing_is_found() -> None:
    found, played = searched(lambda _: False)
    assert found is None
    assert played


def test_no_candidate_runs_without_time() -> None:
    assert searched(_has_lost, within_s=0) == (None, [])


def test_an_exception_ends_the_search_at_once() -> None:
    played: list[ClientScenario] = []

    def fails(scenario: ClientScenario) -> bool:
        played.append(scenario)
        raise AdapterError("the adapter said nothing sensible")

    with pytest.raises(AdapterError, match="nothing sensible"):
        searched(fails)
    assert len(played) == 1


def test_a_cancelled_search_runs_no_candidate() -> None:
    began: list[ClientScenario] = []
    ended: list[ClientScenario] = []

    async def go() -> None:
        under_way = asyncio.Event()

        async def play(scenario: ClientScenario) -> set[str]:
            began.append(scenario)
            under_way.set()
            await asyncio.sleep(60)
            ended.append(scenario)
            return set()

        judging = Judging(play=play, requirement="client.once", seed=1)
        search = asyncio.create_task(shrunk(spec(), LARGE, judging, within_s=60))
        await under_way.wait()
        search.cancel()
        await asyncio.gather(search, return_exceptions=True)
        assert search.cancelled()

    asyncio.run(go())
    assert (len(began), ended) == (1, [])
