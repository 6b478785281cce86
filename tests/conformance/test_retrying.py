"""The retry policy: which requests are retried, when, how often, and what the journal says."""

from collections.abc import Callable

import pytest

from klarna_conformance.http.rate_limit import RateLimiter
from klarna_specs.calls import KEY_HEADER
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response

from .sending import DONE, READ, Time, busy, send

LOST = Failure(kind="closed", message="closed")
UNTRUSTED = Failure(kind="tls", message="not trusted")
UNKEYED = Request(method="POST", path="/")
KEYED = Request(method="POST", path="/", headers=((KEY_HEADER, "k-1"),))
OLD = Response(status=200, body=Payload("old"))


def is_new(read: Exchange) -> bool:
    return read.outcome == DONE


def test_final_outcome_comes_with_the_attempts_before_it() -> None:
    limited = busy(Retry_After="3")
    exchange = Exchange(request=UNKEYED, outcome=DONE, earlier=(limited,), waited_s=3)
    assert send(limited, DONE, request=UNKEYED) == [exchange]


def test_a_server_that_only_answers_429_ends_the_backoff() -> None:
    time = Time()
    limiter = RateLimiter(max_backoff_s=10, clock=time.clock)
    limited = busy(Retry_After="4")
    (exchange,) = send(limited, limiter=limiter)

    assert time.slept == [4, 4, 2]
    assert exchange == Exchange(request=READ, outcome=limited, earlier=(limited,) * 3, waited_s=10)


@pytest.mark.parametrize(
    ("request_", "outcomes", "retries", "attempts"),
    [
        pytest.param(READ, (LOST, DONE), 1, 2, id="a read"),
        pytest.param(KEYED, (LOST, DONE), 1, 2, id="a change with a key"),
        pytest.param(UNKEYED, (LOST,), 1, 1, id="a change without a key"),
        pytest.param(READ, (LOST,), 1, 2, id="lost again"),
        pytest.param(READ, (LOST,), 0, 1, id="no retries"),
        pytest.param(READ, (UNTRUSTED,), 1, 1, id="TLS failed"),
        pytest.param(READ, (LOST, busy(), LOST, DONE), 1, 3, id="429 grants no further retry"),
    ],
)
def test_a_lost_response_is_retried_only_if_that_is_safe(
    request_: Request, outcomes: tuple[Response | Failure, ...], retries: int, attempts: int
) -> None:
    first, *_ = send(*outcomes, request=request_, retries=retries)
    came = (*outcomes, *outcomes[-1:])[:attempts]

    assert (first.earlier, first.outcome) == (came[:-1], came[-1])


def test_a_read_is_repeated_until_it_agrees() -> None:
    time = Time()
    limiter = RateLimiter(clock=time.clock)
    (exchange,) = send(OLD, OLD, DONE, limiter=limiter, agrees=is_new, read_retry_s=5)

    assert time.slept == [0.05, 0.1]
    assert exchange == Exchange(request=READ, outcome=DONE, earlier=(OLD, OLD), waited_s=0.15)


def test_read_retry_ends_with_the_time_for_it() -> None:
    time = Time()
    (exchange,) = send(OLD, limiter=RateLimiter(clock=time.clock), agrees=is_new, read_retry_s=4)

    assert time.slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1, 1, 0.45]
    assert (exchange.outcome, exchange.waited_s) == (OLD, 4)


@pytest.mark.parametrize(("agrees", "read_retry_s"), [(is_new, 0.0), (None, 5.0)])
def test_no_read_retry_without_time_or_expectation(
    agrees: Callable[[Exchange], bool] | None, read_retry_s: float
) -> None:
    assert send(OLD, agrees=agrees, read_retry_s=read_retry_s) == [
        Exchange(request=READ, outcome=OLD)
    ]


def test_each_repeated_read_has_its_own_retries() -> None:
    outcomes = (LOST, OLD, LOST, busy(), OLD, LOST, DONE)
    (exchange,) = send(*outcomes, agrees=is_new, read_retry_s=5, retries=1)

    assert (*exchange.earlier, exchange.outcome) == outcomes
