"""What a response refers to: the id in its header, and its Location."""

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from klarna_conformance.http.hosts import is_loopback
from klarna_specs.exchange import Request, Response
from klarna_specs.spec import ResponseSpec

__all__ = [
    "Leads",
    "Nowhere",
    "created_id",
    "follow",
    "ids_in_header",
    "origin_of",
    "plain_path",
    "segments",
]

_UNUSABLE = re.compile(r"[^\x21-\x7e]")


def segments(path: str) -> tuple[str, ...]:
    """The segments of a path; equal for paths that differ in what is percent-encoded only."""
    return tuple(map(unquote, path.split("/")))


def plain_path(target: str) -> str:
    """The path of a request target, without its query and a slash at its end."""
    return target.partition("?")[0].rstrip("/")


class Leads(msgspec.Struct, frozen=True):
    """A Location on the target's own server, as a path below the base URL."""

    path: str


class Nowhere(msgspec.Struct, frozen=True):
    """A Location that cannot be followed, and why."""

    kind: Literal["absent", "unusable", "elsewhere"]
    why: str


def created_id(response: Response, spec: ResponseSpec) -> str | None:
    """The id in the first documented spelling of the header that the response has."""
    return next(iter(ids_in_header(response, spec)), None)


def ids_in_header(response: Response, spec: ResponseSpec) -> tuple[str, ...]:
    """The distinct ids in the documented spellings of the header, in their order."""
    values = (
        value
        for spelling in spec.id_header
        for name, value in response.headers
        if value and name.lower() == spelling.lower()
    )
    return tuple(dict.fromkeys(values))


def follow(bases: Sequence[str], request: Request, response: Response) -> Leads | Nowhere:
    """Where the Location of a response, absolute or relative, leads to.

    `bases` are the base URLs of one server: first the one that receives requests, then its public
    ones.
    """
    location = response.header("Location")
    if location is None:
        return Nowhere("absent", "no Location header")
    if len({value for name, value in response.headers if name.lower() == "location"}) > 1:
        return Nowhere("unusable", "several Locations that contradict each other")
    if _UNUSABLE.search(location):
        return Nowhere("unusable", f"Location: {location!r} has characters that no URL has")
    named = [base.rstrip("/") for base in bases]
    try:
        within = location.startswith(named[0] + "/")
        url = location if within else urljoin(named[0] + request.path, location)
        own = [base for base in named if origin_of(base) == origin_of(url)]
        parts = urlsplit(url)
    except ValueError as exc:
        return Nowhere("unusable", f"Location: {location!r} is no URL: {exc}")
    if not own:
        return Nowhere("elsewhere", f"Location: {location} leads to another server")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    for prefix in (urlsplit(base).path for base in own):
        if path.startswith(prefix + "/"):
            return Leads(path.removeprefix(prefix))
    return Nowhere("elsewhere", f"Location: {location} is not below {own[0]}")


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL; raises ValueError.

    The default port is written out, and every name of this machine's loopback is `localhost`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, "localhost" if is_loopback(host) else host, port
