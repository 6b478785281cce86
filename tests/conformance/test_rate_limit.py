"""The rate limit: even spacing, pauses that a server requests, and an end to every backoff."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from klarna_conformance.http.rate_limit import Clock, RateLimiter
from klarna_specs.exchange import Response

from .sending import DONE, UNIX_S, Time, busy, send


def slept_for(*outcomes: Response, rate_per_s: float | None = None) -> Sequence[float]:
    time = Time()
    send(*outcomes, limiter=RateLimiter(rate_per_s, clock=time.clock))
    return time.slept


@pytest.mark.parametrize(("rate_per_s", "slept"), [(4, [0.25, 0.25]), (None, [])])
def test_requests_are_evenly_spaced_at_the_rate(
    rate_per_s: float | None, slept: list[float]
) -> None:
    assert slept_for(DONE, DONE, DONE, DONE, rate_per_s=rate_per_s) == slept


def test_simultaneous_requests_are_spaced_as_well() -> None:
    time = Time()
    limiter = RateLimiter(10, clock=Clock(now_s=lambda: 0.0, unix_s=lambda: 0.0, sleep=time.sleep))

    async def go() -> None:
        await asyncio.gather(*(limiter.turn() for _ in range(4)))

    asyncio.run(go())
    assert time.slept == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("limited", "seconds"),
    [
        pytest.param(busy(Retry_After="7"), 7, id="seconds"),
        pytest.param(busy(Retry_After="Thu, 01 Jan 2026 00:00:09 GMT"), 9, id="date"),
        pytest.param(
            busy(Retry_After="Thu, 01 Jan 2026 00:00:09 GMT", Date="Thu, 01 Jan 2026 00:00:07 GMT"),
            2,
            id="date by the server's own clock",
        ),
        pytest.param(busy(Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0.05, id="past date"),
        pytest.param(busy(Retry_After="86400"), 30, id="a day is capped"),
        pytest.param(busy(Retry_After="0"), 0.05, id="zero"),
        pytest.param(busy(Retry_After="-5"), 0.5, id="negative"),
        pytest.param(busy(Retry_After="nan"), 0.5, id="not a number"),
        pytest.param(busy(Retry_After="soon"), 0.5, id="not a date"),
        pytest.param(busy(X_Ratelimit_Reset="4"), 4, id="reset in seconds"),
        pytest.param(busy(X_Ratelimit_Reset=str(int(UNIX_S) + 6)), 6, id="reset at a time"),
        pytest.param(busy(), 0.5, id="no header"),
    ],
)
def test_pause_after_429_is_what_the_server_requests(limited: Response, seconds: float) -> None:
    assert slept_for(limited, DONE) == [seconds]


def test_backoff_without_header_doubles() -> None:
    assert slept_for(busy(), busy(), busy(), DONE) == [0.5, 1, 2]


def test_total_backoff_of_a_run_is_bounded() -> None:
    time = Time()
    limiter = RateLimiter(max_backoff_s=64, clock=time.clock)
    for _ in range(1_000):
        send(busy(), limiter=limiter)
    assert math.fsum(time.slept) < 64 * 2 + 1_000 * 0.1


def remaining(count: int, reset: str = "2") -> Response:
    headers = (("X-Ratelimit-Remaining", str(count)), ("X-Ratelimit-Reset", reset))
    return Response(status=200, headers=(("X-Ratelimit-Limit", "3"), *headers))


def test_exhausted_window_pauses_until_it_resets() -> None:
    assert slept_for(remaining(1), remaining(0), remaining(2), remaining(1)) == [2]


def test_window_that_never_reopens_is_ignored() -> None:
    assert slept_for(*[remaining(0, "30")] * 20) == [30]


def test_after_429_requests_return_to_full_speed_step_by_step() -> None:
    _, *between = slept_for(busy(Retry_After="3"), *[DONE] * 200)

    assert between
    assert max(between) <= 0.02
    assert sorted(between, reverse=True) == between
    assert len(between) < 100
