"""HAR files: recorded traffic as exchanges, without the credentials in it."""

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from klarna_conformance.errors import UsageError
from klarna_specs.calls import ORDERS_PATH
from klarna_specs.exchange import Exchange, Failure, Headers, Payload, Request, Response

__all__ = ["Recorded", "read_har", "recorded_at"]

_GZIP = "H4sI"
"""How base64 of a gzip stream begins: the recorder kept it as it came."""
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded exchange with where and when it took place: Unix times in seconds."""

    origin: str
    began_s: float
    ended_s: float
    exchange: Exchange


class _Header(msgspec.Struct):
    name: str
    value: str


class _Posted(msgspec.Struct):
    text: str | None = None
    encoding: str = ""


class _Asked(msgspec.Struct):
    method: str
    url: str
    headers: tuple[_Header, ...] = ()
    postData: _Posted | None = None  # noqa: N815, as HAR spells it


class _Content(msgspec.Struct):
    text: str | None = None
    encoding: str = ""
    size: int = 0


class _Answered(msgspec.Struct):
    status: int
    headers: tuple[_Header, ...] = ()
    content: _Content | None = None


class _Entry(msgspec.Struct):
    startedDateTime: datetime  # noqa: N815
    request: _Asked
    response: _Answered
    time: float = 0.0


class _Log(msgspec.Struct):
    entries: tuple[_Entry, ...]


class _Har(msgspec.Struct):
    log: _Log


def read_har(path: Path) -> list[Recorded]:
    """The exchanges of a file in the order of their beginnings; raises UsageError.

    A status of 0 is how browsers write that no response came.
    """
    try:
        har = msgspec.json.decode(path.read_bytes(), type=_Har)
        recorded = [_recorded(entry) for entry in har.log.entries]
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError) as exc:
        raise UsageError(f"{path} is no HAR file: {exc}") from exc
    return sorted(recorded, key=lambda each: each.began_s)


def _recorded(entry: _Entry) -> Recorded:
    elapsed_s = max(0.0, entry.time / 1000)
    return recorded_at(
        entry.request.url,
        began_s=entry.startedDateTime.timestamp(),
        request=Request(
            method=entry.request.method,
            path="",
            headers=_named(entry.request.headers),
            body=_payload(entry.request.postData),
        ),
        outcome=_outcome(entry.response, elapsed_s),
    )


def recorded_at(
    address: str, *, began_s: float, request: Request, outcome: Response | Failure
) -> Recorded:
    """An exchange at an address, without the credentials in it; `began_s` is Unix time."""
    url = urlsplit(address)
    prefix, path = _split_prefix(url.path)
    query = f"?{url.query}" if url.query else ""
    if isinstance(outcome, Response):
        outcome = msgspec.structs.replace(outcome, headers=_without_secrets(outcome.headers))
    sent = msgspec.structs.replace(
        request, path=path + query, headers=_without_secrets(request.headers)
    )
    return Recorded(
        origin=f"{url.scheme}://{url.netloc.rpartition('@')[2]}{prefix}",
        began_s=began_s,
        ended_s=began_s + outcome.elapsed_s,
        exchange=Exchange(request=sent, outcome=outcome),
    )


def _split_prefix(path: str) -> tuple[str, str]:
    """What stands before the documented path, such as a gateway's prefix, and that path."""
    prefix, found, rest = path.partition(ORDERS_PATH)
    return (prefix.rstrip("/"), found + rest) if found else ("", path)


def _outcome(answered: _Answered, elapsed_s: float) -> Response | Failure:
    if not answered.status:
        return Failure(kind="aborted", message="no response was recorded", elapsed_s=elapsed_s)
    return Response(
        status=answered.status,
        headers=_named(answered.headers),
        body=_payload(answered.content),
        unrecorded=_is_left_out(answered.content),
        elapsed_s=elapsed_s,
    )


def _is_left_out(content: _Content | None) -> bool:
    """Whether there was a body, of which only the size is recorded, or bytes that are no text."""
    if content is None or content.text is None:
        return content is not None and content.size > 0
    return content.encoding == "base64" and content.text.startswith(_GZIP)


def _named(headers: tuple[_Header, ...]) -> Headers:
    return tuple((header.name, header.value) for header in headers)


def _without_secrets(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in _SECRET)


def _payload(content: Any) -> Payload:
    if content is None or content.text is None:
        return Payload("")
    if content.encoding == "base64":
        return Payload.of(base64.b64decode(content.text, validate=True))
    return Payload(content.text)
