"""Requests go out evenly, and a server that asks to wait is waited for, but not for ever."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from klarna_conformance.http.pace import Clock, Pacer, Sent
from klarna_specs.exchange import Failure, Response

UNIX_S = 1_767_225_600.0


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
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status=429, headers=named)


DONE = Response(status=200)


def sends(pacer: Pacer, *outcomes: Response | Failure) -> list[Sent]:
    """Sends until the outcomes are used up; the last one comes for ever."""
    left = list(outcomes)

    async def attempt() -> Response | Failure:
        return left.pop(0) if len(left) > 1 else left[0]

    async def go() -> list[Sent]:
        sent = [await pacer.send(attempt)]
        while len(left) > 1:
            sent.append(await pacer.send(attempt))
        return sent

    return asyncio.run(go())


def slept_for(*outcomes: Response) -> Sequence[float]:
    time = Time()
    sends(Pacer(clock=time.clock), *outcomes)
    return time.slept


def test_requests_are_spaced_out_evenly() -> None:
    time = Time()
    sends(Pacer(4, clock=time.clock), DONE, DONE, DONE, DONE)
    assert time.slept == [0.25, 0.25]


def test_what_is_asked_for_at_the_same_time_is_spaced_out_as_well() -> None:
    time = Time()
    pacer = Pacer(10, clock=Clock(now_s=lambda: 0.0, unix_s=lambda: 0.0, sleep=time.sleep))

    async def go() -> None:
        await asyncio.gather(*(pacer.turn() for _ in range(4)))

    asyncio.run(go())
    assert time.slept == [0.1, 0.2, 0.3]


def test_without_a_rate_nothing_is_waited_for() -> None:
    assert slept_for(DONE, DONE, DONE) == []


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        pytest.param(busy(Retry_After="7"), 7, id="seconds"),
        pytest.param(busy(Retry_After="Thu, 01 Jan 2026 00:00:09 GMT"), 9, id="date"),
        pytest.param(
            busy(Retry_After="Thu, 01 Jan 2026 00:00:09 GMT", Date="Thu, 01 Jan 2026 00:00:07 GMT"),
            2,
            id="date by the server's own clock",
        ),
        pytest.param(busy(Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0.05, id="date gone by"),
        pytest.param(busy(Retry_After="86400"), 30, id="a day is cut short"),
        pytest.param(busy(Retry_After="0"), 0.05, id="no time at all"),
        pytest.param(busy(Retry_After="-5"), 0.5, id="negative"),
        pytest.param(busy(Retry_After="nan"), 0.5, id="no number"),
        pytest.param(busy(Retry_After="soon"), 0.5, id="no date"),
        pytest.param(busy(X_Ratelimit_Reset="4"), 4, id="reset in seconds"),
        pytest.param(busy(X_Ratelimit_Reset=str(int(UNIX_S) + 6)), 6, id="reset at a time"),
        pytest.param(busy(), 0.5, id="nothing told"),
    ],
)
def test_a_server_that_asks_to_wait_is_waited_for_as_long_as_it_says(
    asked: Response, seconds: float
) -> None:
    assert slept_for(asked, DONE) == [seconds]


def test_where_nothing_is_told_it_is_waited_twice_as_long_each_time() -> None:
    assert slept_for(busy(), busy(), busy(), DONE) == [0.5, 1, 2]


def test_the_final_answer_is_told_with_those_before() -> None:
    asked = busy(Retry_After="3")
    (sent,) = sends(Pacer(clock=Time().clock), asked, DONE)
    assert sent == Sent(outcome=DONE, earlier=(asked,), waited_s=3)


def test_a_server_that_never_stops_is_given_up_after_a_while() -> None:
    time = Time()
    (sent,) = sends(Pacer(patience_s=10, clock=time.clock), busy(Retry_After="4"))
    assert (sent.outcome.__class__, time.slept, len(sent.earlier)) == (Response, [4, 4, 2], 3)


def test_the_patience_of_a_whole_run_has_an_end() -> None:
    time = Time()
    pacer = Pacer(patience_s=64, clock=time.clock)
    for _ in range(1_000):
        sends(pacer, busy())
    assert math.fsum(time.slept) < 64 * 2 + 1_000 * 0.1


def remaining(count: int, reset: str = "2") -> Response:
    headers = (("X-Ratelimit-Remaining", str(count)), ("X-Ratelimit-Reset", reset))
    return Response(status=200, headers=(("X-Ratelimit-Limit", "3"), *headers))


def test_where_nothing_remains_the_next_window_is_waited_for() -> None:
    assert slept_for(remaining(1), remaining(0), remaining(2), remaining(1)) == [2]


def test_a_window_that_never_opens_is_not_believed() -> None:
    assert slept_for(*[remaining(0, "30")] * 20) == [30]


def test_failures_are_not_waited_for() -> None:
    failure = Failure(kind="closed", message="gone")
    assert sends(Pacer(clock=Time().clock), failure) == [Sent(outcome=failure)]


def test_after_being_asked_to_wait_requests_are_spaced_out_until_that_helped() -> None:
    time = Time()
    pacer = Pacer(clock=time.clock)
    sends(pacer, busy(Retry_After="3"), *[DONE] * 200)
    _, *between = [slept for slept in time.slept if slept]

    assert between
    assert max(between) <= 0.02
    assert sorted(between, reverse=True) == between
    assert len(between) < 100, "full speed again after a while"
