"""Reads that may lag: repeated until they show what was done, or for as long as that may take."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from klarna_specs.exchange import Exchange

__all__ = ["settled"]

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


async def settled(
    read: Callable[[], Awaitable[Exchange]],
    agrees: Callable[[Exchange], bool],
    *,
    settle_s: float,
) -> Exchange:
    """A read that agrees, or the last one within `settle_s` seconds; with those before in it."""
    began_s = time.perf_counter()
    exchange = await read()
    pause_s = _FIRST_PAUSE_S
    while settle_s and not agrees(exchange):
        left_s = began_s + settle_s - time.perf_counter()
        if left_s <= 0:
            break
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        again = await read()
        exchange = msgspec.structs.replace(
            again,
            earlier=(*exchange.earlier, exchange.outcome, *again.earlier),
            waited_s=round(time.perf_counter() - began_s, 3),
        )
    return exchange
