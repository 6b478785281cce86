"""Where a response leads to: the id it told in a header, and its Location."""

from typing import Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from klarna_specs.exchange import Request, Response
from klarna_specs.spec import ResponseSpec

__all__ = ["Leads", "Nowhere", "created_id", "follow", "origin_of"]


class Leads(msgspec.Struct, frozen=True):
    """A Location on the target's own server: the path to ask for, below the base URL."""

    path: str


class Nowhere(msgspec.Struct, frozen=True):
    """A Location that cannot be followed, and why."""

    kind: Literal["absent", "unusable", "elsewhere"]
    why: str


def created_id(response: Response, spec: ResponseSpec) -> str | None:
    """The id that a response told in one of the documented spellings of its header."""
    return next((value for name in spec.id_header if (value := response.header(name))), None)


def follow(base_url: str, request: Request, response: Response) -> Leads | Nowhere:
    """Where the Location of a response leads to, absolute or relative."""
    location = response.header("Location")
    if location is None:
        return Nowhere("absent", "no Location header")
    if len({value for name, value in response.headers if name.lower() == "location"}) > 1:
        return Nowhere("unusable", "several Locations that contradict each other")
    if any(ord(character) <= 32 or ord(character) > 126 for character in location):
        return Nowhere("unusable", f"Location: {location!r} has characters that no URL has")
    base = base_url.rstrip("/")
    try:
        url = urljoin(base + request.path, location)
        same = origin_of(url) == origin_of(base)
        parts = urlsplit(url)
    except ValueError as exc:
        return Nowhere("unusable", f"Location: {location!r} is no URL: {exc}")
    if not same:
        return Nowhere("elsewhere", f"Location: {location} leads to another server")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    prefix = urlsplit(base).path
    if not path.startswith(prefix + "/"):
        return Nowhere("elsewhere", f"Location: {location} is not below {base}")
    return Leads(path.removeprefix(prefix))


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, the default port written out; raises ValueError."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
