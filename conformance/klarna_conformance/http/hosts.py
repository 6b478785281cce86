"""Hosts: where refunds move no real money, and what it takes to test others."""

import ipaddress
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from klarna_conformance.errors import UsageError
from klarna_specs.profiles import packaged_profiles
from klarna_specs.spec import ProfileFacts

__all__ = ["ACCEPTED", "check_host", "host_of", "is_loopback", "presets"]

ACCEPTED: Final = "i-accept-that-refunds-move-money"
"""The value of `production` in a target file that permits any other host."""


def presets(profile: ProfileFacts) -> dict[str, str]:
    """Base URLs of playgrounds by their short names: of all packaged profiles, and of this one."""
    return {n: url for each in (*packaged_profiles(), profile) for n, url in each.presets.items()}


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


def check_host(url: str, profile: ProfileFacts, production: str = "") -> None:
    """Raises UsageError for a host that is neither a playground nor this machine.

    The playgrounds are those of `presets`. `production` is that member of the target file. Other
    machines are reached over HTTPS only, because every request carries the credentials.
    """
    host = host_of(url)
    if is_loopback(host):
        return
    playgrounds = {host_of(each) for each in presets(profile).values()}
    known = (*packaged_profiles(), profile)
    owner = next((each.title for each in known if host in each.production), "")
    if (owner or host not in playgrounds) and production != ACCEPTED:
        what = f"a production host of {owner}" if owner else "neither a playground nor this machine"
        move = "move" if owner else "may move"
        raise UsageError(
            f"{host} is {what}, and refunds there {move} money; "
            f"a target file with `production: {ACCEPTED}` permits this"
        )
    if not url.lower().startswith("https://"):
        raise UsageError(f"{url} would send the credentials unencrypted; write https://{host}")
