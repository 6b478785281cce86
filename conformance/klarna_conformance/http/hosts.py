"""Hosts: where refunds move no real money, and what it takes to test others."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from klarna_conformance.errors import UsageError

__all__ = ["ACCEPTED", "PLAYGROUNDS", "check_host", "host_of", "is_loopback"]

ACCEPTED: Final = "i-accept-that-refunds-move-money"
"""The value of `production` in a target file that permits any other host."""
PLAYGROUNDS: Final[Mapping[str, str]] = {
    "playground-eu": "api.playground.klarna.com",
    "playground-na": "api-na.playground.klarna.com",
    "playground-oc": "api-oc.playground.klarna.com",
}
"""The URLs of Klarna's playgrounds by their short names."""


def host_of(url: str) -> str:
    """The host of a base URL, in lower case; raises UsageError if it is none.

    A URL with credentials, a query or a fragment is refused: they would be recorded.
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


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone, without DNS."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(url: str, production: str = "") -> None:
    """Raises UsageError for a host that is neither a playground nor this machine.

    `production` is that member of the target file. Other machines are reached over HTTPS only,
    because every request carries the credentials.
    """
    host = host_of(url)
    if is_loopback(host):
        return
    if host not in PLAYGROUNDS.values() and production != ACCEPTED:
        raise UsageError(
            f"{host} is neither a playground nor this machine, and refunds there may move money; "
            f"a target file with `production: {ACCEPTED}` permits this"
        )
    if not url.lower().startswith("https://"):
        raise UsageError(f"{url} would send the credentials unencrypted; write https://{host}")
