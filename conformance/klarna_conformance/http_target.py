"""A target behind HTTP: a served mock or sandbox, or an ASGI application in this process."""

import base64
from collections.abc import AsyncIterator

import msgspec

from klarna_conformance.limits import Limits
from klarna_conformance.provisioners import NoProvisioner, Provisioner
from klarna_conformance.redaction import Redactor
from klarna_conformance.target import Exchanged
from klarna_conformance.wire import Wire
from klarna_reports.record import ProvidedOrder, TargetFacts, Unavailable
from klarna_specs.calls import KEY_HEADER
from klarna_specs.exchange import Failure, Request, Response
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Credentials

__all__ = ["HttpTarget"]

_LONGEST_MESSAGE = 300
_TRIES = 2
"""How often a request is sent that can safely be sent again, while no answer comes."""


class HttpTarget:
    """Sends requests to a base URL over a wire, with Basic credentials.

    Closes the wire and the provisioner in the end. What is recorded has neither the credentials and
    other `secrets` nor the values of `redacted_members` in it.
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
        secrets: tuple[str, ...] = (),
        redacted_members: tuple[str, ...] = (),
    ) -> None:
        self.facts = facts
        self.limits = limits or Limits()
        self._base_url = facts.base_url.rstrip("/")
        self._secrets = {
            "valid": (username, password),
            # Wrong by as little as can be: a server that compares beginnings takes it for right.
            "wrong_password": (username, password[:-1]),
            "wrong_username": (f"{username}x", password),
        }
        told = (_basic(*pair).removeprefix("Basic ") for pair in self._secrets.values())
        secrets = (username, password, password[:-1], *told, *secrets)
        self._redactor = Redactor(secrets, members=redacted_members)
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

        Where no answer comes it is sent again if that is safe: a read, or a change with an
        idempotency key. `failures` of the outcome tell what went wrong before.
        """
        failures: list[str] = []
        while True:
            outcome = self._redacted(await self._send_once(request, chunked=chunked))
            if isinstance(outcome, Response) or len(failures) + 1 >= _tries(request):
                break
            failures.append(f"{outcome.kind}: {outcome.message}")
        if failures:
            outcome = msgspec.structs.replace(outcome, failures=tuple(failures))
        return Exchanged(request=request, outcome=outcome)

    async def _send_once(self, request: Request, *, chunked: bool) -> Response | Failure:
        raw = request.body.raw
        headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in request.headers]
        if authorization := self._authorization(request.credentials):
            headers.append((b"authorization", authorization.encode()))
        return await self._wire.send(
            request.method,
            self._base_url + request.path,
            headers=headers,
            content=_in_chunks(raw) if chunked else raw,
        )

    async def provide(self, plan: OrderPlan) -> ProvidedOrder | Unavailable:
        """Has the provisioner make the order."""
        made = await self._provisioner.provide(plan)
        if isinstance(made, Unavailable):
            return msgspec.structs.replace(made, reason=self._redactor.text(made.reason))
        return made

    async def advance(self, seconds: int) -> bool:
        """Moves the clock over the control API, where the target has one."""
        if self._clock_url is None:
            return False
        outcome = await self._wire.send("POST", self._clock_url, json={"advance_s": seconds})
        return isinstance(outcome, Response) and outcome.is_success

    def _authorization(self, credentials: Credentials) -> str | None:
        return None if credentials == "none" else _basic(*self._secrets[credentials])

    def _redacted(self, outcome: Response | Failure) -> Response | Failure:
        if isinstance(outcome, Failure):
            message = self._redactor.text(outcome.message)[:_LONGEST_MESSAGE]
            return msgspec.structs.replace(outcome, message=message)
        return msgspec.structs.replace(
            outcome,
            headers=tuple((name, self._redactor.text(v)) for name, v in outcome.headers),
            body=self._redactor.payload(outcome.body),
        )


def _tries(request: Request) -> int:
    return _TRIES if request.method == "GET" or request.header(KEY_HEADER) else 1


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def _in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, max(len(raw), 1), 16):
        yield raw[start : start + 16]
