"""The pace of requests to one server: evenly spaced, and waiting where the server asks for it."""

import asyncio
import email.utils
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from klarna_specs.exchange import Failure, Response

__all__ = ["Clock", "Pacer", "Sent"]

_LONGEST_WAIT_S = 30.0
"""For how long one answer can make us wait, whatever it asks for."""
_PATIENCE_S = 60.0
"""For how long one request is waited with in all, before a server that never lets it through is
told as such. Each time that happens the next request is waited with half as long."""
_FIRST_WAIT_S = 0.5
_LEAST_PATIENCE_S = 0.01
_SLOWED_S, _SLOWEST_S, _EASED, _FULL_SPEED_S = 0.02, 1.0, 0.95, 0.005
"""After a 429 requests are this far apart, twice as far after each further one up to the slowest;
each other answer eases that, until it is hardly anything. Woken all at once, those that wait would
take each other's places for ever."""
_AN_EPOCH = 1_000_000_000
"""An X-Ratelimit-Reset above this is a Unix time, below it a number of seconds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a pacer has its time from: `now_s` only ever grows, `unix_s` is Unix time."""

    now_s: Callable[[], float] = time.monotonic
    unix_s: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request in the end, and of the tries before that had to be repeated.

    `waited_s` is how long was waited between the tries, in seconds.
    """

    outcome: Response | Failure
    earlier: tuple[Response | Failure, ...] = ()
    waited_s: float = 0.0


class Pacer:
    """Says when the next request may be sent; shared by all that send to the same server.

    `rate_per_s` is how many requests are sent in a second at most, evenly spaced; None is as many
    as go. An answer 429 is waited for as long as Retry-After or X-Ratelimit-Reset says, or longer
    each time where neither is told, and at most `patience_s` seconds for one request.
    """

    def __init__(
        self,
        rate_per_s: float | None = None,
        *,
        patience_s: float = _PATIENCE_S,
        clock: Clock | None = None,
    ) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._slowed_s = 0.0
        self._patience_s = patience_s
        self._clock = clock or Clock()
        self._next_s = -math.inf
        self._paused_until_s = -math.inf
        self._window = _Window()

    async def turn(self) -> None:
        """Waits until the next request may be sent."""
        while True:
            now_s = self._clock.now_s()
            at_s = max(now_s, self._next_s, self._paused_until_s)
            self._next_s = at_s + max(self._interval_s, self._slowed_s)
            if at_s > now_s:
                await self._clock.sleep(at_s - now_s)
            if at_s >= self._paused_until_s:
                return

    async def send(self, attempt: Callable[[], Awaitable[Response | Failure]]) -> Sent:
        """Sends in turn, and again for as long as the server asks to wait and patience lasts."""
        earlier: list[Response | Failure] = []
        waited_s, patience_s = 0.0, self._patience_s
        while True:
            await self.turn()
            began_s = self._clock.now_s()
            outcome = await attempt()
            if not isinstance(outcome, Response) or outcome.status != 429:
                self._ease()
                self._heed(outcome, began_s)
                break
            self._slow_down()
            if waited_s >= patience_s:
                self._lose_patience(patience_s)
                break
            asked_s = _asked_wait_s(outcome, len(earlier), self._clock.unix_s())
            wait_s = min(asked_s, patience_s - waited_s)
            earlier.append(outcome)
            waited_s += wait_s
            self._pause(wait_s)
        return Sent(outcome=outcome, earlier=tuple(earlier), waited_s=round(waited_s, 3))

    def _slow_down(self) -> None:
        slowest_s = _SLOWEST_S * self._patience_s / _PATIENCE_S
        self._slowed_s = min(max(2 * self._slowed_s, _SLOWED_S), slowest_s)

    def _ease(self) -> None:
        self._slowed_s *= _EASED
        if self._slowed_s < _FULL_SPEED_S:
            self._slowed_s = 0.0

    def _pause(self, wait_s: float) -> None:
        self._paused_until_s = max(self._paused_until_s, self._clock.now_s() + wait_s)

    def _lose_patience(self, before_s: float) -> None:
        """Half of it: a server that lets nothing through must not make a run endless."""
        self._patience_s = max(min(self._patience_s, before_s / 2), _LEAST_PATIENCE_S)

    def _heed(self, outcome: Response | Failure, began_s: float) -> None:
        """Pauses before the server has to ask, where it says that nothing remains."""
        if isinstance(outcome, Response):
            remaining = _number(outcome.header("X-Ratelimit-Remaining"))
            reset_s = _reset_s(outcome, self._clock.unix_s())
            if self._window.is_used_up(remaining, reset_s, began_s):
                assert reset_s is not None
                self._pause(min(reset_s, _LONGEST_WAIT_S))
                self._window.ends_s = self._paused_until_s


class _Window:
    """A server's rate window, as it tells of it; one that never opens again is not believed."""

    def __init__(self) -> None:
        self.ends_s = -math.inf
        self._opened = True
        self._believed = True

    def is_used_up(self, remaining: float | None, reset_s: float | None, began_s: float) -> bool:
        """Whether to wait for the next window, by an answer to a request sent at `began_s`."""
        if remaining is None or reset_s is None or began_s < self.ends_s:
            return False
        if remaining > 0:
            self._opened = True
            return False
        self._believed = self._believed and self._opened
        self._opened = False
        return self._believed


def _asked_wait_s(response: Response, tries: int, unix_s: float) -> float:
    """How long to wait after a 429, in seconds."""
    told_s = _retry_after_s(response, unix_s)
    if told_s is None:
        told_s = _reset_s(response, unix_s)
    if told_s is None:
        told_s = _FIRST_WAIT_S * 2**tries
    # Told to wait for no time at all, we still wait longer each time.
    return min(max(told_s, 0.05 * 2**tries), _LONGEST_WAIT_S)


def _retry_after_s(response: Response, unix_s: float) -> float | None:
    told = response.header("Retry-After")
    if told is None:
        return None
    if (seconds := _number(told)) is not None:
        return seconds
    until_s = _unix_time(told)
    # By the server's own clock, where it tells the time.
    now_s = _unix_time(response.header("Date") or "") or unix_s
    return None if until_s is None else max(until_s - now_s, 0.0)


def _reset_s(response: Response, unix_s: float) -> float | None:
    reset = _number(response.header("X-Ratelimit-Reset"))
    if reset is None:
        return None
    return max(reset - unix_s, 0.0) if reset > _AN_EPOCH else reset


def _number(text: str | None) -> float | None:
    """A number that is not negative and has an end; None for anything else."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _unix_time(text: str) -> float | None:
    """The Unix time of an HTTP date; None where it is none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
