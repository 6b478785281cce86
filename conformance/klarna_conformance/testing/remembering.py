"""What was exchanged in a test: by its own client, and while scenarios were played."""

import asyncio
import time
from typing import NamedTuple

import msgspec

from klarna_conformance.network.network import Network
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange

__all__ = ["Remembered", "Stretch"]

_SETTLE_S = 0.002
_SETTLES = 25
"""How often, after so many seconds each, is looked whether the answers under way have arrived."""


class Stretch(NamedTuple):
    """What was exchanged in some time, and whether a scenario was played and judged in it."""

    exchanges: tuple[Exchange, ...]
    marks: tuple[Mark, ...]
    played: bool = False


class Remembered:
    """Everything that a network saw in a test, though it forgets that with each scenario.

    To be used on the event loop of the network.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._began_s = time.monotonic()
        self._earlier: list[Stretch] = []

    async def begin(self, *, after_scenario: bool = False) -> None:
        """A stretch begins; the one before is kept, `after_scenario` as one that was judged."""
        stretch = await self._current()
        self._earlier.append(stretch._replace(played=after_scenario))
        self._network.begin()

    async def everything(self) -> tuple[Exchange, ...]:
        """Every exchange in its order, with the time since the test began."""
        stretches = (*self._earlier, await self._current())
        return tuple(exchange for stretch in stretches for exchange in stretch.exchanges)

    async def unplayed(self) -> Stretch:
        """What was exchanged beside scenarios."""
        seen = [each for each in (*self._earlier, await self._current()) if not each.played]
        return Stretch(
            exchanges=tuple(exchange for stretch in seen for exchange in stretch.exchanges),
            marks=tuple(mark for stretch in seen for mark in stretch.marks),
        )

    async def _current(self) -> Stretch:
        """What was exchanged since the network began to look.

        A client may have an answer before the network has noted that.
        """
        for _ in range(_SETTLES):
            if all(sighting.outcome is not None for sighting in self._network.sightings):
                break
            await asyncio.sleep(_SETTLE_S)
        seen = self._network.seen()
        since_s = time.monotonic() - self._began_s - seen.wall_s
        exchanges = tuple(
            msgspec.structs.replace(each, started_s=each.started_s + since_s)
            for each in seen.exchanges
        )
        return Stretch(exchanges, seen.marks)
