"""Target files: the server of a run, its credentials, its limits, and its provisioner."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import UsageError
from klarna_conformance.http.hosts import check_host, host_of
from klarna_conformance.http.tls import Tls
from klarna_conformance.limits import Duration, Limits, Rate, duration_s, rate_per_s
from klarna_conformance.target.provisioners import HttpOrders, Orders
from klarna_specs.errors import SpecFileError
from klarna_specs.file_schema import file_schema
from klarna_specs.json_value import as_array, as_object
from klarna_specs.profiles import DEFAULT_PROFILE, is_path
from klarna_specs.shaping import shaped
from klarna_specs.spec import ProfileFacts
from klarna_specs.yaml_text import Place, YamlText, parse_yaml

__all__ = ["Credentials", "TargetFile", "profile_named_in", "read_target", "target_schema"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Credentials(_Part, frozen=True):
    """User and password, each as an environment variable: `${KLARNA_PASSWORD}`."""

    username: str
    password: str


class _Limits(_Part, frozen=True):
    """The limits of a run: a rate such as `20/s`, counts, durations, money in minor units."""

    rate: Rate | None = None
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = defaults.CONCURRENCY
    requests: _Count | None = None
    time: Duration | None = None
    timeout: Duration = f"{defaults.TIMEOUT_S:g}s"
    settle: Duration | None = None
    refunded_amount: _Count | None = None


class _Tls(_Part, frozen=True):
    """PEM files, relative to the target file: trusted CAs, a client certificate and its key."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class _Target(_Part, frozen=True):
    """The server of a run. `${NAME}` in any text is replaced by the environment variable.

    `orders` provides the orders, `profile` names the provider or edition, `origins` are further
    public base URLs of the server, and the values of the members in `redact` are not recorded.
    """

    name: str
    base_url: str
    credentials: Credentials
    orders: Orders | None = None
    limits: _Limits = _Limits()
    tls: _Tls = _Tls()
    proxy: str | None = None
    http2: bool = False
    origins: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    production: str = ""
    profile: str = DEFAULT_PROFILE


_SECRETS = {
    "credentials": Credentials.__struct_fields__,
    "orders": tuple(name for kind in get_args(Orders) for name in kind.SECRETS),
}
"""The members that must be environment variables."""


class TargetFile(msgspec.Struct, frozen=True, kw_only=True):
    """A target file with its environment variables filled in.

    `origins` are public base URLs of the same server that its `Location` headers may have; `redact`
    are further members of JSON bodies whose values are not recorded. `orders_url` is the URL of
    `orders` if it may be recorded.
    """

    name: str
    base_url: str
    credentials: Credentials
    orders: Orders | None = None
    limits: Limits = Limits()
    tls: Tls | None = None
    proxy: str | None = None
    http2: bool = False
    origins: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    production: str = ""
    orders_url: str = ""


def profile_named_in(path: Path) -> str:
    """The profile that a target file names, the default one if it cannot be read.

    The path of a profile file is relative to the target file.
    """
    try:
        root = parse_yaml(str(path), path.read_text(encoding="utf-8")).root
    except (OSError, UnicodeDecodeError, SpecFileError):
        return DEFAULT_PROFILE  # `read_target` reports the error
    named = (as_object(root) or {}).get("profile", DEFAULT_PROFILE)
    if not isinstance(named, str):
        return DEFAULT_PROFILE
    return str(path.parent / named) if is_path(named) else named


def read_target(path: Path, *, profile: ProfileFacts | None = None) -> TargetFile:
    """The target file at a path; raises UsageError with the line of the error in it.

    Its host may be a playground of the profile.
    """
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        _refuse_secrets(text)  # before other errors: they may quote values
        orders = shaped(text, _Target).orders
        filled = YamlText(text.file, _filled(text, text.root, ()), text.lines)
        public = _public_url(orders)
        return msgspec.structs.replace(
            _typed(filled, path.parent, profile or ProfileFacts()), orders_url=public
        )
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"{path} cannot be read ({exc.strerror if isinstance(exc, OSError) else exc}); "
            "a target is `mock`, a playground, a URL or a target file"
        ) from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc


