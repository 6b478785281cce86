"""Requests of recorded traffic that took the credentials to another server. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin, urlsplit

from klarna_conformance.traffic.har_file import Recorded

__all__ = ["carried_away"]

_AGAIN_WITHIN_S = 60.0
"""A client follows a redirect at once."""


def carried_away(traffic: Sequence[Recorded]) -> Mapping[int, int]:
    """The places of requests that carried credentials away, each with that of its redirect.

    Credentials that a recording masks or leaves out carry nothing. A site that the client called
    with them before, as one region of a provider after another, is no other server.
    """
    found: dict[int, int] = {}
    known: set[tuple[str, str]] = set()
    for place, each in enumerate(traffic):
        if place not in found:
            known.add((_site(each.origin), each.sender))
        target = _target(each)
        if not each.sender or (_site(target), each.sender) in known:
            continue
        later = range(place + 1, len(traffic))
        follows = (other for other in later if _follows(traffic[other], each, target))
        found.update((other, place) for other in list(follows)[:1])
    return found


def _target(each: Recorded) -> str:
    """The URL that a response redirects to, or else that of the request."""
    url, response = each.origin + each.exchange.request.path, each.exchange.response
    if response is None or not 300 <= response.status < 400:
        return url
    try:
        return urljoin(url, response.header("Location") or "")
    except ValueError:
        return url


def _follows(later: Recorded, each: Recorded, target: str) -> bool:
    """Whether a request goes where another one was redirected to, with its credentials."""
    soon = later.began_s - each.ended_s <= _AGAIN_WITHIN_S
    url = later.origin + later.exchange.request.path
    return soon and later.sender == each.sender and _place(url) == _place(target)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.path.rstrip("/").casefold()


def _site(url: str) -> str:
    """The last two labels of the host: the hosts of a provider have these in common."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])
