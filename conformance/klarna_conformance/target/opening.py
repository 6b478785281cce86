"""Opens the target that a command line names."""

import os
from functools import partial
from pathlib import Path

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import UsageError
from klarna_conformance.http.hosts import check_host, host_of, is_loopback, presets
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.wire import Wire
from klarna_conformance.limits import Limits
from klarna_conformance.target.http_target import HttpTarget
from klarna_conformance.target.provisioners import HttpOrders, HttpProvisioner, Surroundings
from klarna_conformance.target.target import Abilities, OpenTarget
from klarna_conformance.target.target_file import Credentials, TargetFile, read_target
from klarna_reports.record.record import TargetFacts
from klarna_specs.spec import Spec

__all__ = ["open_described", "open_target"]

_MOCK_URL = "http://mock"
_SENT_TOGETHER = 8
"""The most requests that a scenario sends together; none of them waits for another one."""
_PLAYGROUND_RATE_PER_S = 20.0
"""Below the limit of a playground for a merchant, which others may use during the run."""


def open_target(
    text: str, spec: Spec, *, seed: int, mutant: str | None = None, rate_per_s: float | None = None
) -> OpenTarget:
    """The target: `mock` (or a mutant of it), a playground, a URL, or a target file.

    `rate_per_s` replaces that of the target file. Raises UsageError if the text names no target,
    or a host where refunds move real money.
    """
    if mutant is not None and text != "mock":
        raise UsageError("--mutant goes with the mock only")
    if text == "mock":
        return _mock_in_process(spec, seed, mutant)
    url = presets(spec.profile).get(text, text)
    described = (
        _from_url(url, spec) if "://" in url else read_target(Path(url), profile=spec.profile)
    )
    if rate_per_s is not None:
        limits = msgspec.structs.replace(described.limits, rate_per_s=rate_per_s)
        described = msgspec.structs.replace(described, limits=limits)
    return open_described(spec, described, named=text)


def _mock_in_process(spec: Spec, seed: int, mutant: str | None) -> OpenTarget:
    from klarna_conformance.mock.in_process import MockWire
    from klarna_conformance.wrong.making import named_mock

    username, password = defaults.USERNAME, defaults.PASSWORD
    mock = named_mock(spec, mutant, seed=seed)
    wire = MockWire(mock, username=username, password=password)
    name = f"mock, mutant {mutant}" if mutant else "mock"
    return HttpTarget(
        facts=TargetFacts(
            name=name,
            base_url=_MOCK_URL,
            kind="mock",
            named="mock",
            mutant=mutant or "",
            orders_url=f"{_MOCK_URL}/_control/orders",
        ),
        username=username,
        password=password,
        wire=wire,
        provisioner=HttpProvisioner(f"{_MOCK_URL}/_control/orders", wire),
        clock_url=f"{_MOCK_URL}/_control/clock",
        abilities=Abilities(keys_may_repeat=True, is_instant=True),
        retries=0,
    )


def _from_url(url: str, spec: Spec) -> TargetFile:
    check_host(url, spec.profile)
    local = is_loopback(host_of(url))
    username = os.environ.get("KLARNA_USERNAME", defaults.USERNAME if local else "")
    password = os.environ.get("KLARNA_PASSWORD", defaults.PASSWORD if local else "")
    if not (username and password):
        raise UsageError(
            f"{url} needs credentials: set KLARNA_USERNAME and KLARNA_PASSWORD in the environment"
        )
    base_url = url.rstrip("/")
    return TargetFile(
        name=base_url,
        base_url=base_url,
        credentials=Credentials(username=username, password=password),
        orders=HttpOrders(url=f"{base_url}/_control/orders") if local else None,
        orders_url=f"{base_url}/_control/orders" if local else "",
        limits=Limits(rate_per_s=None if local else _PLAYGROUND_RATE_PER_S),
    )


def open_described(spec: Spec, described: TargetFile, *, named: str = "") -> OpenTarget:
    """The target that a target file describes, `named` so on the command line."""
    username, password = described.credentials.username, described.credentials.password
    local = is_loopback(host_of(described.base_url))
    make_wire = partial(_wire, described, RateLimiter(described.limits.rate_per_s))
    surroundings = Surroundings(
        spec=spec,
        base_url=described.base_url,
        username=username,
        password=password,
        make_wire=make_wire,
    )
    orders = described.orders
    return HttpTarget(
        facts=TargetFacts(
            name=described.name,
            base_url=described.base_url,
            kind="http",
            origins=described.origins,
            named=named,
            orders_url=described.orders_url,
        ),
        username=username,
        password=password,
        wire=make_wire(),
        provisioner=orders.open(surroundings) if orders else None,
        clock_url=f"{described.base_url}/_control/clock" if local else None,
        limits=described.limits,
        secrets=orders.secrets if orders else (),
        redacted_members=described.redact,
    )


def _wire(described: TargetFile, limiter: RateLimiter) -> Wire:
    wire = Wire(
        timeout_s=described.limits.timeout_s,
        concurrency=described.limits.concurrency + _SENT_TOGETHER,
        tls=described.tls,
        proxy=described.proxy,
        http2=described.http2,
    )
    wire.limiter = limiter
    return wire
