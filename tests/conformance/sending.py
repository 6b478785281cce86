"""Sending requests under a retry policy, with a clock that only sleeping moves."""

import asyncio
from typing import Any

from klarna_conformance.http.rate_limit import Clock, RateLimiter
from klarna_conformance.http.retrying import Agrees, RetryPolicy
from klarna_specs.exchange import Exchange, Failure, Request, Response

__all__ = ["DONE", "READ", "UNIX_S", "Time", "busy", "send"]

UNIX_S = 1_767_225_600.0
DONE = Response(status=200)
READ = Request(method="GET", path="/")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now_s += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now_s=lambda: self.now_s, unix_s=lambda: UNIX_S + self.now_s, sleep=self.sleep)


def busy(**headers: str) -> Response:
    """A 429 with these headers; underscores stand for hyphens."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status=429, headers=named)


def send(
    *outcomes: Response | Failure,
    request: Request = READ,
    limiter: RateLimiter | None = None,
    agrees: Agrees | None = None,
    **policy: Any,
) -> list[Exchange]:
    """Sends until each outcome but the last has come; the last one repeats for ever."""
    left = list(outcomes)
    limiter = limiter or RateLimiter(clock=Time().clock)
    retries = RetryPolicy(limiter=limiter, **policy)

    async def attempt() -> Response | Failure:
        return left.pop(0) if len(left) > 1 else left[0]

    async def go() -> list[Exchange]:
        exchanges = [await retries.exchange(request, attempt, agrees=agrees)]
        while len(left) > 1:
            exchanges.append(await retries.exchange(request, attempt, agrees=agrees))
        return exchanges

    return asyncio.run(go())
