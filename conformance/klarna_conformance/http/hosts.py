"""Hosts: where refunds are play money, and where they would not be."""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from klarna_conformance.errors import UsageError

__all__ = ["ACCEPTED", "PLAYGROUNDS", "check_host", "host_of", "is_loopback"]

ACCEPTED: Final = "i-accept-that-refunds-move-money"
"""What a target file says under `production` before any other host is asked."""
PLAYGROUNDS: Final[Mapping[str, str]] = {
    "playground-eu": "api.playground.klarna.com",
    "playground-na": "api-na.playground.klarna.com",
    "playground-oc": "api-oc.playground.klarna.com",
}
"""Klarna's playgrounds by the short name that can stand for their URL."""


def host_of(url: str) -> str:
    """The host of a base URL, in lower case; raises UsageError where it is none.

    Credentials, a query or a fragment in it are refused: they would end up in the record.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise UsageError(f"{url!r} is no URL: {exc}") from exc
    more = parts.username is not None or parts.query or parts.fragment or "\\" in url
    if parts.scheme not in ("http", "https") or not host or more:
        shown = url if parts.username is None else f"{parts.scheme}://...@{host}"
        raise UsageError(f"{shown!r} is no base URL; write for example http://127.0.0.1:8080")
    return host


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone: nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(url: str, production: str = "") -> None:
    """Raises UsageError for a host that is neither a playground nor this machine.

    `production` is what the target file says to that. Playgrounds are asked over HTTPS only, for
    the credentials go with every request.
    """
    host = host_of(url)
    if is_loopback(host):
        return
    if host not in PLAYGROUNDS.values() and production != ACCEPTED:
        raise UsageError(
            f"{host} is neither a playground nor this machine, and refunds there may move money; "
            f"a target file that says `production: {ACCEPTED}` lifts this"
        )
    if not url.lower().startswith("https://"):
        raise UsageError(f"{url} would send the credentials unencrypted; write https://{host}")
