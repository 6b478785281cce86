"""Target files and URLs: where a run goes, its credentials, and where its orders come from."""

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import UsageError
from klarna_conformance.http_target import HttpTarget
from klarna_conformance.provisioners import HttpProvisioner, NoProvisioner, Provisioner
from klarna_conformance.wire import Wire
from klarna_reports.record import TargetFacts
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["TargetFile", "open_target", "read_target"]

_PLAYGROUNDS = (
    "api.playground.klarna.com",
    "api-na.playground.klarna.com",
    "api-oc.playground.klarna.com",
)
_ACCEPTED = "i-accept-that-refunds-move-money"
_MOCK_URL = "http://mock"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _Credentials(_Part, frozen=True):
    username: str
    password: str


class _Orders(_Part, frozen=True):
    provisioner: str
    url: str


class _Limits(_Part, frozen=True):
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = defaults.CONCURRENCY
    timeout: str = f"{defaults.TIMEOUT_S:g}s"


class TargetFile(_Part, frozen=True):
    """What a target file says; durations are texts such as `30s`."""

    name: str
    base_url: str
    credentials: _Credentials
    orders: _Orders | None = None
    limits: _Limits = _Limits()
    production: str = ""


def open_target(text: str, spec: Spec, *, seed: int, mutant: str | None = None) -> HttpTarget:
    """The target that a command line names: `mock` (or a mutant of it), a URL, or a target file.

    Raises UsageError where it is none of them, or a host where refunds move real money.
    """
    if mutant is not None and text != "mock":
        raise UsageError("--mutant goes with the mock only")
    if text == "mock":
        return _mock_in_process(spec, seed, mutant)
    described = _from_url(text) if "://" in text else read_target(Path(text))
    return _over_http(described)


def _mock_in_process(spec: Spec, seed: int, mutant: str | None) -> HttpTarget:
    from klarna_conformance.mock.app import mock_app
    from klarna_conformance.mutants.making import named_mock

    username, password = defaults.USERNAME, defaults.PASSWORD
    app = mock_app(named_mock(spec, mutant, seed=seed), username=username, password=password)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return HttpTarget(
        facts=TargetFacts(name="mock", base_url=_MOCK_URL, kind="mock"),
        username=username,
        password=password,
        wire=Wire(transport=transport),
        provisioner=HttpProvisioner(f"{_MOCK_URL}/_control/orders", Wire(transport=transport)),
        clock_url=f"{_MOCK_URL}/_control/clock",
    )


def _from_url(url: str) -> TargetFile:
    local = _is_loopback(_host(url))
    username = os.environ.get("KLARNA_USERNAME", defaults.USERNAME if local else "")
    password = os.environ.get("KLARNA_PASSWORD", defaults.PASSWORD if local else "")
    if not (username and password):
        raise UsageError(
            f"{url} needs credentials: set KLARNA_USERNAME and KLARNA_PASSWORD in the environment"
        )
    orders = _Orders(provisioner="http", url=f"{url.rstrip('/')}/_control/orders")
    return TargetFile(
        name=url,
        base_url=url,
        credentials=_Credentials(username=username, password=password),
        orders=orders if local else None,
    )


def read_target(path: Path) -> TargetFile:
    """A target file, checked, with its environment variables filled in; raises UsageError."""
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        described: TargetFile = shaped(text, TargetFile)
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"{path} cannot be read ({exc.strerror if isinstance(exc, OSError) else exc}); "
            "a target is `mock`, a URL or a target file"
        ) from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    line = text.line(("credentials",))
    credentials = _Credentials(
        username=_expanded(described.credentials.username, f"{path}:{line}"),
        password=_expanded(described.credentials.password, f"{path}:{line}"),
    )
    return msgspec.structs.replace(described, credentials=credentials)


def _expanded(text: str, where: str) -> str:
    match = re.fullmatch(r"\$\{(\w+)\}", text)
    if match is None:
        raise UsageError(
            f"{where}: credentials come from the environment only; write ${{KLARNA_PASSWORD}}"
        )
    value = os.environ.get(match[1])
    if not value:
        raise UsageError(f"{where}: the environment variable {match[1]} is not set")
    return value


def _over_http(described: TargetFile) -> HttpTarget:
    host = _host(described.base_url)
    local = _is_loopback(host)
    if not local and host not in _PLAYGROUNDS and described.production != _ACCEPTED:
        raise UsageError(
            f"{host} is neither a playground nor this machine, and refunds there may move money; "
            f"a target file that says `production: {_ACCEPTED}` lifts this"
        )
    if described.orders is not None and described.orders.provisioner != "http":
        raise UsageError(
            f"there is no provisioner {described.orders.provisioner!r}; there is `http`"
        )
    base_url = described.base_url.rstrip("/")
    return HttpTarget(
        facts=TargetFacts(name=described.name, base_url=base_url, kind="http"),
        username=described.credentials.username,
        password=described.credentials.password,
        wire=_wire(described.limits),
        provisioner=_provisioner(described),
        clock_url=f"{base_url}/_control/clock" if local else None,
        concurrency=described.limits.concurrency,
    )


def _provisioner(described: TargetFile) -> Provisioner:
    if described.orders is None:
        return NoProvisioner()
    return HttpProvisioner(described.orders.url, _wire(described.limits))


def _wire(limits: _Limits) -> Wire:
    return Wire(timeout_s=_seconds(limits.timeout), concurrency=limits.concurrency)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise UsageError(f"{url!r} is no URL: {exc}") from exc
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise UsageError(f"{url!r} is no base URL; write for example http://127.0.0.1:8080")
    return host


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", host) is not None


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if match is None or not float(match[1]):
        raise UsageError(f"timeout: {text!r} is no duration; write for example 30s or 10m")
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2]]
