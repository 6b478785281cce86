"""How far a run is, told now and then in plain lines where nobody looks at a bar."""

from collections.abc import Callable
from typing import Final

__all__ = ["LoggedProgress"]

_EVERY_S: Final = 15.0
"""A log gets a line no more often than this: enough to see that a run goes on."""


class LoggedProgress:
    """Counts what is done of a whole, and guesses from its pace what is left.

    `clock` tells seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.start(0)

    def start(self, total: int) -> None:
        """Begins to count towards a total."""
        self._total, self._done = total, 0
        self._began = self._told = self._clock()

    def line(self, doing: str, advance: int) -> str:
        """Counts on; the line for the log, or nothing where the last one is not long ago."""
        self._done += advance
        now = self._clock()
        if now - self._told < _EVERY_S:
            return ""
        self._told = now
        return f"{doing}: {self._done} of {self._total}{self._left(now)}"

    def _left(self, now: float) -> str:
        if not 0 < self._done < self._total:
            return ""
        left_s = (now - self._began) / self._done * (self._total - self._done)
        return f", about {_duration(left_s)} left"


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} min"
