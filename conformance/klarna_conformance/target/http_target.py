"""A target behind HTTP: a sandbox, a mock that is served, or the mock in this process."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Self

import msgspec

from klarna_conformance.http.authorization import Authorization
from klarna_conformance.http.locations import origin_of
from klarna_conformance.http.reaching import reach
from klarna_conformance.http.retrying import Agrees, RetryPolicy
from klarna_conformance.http.wire import Wire
from klarna_conformance.limits import Limits
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.target.provisioners import NoProvisioner, PoolOrder, Provisioner
from klarna_conformance.target.target import Abilities
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.exchange import Exchange, Failure, Request, Response
from klarna_specs.plan import OrderPlan

__all__ = ["HttpTarget"]

_LONGEST_MESSAGE = 300


@lru_cache(maxsize=8)
def _recorder(secrets: frozenset[str], public: str, members: tuple[str, ...]) -> Recorder:
    """The recorder of a target; the portions of a run open the same one again and again."""
    return Recorder(Redactor(secrets, public=public), members=members)


class HttpTarget:
    """Sends requests to a base URL over a wire, with Basic credentials that go nowhere else.

    `limits` are those of a run, with the time for which reads are retried. `retries` is how often a
    request without a response is repeated, if that is safe. Neither the `secrets` (besides username
    and password) nor the values of `redacted_members` are recorded. Closes the wire and the
    provisioner at the end.
    """

    def __init__(
        self,
        *,
        facts: TargetFacts,
        username: str,
        password: str,
        wire: Wire,
        provisioner: Provisioner | None = None,
        clock_url: str | None = None,
        limits: Limits | None = None,
        abilities: Abilities | None = None,
        redacted_members: tuple[str, ...] = (),
        secrets: tuple[str, ...] = (),
        retries: int = 1,
    ) -> None:
        self.facts = facts
        self.limits = limits or Limits()
        self.abilities = abilities or Abilities()
        self._base_url = facts.base_url.rstrip("/")
        self._authorization = Authorization(username, password)
        known = frozenset((*self._authorization.secrets, *wire.secrets, *secrets))
        self._recorder = _recorder(known, self._base_url, redacted_members)
        self._policy = RetryPolicy(
            limiter=wire.limiter, retries=retries, read_retry_s=self.limits.settle_s
        )
        self._wire = wire
        self._provisioner = provisioner or NoProvisioner()
        self._clock_url = clock_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.aclose()
        await self._provisioner.aclose()

    async def send(
        self, request: Request, *, chunked: bool = False, agrees: Agrees | None = None
    ) -> Exchange:
        """Sends a request; every way in which the target misbehaves is an outcome."""
        url = self._base_url + request.path
        headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in request.headers]
        if request.path.startswith("/") or _same_origin(url, self._base_url):
            sent_as = self._authorization.headers(request.credentials)
            headers += [(b"authorization", value.encode()) for value in sent_as]

        async def attempt() -> Response | Failure:
            outcome = await self._wire.send_once(
                request.method, url, headers=headers, content=request.body.raw, chunked=chunked
            )
            return self._without_secrets(outcome)

        return await self._policy.exchange(request, attempt, agrees=agrees)

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Provides the order by the provisioner."""
        made = await self._provisioner.provide(plan)
        return self._recorder.unavailable(made) if isinstance(made, Unavailable) else made

    @property
    def pool(self) -> tuple[PoolOrder, ...] | None:
        """The unused orders, if no others can be made."""
        return self._provisioner.pool

    async def reach(self) -> AsyncIterator[tuple[str, str]]:
        """Connects step by step; a server in this process has no steps."""
        if self._wire.connection is not None:
            async for step in reach(self._base_url, self._wire.connection):
                yield step

    def follow(self, interpretations: dict[str, str]) -> None:
        """Uses these interpretations of the contradictory paths from now on."""
        self.facts = msgspec.structs.replace(self.facts, interpretations=interpretations)

    async def advance(self, seconds: int) -> bool:
        """Advances the clock over the control API, if the target has one."""
        if self._clock_url is None:
            return False
        outcome = await self._wire.send("POST", self._clock_url, json={"advance_s": seconds})
        return outcome.is_success

    def recorded(self, played: Played) -> Played:
        """A scenario as it may be recorded: without secrets and personal data."""
        return self._recorder.played(played)

    def _without_secrets(self, outcome: Response | Failure) -> Response | Failure:
        """Messages of failures are shown before anything is recorded, so they are redacted now."""
        if isinstance(outcome, Response):
            return outcome
        failure = self._recorder.failure(outcome)
        return msgspec.structs.replace(failure, message=failure.message[:_LONGEST_MESSAGE])


def _same_origin(url: str, base_url: str) -> bool:
    try:
        return origin_of(url) == origin_of(base_url)
    except ValueError:
        return False
