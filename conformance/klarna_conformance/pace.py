"""The pace of requests: a rate that is kept, and a target that is waited for where it asks so."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from klarna_specs.exchange import Failure, Response

__all__ = ["Pacer"]

_TRIES = 5
"""How often a request is sent while the answer is to wait (429)."""
_LONGEST_WAIT_S = 30.0
"""A server that asks for more is asked again after so many seconds."""
_FIRST_WAIT_S = 0.5
"""How long to wait where a server does not say; twice as long each time."""
_AN_EPOCH_S = 1_000_000_000
"""A reset above this is a point in time, below it a number of seconds."""


class Pacer:
    """Lets requests go at most so many a second, all of them later when one is told to wait."""

    def __init__(self, rate_per_s: float | None = None) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._next_s = 0.0

    async def turn(self) -> None:
        """Returns when the next request may be sent."""
        now_s = time.monotonic()
        mine_s = max(now_s, self._next_s)
        self._next_s = mine_s + self._interval_s
        if mine_s > now_s:
            await asyncio.sleep(mine_s - now_s)

    def try_again(self, outcome: Response | Failure, tries: int) -> bool:
        """Whether to send the request again, which was sent `tries` times: the answer was to wait.

        Also where the answer says that it was the last for now, the next requests wait.
        """
        if not isinstance(outcome, Response):
            return False
        told_s = _told_wait_s(outcome)
        if outcome.status != 429:
            if outcome.header("X-Ratelimit-Remaining") == "0" and told_s is not None:
                self._pause(told_s)
            return False
        self._pause(_FIRST_WAIT_S * 2 ** (tries - 1) if told_s is None else told_s)
        return tries < _TRIES

    def _pause(self, seconds: float) -> None:
        until_s = time.monotonic() + min(seconds, _LONGEST_WAIT_S)
        self._next_s = max(self._next_s, until_s)


def _told_wait_s(response: Response) -> float | None:
    """For how many seconds a response asks to wait; None where it does not say, or nonsense."""
    for name in ("Retry-After", "X-Ratelimit-Reset"):
        told = response.header(name)
        if told is None:
            continue
        if told.isascii() and told.isdigit() and len(told) < 12:
            seconds = int(told)
            return max(0.0, seconds - time.time()) if seconds > _AN_EPOCH_S else float(seconds)
        if (date := _date(told)) is not None:
            return max(0.0, (date - datetime.now(UTC)).total_seconds())
    return None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
