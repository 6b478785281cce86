"""Target files: where a run goes, its credentials, and where its orders come from."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from klarna_conformance import defaults
from klarna_conformance.errors import UsageError
from klarna_conformance.http.hosts import check_host, host_of
from klarna_conformance.http.tls import Tls
from klarna_conformance.limits import Limits, duration_s, rate_per_s
from klarna_specs.errors import SpecFileError
from klarna_specs.json_value import as_array, as_object
from klarna_specs.loader import shaped
from klarna_specs.yaml_text import Place, YamlText, parse_yaml

__all__ = [
    "CommandOrders",
    "Credentials",
    "HttpOrders",
    "Orders",
    "PoolOrders",
    "TargetFile",
    "TokenOrders",
    "read_target",
    "target_schema",
]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_Duration = Annotated[str, msgspec.Meta(description="A duration, such as 250ms, 30s or 10m.")]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Credentials(_Part, frozen=True):
    """User and password, each the name of an environment variable: `${KLARNA_PASSWORD}`."""

    username: str
    password: str


class PoolOrders(_Part, frozen=True, tag_field="provisioner", tag="pool"):
    """Orders that exist already, listed in a file beside this one."""

    file: str


class HttpOrders(_Part, frozen=True, tag_field="provisioner", tag="http"):
    """A web service that makes orders: it is posted the plan of each."""

    url: str


class CommandOrders(_Part, frozen=True, tag_field="provisioner", tag="command"):
    """A program that makes orders: it reads a plan a line, and writes an answer a line."""

    command: tuple[str, ...]
    timeout: _Duration = "60s"


class TokenOrders(_Part, frozen=True, tag_field="provisioner", tag="customer_token"):
    """Orders from a customer token; which payment method that stands for, and in which market."""

    token: str
    market: str
    payment_method: Literal["pay_later", "pay_in_4", "pay_now", "card"] = "pay_later"


Orders = PoolOrders | HttpOrders | CommandOrders | TokenOrders


class _Limits(_Part, frozen=True):
    """What a run keeps to: a rate such as `20/s`, counts, durations, minor units of money."""

    rate: str | None = None
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = defaults.CONCURRENCY
    requests: _Count | None = None
    time: _Duration | None = None
    timeout: _Duration = f"{defaults.TIMEOUT_S:g}s"
    settle: _Duration | None = None
    refunded_amount: _Count | None = None


class _Tls(_Part, frozen=True):
    """PEM files, relative to the target file: trusted authorities, and a client certificate."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class _Written(_Part, frozen=True):
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


class TargetFile(msgspec.Struct, frozen=True, kw_only=True):
    """A target as its file describes it, with environment variables filled in.

    `origins` are public base URLs of the same server, which its `Location` headers may name;
    `redact` names more members of JSON bodies whose values are not recorded.
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


def read_target(path: Path) -> TargetFile:
    """The target file at a path; raises UsageError with the line of what is wrong in it."""
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        shaped(text, _Written)
        filled = YamlText(text.file, _filled(text, text.root, ()), text.lines)
        return _typed(filled, path.parent)
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"{path} cannot be read ({exc.strerror if isinstance(exc, OSError) else exc}); "
            "a target is `mock`, a playground's name, a URL or a target file"
        ) from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc


def _filled(text: YamlText, value: Any, place: Place) -> Any:
    """The value with the environment's for every `${NAME}` in it."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return {name: _filled(text, part, (*place, name)) for name, part in members.items()}
    if parts is not None:
        return [_filled(text, part, (*place, index)) for index, part in enumerate(parts)]
    if not isinstance(value, str):
        return value
    if _is_secret(place) and not _VARIABLE.fullmatch(value):
        problem = "credentials come from the environment only; write for example ${KLARNA_PASSWORD}"
        raise text.error(place, problem)

    def variable(found: re.Match[str]) -> str:
        if told := os.environ.get(found[1]):
            return told
        raise text.error(place, f"the environment variable {found[1]} is not set")

    return _VARIABLE.sub(variable, value)


def _is_secret(place: Place) -> bool:
    return place[0] == "credentials" or place == ("orders", "token")


def _typed(text: YamlText, folder: Path) -> TargetFile:
    written: _Written = shaped(text, _Written)
    limits, tls = written.limits, written.tls
    if tls.key and not tls.certificate:
        raise text.error(("tls", "key"), "a key goes with a certificate")
    if written.orders is not None and isinstance(written.orders, CommandOrders):
        if not written.orders.command:
            raise text.error(("orders", "command"), "the command is empty")
        _parsed(text, ("orders", "timeout"), written.orders.timeout)
    try:
        check_host(written.base_url, written.production)
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
        orders=_located(written.orders, folder),
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


def _located(orders: Orders | None, folder: Path) -> Orders | None:
    if isinstance(orders, PoolOrders):
        return msgspec.structs.replace(orders, file=str(folder / orders.file))
    return orders


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
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Target file of klarna-conformance",
        **msgspec.json.schema(_Written),
    }
