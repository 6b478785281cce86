"""A proxy between clients and a server: forwards every request, and reads orders in between."""

import base64
import binascii
import time
from pathlib import Path

import msgspec

from klarna_conformance import defaults
from klarna_conformance.http.hosts import check_host, presets
from klarna_conformance.http.wire import Tls, Wire
from klarna_conformance.network.network import Network, Tempo
from klarna_conformance.target.target_file import read_target
from klarna_conformance.traffic.har_file import Recorded
from klarna_specs.calls import Call, read_call
from klarna_specs.exchange import Exchange, Failure, Headers, Request, Response
from klarna_specs.json_value import is_integer
from klarna_specs.scenario import Credentials
from klarna_specs.spec import ProfileFacts, Spec

__all__ = ["ProxyServer", "Upstream", "upstream_of"]

_CONCURRENCY = 64
_CLOCK = "/_control/clock"
_OF_A_CONNECTION = frozenset(
    {
        *("host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "content-length", "expect"),
    }
)
"""Headers of one connection, which are not forwarded."""
_OF_AN_ENCODING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that are wrong for a body that was decoded."""


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy forwards requests to, and how."""

    name: str
    base_url: str
    tls: Tls | None = None
    proxy: str | None = None
    timeout_s: float = defaults.TIMEOUT_S


def upstream_of(text: str, profile: ProfileFacts) -> Upstream:
    """The upstream: a URL, a playground's name, or a target file; raises UsageError."""
    text = presets(profile).get(text, text)
    if "://" in text:
        check_host(text, profile)
        return Upstream(name=text, base_url=text.rstrip("/"))
    described = read_target(Path(text), profile=profile)
    return Upstream(
        name=described.name,
        base_url=described.base_url,
        tls=described.tls,
        proxy=described.proxy,
        timeout_s=described.limits.timeout_s,
    )


class ProxyServer:
    """Forwards requests with their credentials, and records both sides.

    With `reads` it reads an order with the same credentials before the first call on it, and after
    each call that could change it: most requirements need that. `passed` are the exchanges with the
    upstream, `secrets` the credentials in them.
    """

    def __init__(
        self, spec: Spec, upstream: Upstream, *, reads: bool, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.passed: list[Recorded] = []
        self.secrets: set[str] = set()
        self._spec = spec
        self._upstream = upstream
        self._reads = reads
        self._known: set[str] = set()
        self._moved_s = 0
        self._wire = Wire(
            timeout_s=upstream.timeout_s,
            concurrency=_CONCURRENCY,
            tls=upstream.tls,
            proxy=upstream.proxy,
        )
        self.network = Network(
            self._answered, credentials=_credentials, tempo=Tempo(), host=host, port=port
        )

    async def open(self) -> None:
        """Starts listening; raises OSError if the address is not available."""
        await self.network.open()

    async def close(self) -> None:
        """Ends every connection."""
        await self.network.close()
        await self._wire.aclose()

    async def _answered(self, request: Request, authorization: str | None) -> Response | Failure:
        if authorization is not None:
            self.secrets.update(_secrets(authorization))
        call = read_call(self._spec, request)
        if call is None or not self._reads:
            return self._given(request, await self._passed_on(request, authorization))
        if call.order_id not in self._known and call.operation.shows != "order":
            await self._read(call, request, authorization)
        outcome = await self._passed_on(request, authorization)
        if call.operation.changes:
            await self._read(call, request, authorization)
        self._known.add(call.order_id)
        return self._given(request, outcome)

    async def _read(self, call: Call, request: Request, authorization: str | None) -> None:
        """Reads an order as the client could."""
        path = request.path.split(call.order_id)[0] + call.order_id
        read = Request(method="GET", path=path, credentials=request.credentials)
        await self._passed_on(read, authorization)

    async def _passed_on(self, request: Request, authorization: str | None) -> Response | Failure:
        headers = _without(request.headers, _OF_A_CONNECTION)
        if authorization is not None:
            headers = (*headers, ("authorization", authorization))
        began_s = self._now_s()
        outcome = await self._wire.send_once(
            request.method,
            self._upstream.base_url + request.path,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers],
            content=request.body.raw,
        )
        self.passed.append(
            Recorded(
                origin=self._upstream.base_url,
                began_s=began_s,
                ended_s=self._now_s(),
                exchange=Exchange(request=request, outcome=outcome),
            )
        )
        if request.path == _CLOCK and outcome.is_success:
            self._moved_s += _seconds(request)
        return outcome

    def _now_s(self) -> float:
        """The time of the server, as far as it is known: a mock's clock can be advanced."""
        return time.time() + self._moved_s

    def _given(self, request: Request, outcome: Response | Failure) -> Response | Failure:
        """The response for the client: the same, except for URLs that would bypass the proxy."""
        if isinstance(outcome, Failure):
            return outcome
        if outcome.truncated:
            return Failure(kind="protocol", message="the response is too long to be forwarded")
        here = f"http://{request.header('host') or self.network.base_url.removeprefix('http://')}"
        headers = tuple(
            (name, self._kept_here(value, here) if name.lower() == "location" else value)
            for name, value in _without(outcome.headers, _OF_A_CONNECTION | _OF_AN_ENCODING)
        )
        return msgspec.structs.replace(outcome, headers=headers)

    def _kept_here(self, location: str, here: str) -> str:
        base_url = self._upstream.base_url
        below = location.startswith(f"{base_url}/")
        return here + location.removeprefix(base_url) if below else location


def _seconds(request: Request) -> int:
    """By how many seconds a request to the mock advances its clock."""
    seconds = (request.body.members or {}).get("advance_s")
    return seconds if is_integer(seconds) else 0


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in names)


def _credentials(authorization: str | None) -> Credentials:
    """Whether they are valid is for the server to decide."""
    return "none" if authorization is None else "valid"


def _secrets(authorization: str) -> set[str]:
    """Every form in which credentials could appear in a record."""
    scheme, _, token = authorization.partition(" ")
    found = {authorization, token or scheme}
    try:
        pair = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return found
    return {*found, pair, *pair.split(":", 1)}
