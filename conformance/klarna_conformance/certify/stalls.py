"""How long this process itself stalled, because the machine was busy."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Stall", "measured_stall"]

_EVERY_S = 0.02


@dataclass(slots=True)
class Stall:
    """The longest time, in seconds, for which the event loop could not do what was due."""

    longest_s: float = 0.0


@asynccontextmanager
async def measured_stall() -> AsyncGenerator[Stall]:
    """Measures the event loop; read the result afterwards."""
    stall = Stall()
    watching = asyncio.create_task(_watch(stall))
    await asyncio.sleep(0)
    try:
        yield stall
    finally:
        await asyncio.sleep(0)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(stall: Stall) -> None:
    while True:
        due_s = time.monotonic() + _EVERY_S
        await asyncio.sleep(_EVERY_S)
        stall.longest_s = max(stall.longest_s, time.monotonic() - due_s)
