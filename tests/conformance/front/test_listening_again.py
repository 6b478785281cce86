"""A listener that was interrupted while it began to listen again can be opened all the same."""

import asyncio

import pytest

from klarna_conformance.network.listener import Arrival, Listener


async def _nothing(arrival: Arrival) -> None:
    arrival.close(reset=False)


async def _interrupted(turns: int) -> bool:
    """Whether it listens at last, when opening it was given up after so many turns of the loop."""
    listener = Listener(_nothing)
    await listener.open()
    listener.refuse()
    opening = asyncio.create_task(listener.open())
    for _ in range(turns):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await listener.open()
    port = int(listener.base_url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await listener.close()
    return True


@pytest.mark.parametrize("turns", range(5))
def test_a_listener_that_was_interrupted_is_opened_again(turns: int) -> None:
    assert asyncio.run(_interrupted(turns))
