"""The rate limit of one server: requests are evenly spaced, and pause when the server says so."""

import asyncio
import email.utils
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from klarna_specs.exchange import Failure, Response

__all__ = ["Backoff", "Clock", "RateLimiter"]

_MAX_PAUSE_S = 30.0
"""The longest pause after one response, whatever that response requests."""
_MAX_BACKOFF_S = 60.0
"""The total backoff of one request. After that the last 429 is its outcome, and the next requests
get half of it."""
_FIRST_BACKOFF_S = 0.5
_LEAST_BACKOFF_S = 0.01
_SLOWED_S, _SLOWEST_S, _EASED, _FULL_SPEED_S = 0.02, 1.0, 0.95, 0.005
"""The interval between requests after a 429: doubled by each further 429 up to the slowest, reduced
by each other response until it hardly matters. Requests that all resume at the same moment would
only exceed the limit again."""
_AN_EPOCH = 1_000_000_000
"""An X-Ratelimit-Reset above this is a Unix time, below it a number of seconds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The source of time: `now_s` is monotonic, `unix_s` is Unix time, both in seconds."""

    now_s: Callable[[], float] = time.monotonic
    unix_s: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class Backoff:
    """The backoff of one request: how long it may last in all, and how long it lasted so far."""

    max_s: float
    total_s: float = 0.0
    times: int = 0


class RateLimiter:
    """Decides when the next request may be sent; shared by all that send to the same server.

    `rate_per_s` is the most requests a second, evenly spaced; None is unlimited. After a 429 all
    requests pause for as long as Retry-After or X-Ratelimit-Reset says, or with exponential backoff
    if the response has neither, and for one request at most `max_backoff_s` seconds in all.
    """

    def __init__(
        self,
        rate_per_s: float | None = None,
        *,
        max_backoff_s: float = _MAX_BACKOFF_S,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._slowed_s = 0.0
        self._max_backoff_s = max_backoff_s
        self._next_s = -math.inf
        self._paused_until_s = -math.inf
        self._window = _Window()

    async def turn(self) -> None:
        """Waits until the next request may be sent."""
        while True:
            now_s = self.clock.now_s()
            at_s = max(now_s, self._next_s, self._paused_until_s)
            self._next_s = at_s + max(self._interval_s, self._slowed_s)
            if at_s > now_s:
                await self.clock.sleep(at_s - now_s)
            if at_s >= self._paused_until_s:
                return

    def backoff(self) -> Backoff:
        """The backoff of a new request."""
        return Backoff(self._max_backoff_s)

    def pause_after_429(self, response: Response, backoff: Backoff) -> float | None:
        """Pauses all requests, and returns for how long; None when the backoff is exhausted."""
        slowest_s = _SLOWEST_S * self._max_backoff_s / _MAX_BACKOFF_S
        self._slowed_s = min(max(2 * self._slowed_s, _SLOWED_S), slowest_s)
        if backoff.total_s >= backoff.max_s:
            # A server that accepts nothing must not make a run endless.
            halved_s = min(self._max_backoff_s, backoff.max_s / 2)
            self._max_backoff_s = max(halved_s, _LEAST_BACKOFF_S)
            return None
        requested_s = _requested_pause_s(response, backoff.times, self.clock.unix_s())
        pause_s = min(requested_s, backoff.max_s - backoff.total_s)
        backoff.total_s += pause_s
        backoff.times += 1
        self._pause(pause_s)
        return pause_s

    def note(self, outcome: Response | Failure, sent_s: float) -> None:
        """Returns to full speed step by step; `sent_s` is when the request was sent.

        If the response says that no request remains in the window, all requests pause. A 429 is for
        `pause_after_429`.
        """
        if isinstance(outcome, Response) and outcome.status == 429:
            return
        self._slowed_s *= _EASED
        if self._slowed_s < _FULL_SPEED_S:
            self._slowed_s = 0.0
        if isinstance(outcome, Response):
            remaining = _number(outcome.header("X-Ratelimit-Remaining"))
            reset_s = _reset_s(outcome, self.clock.unix_s())
            if self._window.is_used_up(remaining, reset_s, sent_s):
                assert reset_s is not None
                self._pause(min(reset_s, _MAX_PAUSE_S))
                self._window.ends_s = self._paused_until_s

    def _pause(self, pause_s: float) -> None:
        self._paused_until_s = max(self._paused_until_s, self.clock.now_s() + pause_s)


class _Window:
    """The server's rate window as its headers describe it; ignored once it does not reopen."""

    def __init__(self) -> None:
        self.ends_s = -math.inf
        self._opened = True
        self._trusted = True

    def is_used_up(self, remaining: float | None, reset_s: float | None, sent_s: float) -> bool:
        """Whether to pause until the next window, by the response to a request of `sent_s`."""
        if remaining is None or reset_s is None or sent_s < self.ends_s:
            return False
        if remaining > 0:
            self._opened = True
            return False
        self._trusted = self._trusted and self._opened
        self._opened = False
        return self._trusted


def _requested_pause_s(response: Response, times: int, unix_s: float) -> float:
    """How long to pause after a 429, in seconds; `times` is how many came before."""
    pause_s = _retry_after_s(response, unix_s)
    if pause_s is None:
        pause_s = _reset_s(response, unix_s)
    if pause_s is None:
        pause_s = _FIRST_BACKOFF_S * 2**times
    # Even if the server requests no pause, the pause grows each time.
    return min(max(pause_s, 0.05 * 2**times), _MAX_PAUSE_S)


def _retry_after_s(response: Response, unix_s: float) -> float | None:
    value = response.header("Retry-After")
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    until_s = _unix_time(value)
    # By the server's own clock, if the response has it.
    now_s = _unix_time(response.header("Date") or "") or unix_s
    return None if until_s is None else max(until_s - now_s, 0.0)


def _reset_s(response: Response, unix_s: float) -> float | None:
    reset = _number(response.header("X-Ratelimit-Reset"))
    if reset is None:
        return None
    return max(reset - unix_s, 0.0) if reset > _AN_EPOCH else reset


def _number(text: str | None) -> float | None:
    """A finite number that is not negative; None for anything else."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _unix_time(text: str) -> float | None:
    """The Unix time of an HTTP date; None for anything else."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
