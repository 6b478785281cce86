"""The exchanges of a test: inside and outside of scenarios."""

import asyncio
import time
from typing import NamedTuple

import msgspec

from klarna_conformance.network.network import Network
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange

__all__ = ["Remembered", "Stretch"]

_POLL_S = 0.002
_POLLS = 25
"""How often to poll, with this interval in seconds, whether pending responses have arrived."""


class Stretch(NamedTuple):
    """The exchanges of some time, and whether they belong to a scenario."""

    exchanges: tuple[Exchange, ...]
    marks: tuple[Mark, ...]
    played: bool = False


class Remembered:
    """Every exchange on a network in a test; the network itself keeps those of one scenario.

    Use it on the event loop of the network.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._began_s = time.monotonic()
        self._earlier: list[Stretch] = []

    async def begin(self, *, after_scenario: bool = False) -> None:
        """Begins a stretch, and keeps the one before; `after_scenario` marks that as judged."""
        stretch = await self._current()
        self._earlier.append(stretch._replace(played=after_scenario))
        self._network.begin()

    async def everything(self) -> tuple[Exchange, ...]:
        """Every exchange in order, with the time since the test began."""
        stretches = (*self._earlier, await self._current())
        return tuple(exchange for stretch in stretches for exchange in stretch.exchanges)

    async def unplayed(self) -> Stretch:
        """The exchanges outside of scenarios."""
        seen = [each for each in (*self._earlier, await self._current()) if not each.played]
        return Stretch(
            exchanges=tuple(exchange for stretch in seen for exchange in stretch.exchanges),
            marks=tuple(mark for stretch in seen for mark in stretch.marks),
        )

    async def _current(self) -> Stretch:
        """The exchanges since the last stretch began.

        A client may have a response before the network has recorded it.
        """
        for _ in range(_POLLS):
            if all(sighting.outcome is not None for sighting in self._network.sightings):
                break
            await asyncio.sleep(_POLL_S)
        seen = self._network.seen()
        since_s = time.monotonic() - self._began_s - seen.wall_s
        exchanges = tuple(
            msgspec.structs.replace(each, started_s=each.started_s + since_s)
            for each in seen.exchanges
        )
        return Stretch(exchanges, seen.marks)
