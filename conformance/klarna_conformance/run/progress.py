"""How far a run is, as a consumer of its events."""

import time
from collections.abc import Callable
from typing import Final

from klarna_conformance.run.events import (
    CounterexampleFound,
    Event,
    Planned,
    Planning,
    ScenarioFinished,
)

__all__ = ["Progress"]

_EVERY_S: Final = 15.0
"""A log gets a line no more often than this: enough to see that a run continues."""


class Progress:
    """Counts the scenarios that are finished, and estimates the time for the rest.

    `clock` returns seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._phase = ""
        self._planning_steps = 0
        self.total = self.done = 0
        self._began_s = self._logged_s = clock()

    def __call__(self, event: Event) -> None:
        """Takes an event into account."""
        match event:
            case Planning(steps):
                self._phase = "Planning"
                self._planning_steps = steps
            case Planned(count=count):
                self.total = count
                self._began_s = self._logged_s = self._clock()
            case ScenarioFinished(phase="preparing"):
                self._phase = "Preparing"
            case ScenarioFinished():
                self._phase = "Sending"
                self.done += 1
            case CounterexampleFound():
                self._phase = "Shrinking"
            case _:
                return
        if isinstance(event, ScenarioFinished | CounterexampleFound):
            self._failures += any(each.verdict == "FAIL" for each in event.played.findings)

    @property
    def doing(self) -> str:
        """What is being done, and how many scenarios failed."""
        return f"{self._phase} ({self._failures} failing)" if self._failures else self._phase

    def line(self) -> str:
        """A line for a log; empty if the last one is not long ago."""
        now_s = self._clock()
        if now_s - self._logged_s < _EVERY_S:
            return ""
        self._logged_s = now_s
        if self._phase == "Planning":
            return f"Planning: {self._planning_steps} scenarios examined"
        return f"{self.doing}: {self.done} of {self.total}{self._left(now_s)}"

    def _left(self, now_s: float) -> str:
        if not 0 < self.done < self.total:
            return ""
        left_s = (now_s - self._began_s) / self.done * (self.total - self.done)
        return f", about {_duration(left_s)} left"


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} min"
