"""A target behind HTTP: a served mock or sandbox, or an ASGI application in this process."""

import asyncio

import msgspec

from klarna_conformance.http.authorization import Authorization
from klarna_conformance.http.locations import origin_of
from klarna_conformance.http.pace import Sent
from klarna_conformance.http.reaching import Connection
from klarna_conformance.http.wire import Wire
from klarna_conformance.limits import Limits
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.target.provisioners import (
    NoProvisioner,
    PoolOrder,
    PoolProvisioner,
    Provisioner,
)
from klarna_conformance.target.target import Exchanged
from klarna_reports.record.record import Played, ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.calls import KEY_HEADER
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.plan import OrderPlan

__all__ = ["HttpTarget"]

_LONGEST_MESSAGE = 300
_RETRIES = 1
"""How often a call that got no response is repeated on a real server, where that is safe."""
_RETRY_AFTER_S = 0.1


class HttpTarget:
    """Sends requests to a base URL over a wire, with Basic credentials that go nowhere else.

    `limits` are what a run keeps to, and how long a read may take to show what was done. `retries`
    is how often a call without a response is repeated, where that is safe (by default once, and
    never on the mock). Neither the `secrets` (beside username and password) nor the values of
    `redacted_members` get into the record. Closes the wire and the provisioner in the end.
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
        redacted_members: tuple[str, ...] = (),
        secrets: tuple[str, ...] = (),
        retries: int | None = None,
    ) -> None:
        self.facts = facts
        self.limits = limits or Limits()
        self.settle_s = self.limits.settle_s
        self._base_url = facts.base_url.rstrip("/")
        self._authorization = Authorization(username, password)
        known = (*self._authorization.secrets, *wire.secrets, *secrets)
        redactor = Redactor(known, public=self._base_url)
        self._recorder = Recorder(redactor, members=redacted_members)
        self._retries = (_RETRIES if facts.kind == "http" else 0) if retries is None else retries
        self._wire = wire
        self._provisioner = provisioner or NoProvisioner()
        self._clock_url = clock_url

    async def __aenter__(self) -> "HttpTarget":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.aclose()
        await self._provisioner.aclose()

    async def send(self, request: Request, *, chunked: bool = False) -> Exchanged:
        """Sends one request; every way in which the target misbehaves is an outcome.

        Where no response came and sending it again is safe, it is sent again.
        """
        earlier: list[Response | Failure] = []
        waited_s = 0.0
        retries = self._retries if _is_safe_to_repeat(request) else 0
        while True:
            sent = await self._exchange(request, chunked=chunked)
            earlier.extend(sent.earlier)
            waited_s += sent.waited_s
            lost = isinstance(sent.outcome, Failure) and sent.outcome.kind != "tls"
            if not (lost and retries):
                break
            retries -= 1
            earlier.append(sent.outcome)
            await asyncio.sleep(_RETRY_AFTER_S)
        return Exchanged(
            request=request, outcome=sent.outcome, earlier=tuple(earlier), waited_s=waited_s
        )

    async def _exchange(self, request: Request, *, chunked: bool) -> Sent:
        url = self._base_url + request.path
        headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in request.headers]
        if _same_origin(url, self._base_url):
            sent_as = self._authorization.headers(request.credentials)
            headers += [(b"authorization", value.encode()) for value in sent_as]
        sent = await self._wire.exchange(
            request.method, url, headers=headers, content=request.body.raw, chunked=chunked
        )
        return self._without_secrets(sent)

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Has the provisioner make the order."""
        made = await self._provisioner.provide(plan)
        return self._recorder.unavailable(made) if isinstance(made, Unavailable) else made

    @property
    def connection(self) -> Connection | None:
        """How the server is connected to, where it is not in this process."""
        return self._wire.connection

    @property
    def stock(self) -> tuple[PoolOrder, ...] | None:
        """The orders that there are, where others cannot be made."""
        return self._provisioner.stock if isinstance(self._provisioner, PoolProvisioner) else None

    async def advance(self, seconds: int) -> bool:
        """Moves the clock over the control API, where the target has one."""
        if self._clock_url is None:
            return False
        outcome = await self._wire.send("POST", self._clock_url, json={"advance_s": seconds})
        return isinstance(outcome, Response) and outcome.is_success

    def recorded(self, played: Played) -> Played:
        """A scenario as it may be recorded: without secrets and without customers' data."""
        return self._recorder.played(played)

    def _without_secrets(self, sent: Sent) -> Sent:
        """Messages about failures are shown before anything is recorded, so they are cut now."""
        return msgspec.structs.replace(
            sent, outcome=self._told(sent.outcome), earlier=tuple(map(self._told, sent.earlier))
        )

    def _told(self, outcome: Response | Failure) -> Response | Failure:
        if isinstance(outcome, Response):
            return outcome
        told = self._recorder.failure(outcome)
        return msgspec.structs.replace(told, message=told.message[:_LONGEST_MESSAGE])


def _is_safe_to_repeat(request: Request) -> bool:
    """Whether sending a request twice does no more than sending it once."""
    return request.method == "GET" or bool(request.header(KEY_HEADER))


def _same_origin(url: str, base_url: str) -> bool:
    try:
        return origin_of(url) == origin_of(base_url)
    except ValueError:
        return False
