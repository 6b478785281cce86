"""Commands one after the other: which request meets which fault, and to which command it counts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import msgspec
import pytest

from klarna_conformance.adapter_protocol import Hello, Ready
from klarna_conformance.certify.driving import Course, Stage
from klarna_conformance.network.network import Network, Tempo
from klarna_conformance.wrong.examples.orders import FULL, TWO_CAPTURES, changed
from klarna_specs.client.faults import Cut, Errored, Refused, Silent
from klarna_specs.client.play import ClientScenario, Command, Done, Reported, Unknown
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load

from ..mutant_servers import spec
from .plays import meeting

OPERATIONS = client_operations(load())

TEMPO = Tempo(timeout_s=5, hold_s=60, slow_s=0.05)
REFUND = Command(operation="refundOrder", arguments={"refunded_amount": 1})


class Scripted:
    """A client that does what a test says, and remembers the statuses that it got (0: none)."""

    def __init__(self, act: Callable[["Scripted", str, str], Awaitable[object]]) -> None:
        self._act = act
        self.statuses: list[int] = []
        self.late: list[asyncio.Task[None]] = []
        self.network: Network | None = None

    async def begin(self, hello: Hello) -> Ready:
        auth = (hello.username, hello.password)
        self._http = httpx.AsyncClient(base_url=hello.base_url, auth=auth, trust_env=False)
        return Ready(client="scripted", operations=OPERATIONS)

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        self.arguments = arguments
        outcome = await self._act(self, operation, order_id)
        return Done() if outcome is None else Unknown()

    async def send(
        self, method: str, order_id: str, suffix: str = "", body: Any = None, **more: Any
    ) -> None:
        path = f"/ordermanagement/v1/orders/{order_id}{suffix}"
        try:
            response = await self._http.request(method, path, json=body, **more)
        except httpx.TransportError:
            self.statuses.append(0)
        else:
            self.statuses.append(response.status_code)

    async def refund(self, order_id: str, **more: Any) -> None:
        await self.send("POST", order_id, "/refunds", {"refunded_amount": 1}, **more)

    async def read(self, order_id: str) -> None:
        await self.send("GET", order_id)

    def refund_later(self, order_id: str, *, after_s: float = 0.0) -> None:
        """Sends a refund when the outcome has been reported."""

        async def send() -> None:
            await asyncio.sleep(after_s)
            await self.refund(order_id)

        self.late.append(asyncio.create_task(send()))

    async def has_arrived(self) -> None:
        """Waits until the server has a request, whether it answers or not."""
        while not self.network or not self.network.sightings:
            await asyncio.sleep(0)

    async def restart(self) -> None:
        """It remembers nothing that a restart would change."""

    async def aclose(self) -> None:
        await self._http.aclose()


def played(
    client: Scripted, *commands: Command, plan: Any = FULL, orders: int = 1, tempo: Tempo = TEMPO
) -> Course:
    async def go() -> Course:
        stage = Stage(spec(), client, seed=1, tempo=tempo)
        await stage.open()
        client.network = stage.network
        try:
            return await stage.play(ClientScenario(orders=(plan,) * orders, commands=commands))
        finally:
            await stage.aclose()
            await asyncio.gather(*client.late)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(go())


async def refund_once(client: Scripted, _: str, order_id: str) -> None:
    await client.refund(order_id)


@pytest.mark.parametrize(
    ("command", "refunded", "read"),
    [
        pytest.param(
            meeting(REFUND, Errored(503), None, Errored(500)),
            [503, 201, 500, 201],
            [200, 200, 200, 200],
            id="each attempt has its fault",
        ),
        pytest.param(
            meeting(REFUND, None, Errored(503), for_ever=True),
            [201, 503, 503],
            [200, 200, 200],
            id="a lasting error applies to every attempt",
        ),
        pytest.param(
            meeting(REFUND, Cut("after"), for_ever=True),
            [0],
            [0],
            id="a network that failed for ever fails every request",
        ),
        pytest.param(
            msgspec.structs.replace(REFUND, reads=(Errored(404),)),
            [201, 201],
            [404, 200],
            id="a read has a fault of its own",
        ),
    ],
)
def test_faults_apply_to_attempts_or_reads(
    command: Command, refunded: list[int], read: list[int]
) -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        for _ in refunded:
            await client.refund(order_id)
            await client.read(order_id)

    client = Scripted(act)
    played(client, command)
    assert (client.statuses[::2], client.statuses[1::2]) == (refunded, read)


def test_a_request_without_credentials_is_no_attempt() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        await client.refund(order_id, auth=None)
        await client.refund(order_id)

    client = Scripted(act)
    played(client, meeting(REFUND, Errored(503)))
    assert client.statuses == [401, 503]


def test_somebody_else_captures_before_a_command() -> None:
    captured = msgspec.structs.replace(REFUND, captured_amount=3_000)
    part = changed(FULL, captures=(7_000,))
    (episode,) = played(Scripted(refund_once), captured, plan=part).side.episodes
    assert [each.captured_amount for each in episode.before.captures] == [7_000, 3_000]


def test_an_unknown_order_is_not_found() -> None:
    client = Scripted(refund_once)
    (episode,) = played(client, msgspec.structs.replace(REFUND, unknown="order")).side.episodes
    assert client.statuses == [404]
    assert episode.before == episode.after


def test_a_scenario_is_repeated_if_this_process_stalled() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        if not client.statuses:
            time.sleep(0.05)
        await client.refund(order_id)

    client = Scripted(act)
    course = played(client, REFUND, tempo=Tempo(timeout_s=0.1))
    assert len(client.statuses) > 1
    assert len(course.exchanges) == 1


def test_a_late_retry_of_a_repeated_scenario_is_discarded() -> None:
    repeated = asyncio.Event()

    async def act(client: Scripted, _: str, order_id: str) -> None:
        async def late() -> None:
            await repeated.wait()
            await client.refund(order_id)

        if client.late:
            repeated.set()
            await client.late[0]
        else:
            client.late.append(asyncio.create_task(late()))
            time.sleep(0.4)
        await client.refund(order_id)

    course = played(Scripted(act), REFUND, tempo=Tempo(timeout_s=1))
    assert sorted(mark.at for mark in course.side.marks) == ["discarded", "server"]


def test_requests_for_another_order_or_capture_have_no_fault() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        captures = [client.arguments["capture_id"], "another"]
        for capture_id in reversed(captures):
            suffix = f"/captures/{capture_id}/extend-due-date-options"
            await client.send("GET", order_id, suffix)
        await client.refund(order_id)

    client = Scripted(act)
    command = Command(operation="getOptionsForExtendDueDate", capture=1)
    course = played(client, meeting(command, Errored(503)), plan=TWO_CAPTURES)
    assert client.statuses == [404, 503, 201]
    assert course.side.episodes[0].capture_id == course.orders[0].capture_ids[1]


def test_a_connection_that_is_refused_counts_as_an_attempt() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        while 201 not in client.statuses:
            await client.refund(order_id)
            await asyncio.sleep(0.02)

    client = Scripted(act)
    course = played(client, meeting(REFUND, Refused(0.1), Errored(503)))
    assert client.statuses[0] == 0
    assert [status for status in client.statuses if status] == [503, 201]
    assert [mark.fault for mark in course.side.marks] == [Errored(503), None]


def test_the_faults_of_a_command_end_with_it() -> None:
    client = Scripted(refund_once)
    played(client, meeting(REFUND, Errored(503), for_ever=True), meeting(REFUND, Refused(60)))
    assert client.statuses == [503, 0]

    client = Scripted(refund_once)
    played(client, meeting(REFUND, Refused(60)), REFUND)
    assert client.statuses == [0, 201]


def test_each_command_has_its_own_requests_and_the_order_before_and_after() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        await client.read(order_id)
        await client.refund(order_id)

    first, second = played(Scripted(act), REFUND, REFUND).side.episodes
    assert [(each.first, each.count) for each in (first, second)] == [(0, 2), (2, 2)]
    refunds = [len(ledger.refunds) for e in (first, second) for ledger in (e.before, e.after)]
    assert refunds == [0, 1, 1, 2]


async def leave_pending(client: Scripted, _: str, order_id: str) -> str:
    """Reports an outcome while the refund waits for its response."""
    client.refund_later(order_id)
    await client.has_arrived()
    return "unknown"


def test_a_pending_request_belongs_to_the_command_of_its_outcome() -> None:
    (episode,) = played(Scripted(leave_pending), REFUND).side.episodes
    assert (episode.count, len(episode.after.refunds)) == (1, 1)


def test_a_request_can_be_executed_after_the_outcome() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> str:
        client.refund_later(order_id)
        await client.has_arrived()
        return "refused"

    course = played(Scripted(act), meeting(REFUND, Silent("late")))
    (episode,), (mark,) = course.side.episodes, course.side.marks
    assert (len(episode.after.refunds), [each.status for each in mark.served]) == (1, [201])


def test_the_mock_reads_open_forms_of_a_body() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        body = {"refunded_amount": 100.0, "description": None}
        await client.send("POST", order_id, "/refunds", body)

    client = Scripted(act)
    played(client, REFUND)
    assert client.statuses == [201]


def test_a_late_request_belongs_to_the_next_command() -> None:
    async def act(client: Scripted, _: str, order_id: str) -> None:
        if client.late:
            await client.late[0]
        else:
            client.refund_later(order_id, after_s=0.2)

    first, second = played(Scripted(act), REFUND, REFUND, orders=2).side.episodes
    assert (first.count, second.count) == (0, 1)


def test_a_pending_request_does_not_block_closing() -> None:
    course = played(Scripted(leave_pending), meeting(REFUND, Silent("after")))
    assert [mark.fault for mark in course.side.marks] == [Silent("after")]
    assert not hasattr(course.exchanges[0].outcome, "status")


def test_the_network_is_closed_even_if_the_adapter_fails() -> None:
    class Stubborn(Scripted):
        async def aclose(self) -> None:
            await super().aclose()
            raise OSError("it does not want to")

    async def go() -> None:
        stage = Stage(spec(), Stubborn(refund_once), seed=1, tempo=TEMPO)
        await stage.open()
        with pytest.raises(OSError, match="does not want to"):
            await stage.aclose()
        with pytest.raises(httpx.ConnectError):
            httpx.get(stage.network.base_url, trust_env=False)

    asyncio.run(go())
