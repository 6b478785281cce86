"""Which requests are retried, when, and how often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from klarna_conformance.http.rate_limit import RateLimiter
from klarna_specs.calls import KEY_HEADER
from klarna_specs.exchange import Exchange, Failure, Request, Response

__all__ = ["Agrees", "Attempt", "RetryPolicy"]

Agrees = Callable[[Exchange], bool]
"""Whether a read shows what was done before it."""
Attempt = Callable[[], Awaitable[Response | Failure]]
"""Sends a request once."""
_RETRY_AFTER_S = 0.1
_FIRST_READ_RETRY_S, _LONGEST_READ_RETRY_S = 0.05, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Sends requests under a rate limit, and repeats them in three cases.

    - Any request that is answered with 429, after the pause that the `limiter` prescribes.
    - A request without a response, after 0.1 s, at most `retries` times: only if the request is
      safe to repeat, and TLS did not fail.
    - A read that does not agree with what was done before it, after 0.05 s, then twice as long each
      time up to 1 s, for at most `read_retry_s` seconds in all.

    Each attempt of the third kind is a new read, with all of its 429s and retries before it.
    """

    limiter: RateLimiter
    retries: int = 0
    read_retry_s: float = 0.0

    async def exchange(
        self, request: Request, attempt: Attempt, *, agrees: Agrees | None = None
    ) -> Exchange:
        """The request with its final outcome, and the outcomes of the attempts before.

        Only a read with `agrees` is repeated until it agrees.
        """
        limiter = self.limiter
        attempts = _Attempts(self, request, agrees)
        while True:
            await limiter.turn()
            sent_s = limiter.clock.now_s()
            outcome = await attempt()
            limiter.note(outcome, sent_s)
            exchange = attempts.exchange(outcome)
            if not await attempts.is_repeated(exchange):
                return exchange
            attempts.earlier.append(outcome)


class _Attempts:
    """The journal of one request, and what is left of each kind of retry."""

    def __init__(self, policy: RetryPolicy, request: Request, agrees: Agrees | None) -> None:
        self.earlier: list[Response | Failure] = []
        self._policy = policy
        self._request = request
        self._agrees = agrees
        self._clock = policy.limiter.clock
        self._began_s = self._clock.now_s()
        self._waited_s = 0.0
        self._read_pause_s = 0.0
        self._renew()

    def _renew(self) -> None:
        self._backoff = self._policy.limiter.backoff()
        self._retries_left = self._policy.retries if _is_safe_to_repeat(self._request) else 0

    def exchange(self, outcome: Response | Failure) -> Exchange:
        """The request with this outcome, as if it was the last one."""
        read_again = self._read_pause_s > 0
        waited_s = self._clock.now_s() - self._began_s if read_again else self._waited_s
        return Exchange(
            request=self._request,
            outcome=outcome,
            earlier=tuple(self.earlier),
            waited_s=round(waited_s, 3),
        )

    async def is_repeated(self, exchange: Exchange) -> bool:
        """Whether to send the request again; waits as long as that takes."""
        return (
            self._was_limited(exchange.outcome)
            or await self._was_lost(exchange.outcome)
            or await self._disagrees(exchange)
        )

    def _was_limited(self, outcome: Response | Failure) -> bool:
        if isinstance(outcome, Failure) or outcome.status != 429:
            return False
        pause_s = self._policy.limiter.pause_after_429(outcome, self._backoff)
        self._waited_s += pause_s or 0.0
        return pause_s is not None

    async def _was_lost(self, outcome: Response | Failure) -> bool:
        if isinstance(outcome, Response) or outcome.kind == "tls" or not self._retries_left:
            return False
        self._retries_left -= 1
        self._backoff = self._policy.limiter.backoff()
        await self._clock.sleep(_RETRY_AFTER_S)
        return True

    async def _disagrees(self, exchange: Exchange) -> bool:
        left_s = self._began_s + self._policy.read_retry_s - self._clock.now_s()
        if self._agrees is None or left_s <= 0 or self._agrees(exchange):
            return False
        doubled_s = 2 * self._read_pause_s or _FIRST_READ_RETRY_S
        self._read_pause_s = min(doubled_s, _LONGEST_READ_RETRY_S)
        await self._clock.sleep(min(self._read_pause_s, left_s))
        self._renew()
        return True


def _is_safe_to_repeat(request: Request) -> bool:
    """Whether sending a request twice has the same effect as sending it once."""
    return request.method == "GET" or bool(request.header(KEY_HEADER))