def _public_url(orders: Orders | None) -> str:
    """The URL of a web service that makes orders; empty if it may contain a secret."""
    url = orders.url if isinstance(orders, HttpOrders) else ""
    return "" if any(mark in url for mark in ("${", "@", "?")) else url


def _refuse_secrets(text: YamlText) -> None:
    """Raises SpecFileError for a credential that is not an environment variable."""
    for section, names in _SECRETS.items():
        members = as_object((as_object(text.root) or {}).get(section)) or {}
        for name in names:
            written = members.get(name)
            if name in members and not (isinstance(written, str) and _VARIABLE.fullmatch(written)):
                problem = "credentials come from the environment only; write for example "
                raise text.error((section, name), problem + "${KLARNA_PASSWORD}")


def _filled(text: YamlText, value: Any, place: Place) -> Any:
    """The value with environment variables for every `${NAME}` in it."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {name: _filled(text, part, (*place, name)) for name, part in members.items()}
    if parts is not None:
        return [_filled(text, part, (*place, n)) for n, part in enumerate(parts)]
    if not isinstance(value, str):
        return value

    def filled(found: re.Match[str]) -> str:
        if variable := os.environ.get(found[1]):
            return variable
        raise text.error(place, f"the environment variable {found[1]} is not set")

    return _VARIABLE.sub(filled, value)


def _typed(text: YamlText, folder: Path, profile: ProfileFacts) -> TargetFile:
    written: _Target = shaped(text, _Target)
    limits, tls = written.limits, written.tls
    if tls.key and not tls.certificate:
        raise text.error(("tls", "key"), "a key goes with a certificate")
    if written.orders is not None and (wrong := written.orders.problem) is not None:
        member, problem = wrong
        raise text.error(("orders", member), problem)
    try:
        check_host(written.base_url, profile, written.production)
    except UsageError as exc:
        raise text.error(("base_url",), str(exc)) from exc
    for index, origin in enumerate(written.origins):
        try:
            host_of(origin)
        except UsageError as exc:
            raise text.error(("origins", index), str(exc)) from exc
    return TargetFile(
        name=written.name,
        base_url=written.base_url.rstrip("/"),
        credentials=written.credentials,
        orders=written.orders and written.orders.located(folder),
        limits=Limits(
            concurrency=limits.concurrency,
            timeout_s=_parsed(text, ("limits", "timeout"), limits.timeout),
            settle_s=_parsed(text, ("limits", "settle"), limits.settle) if limits.settle else 0.0,
            rate_per_s=_rate(text, limits.rate),
            requests=limits.requests,
            time_s=_parsed(text, ("limits", "time"), limits.time) if limits.time else None,
            refunded_amount=limits.refunded_amount,
        ),
        tls=_tls(tls, folder),
        proxy=written.proxy,
        http2=written.http2,
        origins=tuple(origin.rstrip("/") for origin in written.origins),
        redact=written.redact,
        production=written.production,
    )


def _tls(tls: _Tls, folder: Path) -> Tls | None:
    if tls == _Tls():
        return None
    ca, certificate, key = (
        folder / name if name else None for name in (tls.ca, tls.certificate, tls.key)
    )
    return Tls(ca=ca, certificate=certificate, key=key)


def _parsed(text: YamlText, place: Place, written: str) -> float:
    try:
        return duration_s(written)
    except ValueError as exc:
        raise text.error(place, f"{place[-1]}: {exc}") from exc


def _rate(text: YamlText, written: str | None) -> float | None:
    try:
        return rate_per_s(written) if written else None
    except ValueError as exc:
        raise text.error(("limits", "rate"), f"rate: {exc}") from exc


def target_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of target files."""
    schema = file_schema(_Target, "target", "Target file of klarna-conformance")
    for kind in (Credentials, *get_args(Orders)):
        members = schema["$defs"][kind.__name__]["properties"]
        for name in members.keys() & {*_SECRETS["credentials"], *_SECRETS["orders"]}:
            members[name]["pattern"] = f"^{_VARIABLE.pattern}$"
    return schema
