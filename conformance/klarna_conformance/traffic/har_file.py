"""HAR files: recorded traffic as exchanges, without the credentials in it."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from klarna_conformance.errors import UsageError
from klarna_conformance.http.decoding import NotDecoded, decoded
from klarna_conformance.traffic.left_out import (
    has_masked_id,
    is_cut,
    is_mask,
    keeps_hardly_any_headers,
    unmasked,
    with_masked_values,
    with_unrecorded_headers,
)
from klarna_specs.calls import KEY_HEADER, MASKED_KEY, ORDERS_PATH
from klarna_specs.exchange import Exchange, Failure, Headers, Payload, Request, Response

__all__ = ["UNNAMED", "Recorded", "read_har", "recorded_at", "untimed", "with_unknown_headers"]

UNNAMED = "an id in its path is not recorded"
"""Why nothing can be said of a call on an order, or a part of it, that a mask stands for."""
_NEVER = "1970-01-01T00:00:00Z"
_SILENCE = Response(status=0)
_BODILESS = (204, 304)
_LONGEST_MESSAGE = 200
_GAVE_UP = (444, 460, 499)
"""What gateways log as the status where the client, or they, closed the connection first."""
_GZIP_MAGIC = b"\x1f\x8b\x08"
_LONGEST_BODY = 16 * 2**20
_UUID = re.compile(r"(?<=/)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?=/|$)")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded exchange with where and when it took place: Unix times in seconds.

    `unjudged` is why nothing can be said of it, where that is so. `sender` says which exchanges
    had the same credentials; it is empty where they are not recorded. Without times (`timed`),
    exchanges follow each other in the order of the file, a second apart.
    """

    origin: str
    began_s: float
    ended_s: float
    exchange: Exchange
    unjudged: str = ""
    sender: str = ""
    timed: bool = True

    @property
    def server_s(self) -> float:
        """When it began by the clock of the server: Unix time, in seconds.

        The Date of the response says when it ended there. Without one both clocks count as equal.
        """
        try:
            date = parsedate_to_datetime((self.exchange.response or _SILENCE).header("Date") or "")
        except ValueError:
            return self.began_s
        return date.timestamp() - self.exchange.outcome.elapsed_s


def untimed(traffic: Iterable[Recorded]) -> list[Recorded]:
    """The traffic in its order, without times or durations."""
    return [_untimed(each, float(number)) for number, each in enumerate(traffic)]


def _untimed(recorded: Recorded, began_s: float) -> Recorded:
    replace = msgspec.structs.replace
    exchange = recorded.exchange
    exchange = replace(exchange, outcome=replace(exchange.outcome, elapsed_s=0.0))
    return replace(recorded, began_s=began_s, ended_s=began_s, exchange=exchange, timed=False)


class _Header(msgspec.Struct):
    name: str
    value: str


class _Posted(msgspec.Struct):
    text: str | None = None
    encoding: str = ""


class _Requested(msgspec.Struct):
    method: str
    url: str
    headers: tuple[_Header, ...] = ()
    postData: _Posted | None = None  # noqa: N815, as HAR spells it
    bodySize: int = -1  # noqa: N815


class _Content(msgspec.Struct):
    text: str | None = None
    encoding: str = ""
    size: int = 0


class _Answered(msgspec.Struct):
    status: int | None = None
    headers: tuple[_Header, ...] = ()
    content: _Content | None = None
    bodySize: int = -1  # noqa: N815
    error: str | None = msgspec.field(name="_error", default=None)
    failure: str | None = msgspec.field(name="_failureText", default=None)


class _Entry(msgspec.Struct):
    request: _Requested
    response: _Answered | None
    startedDateTime: str | None = None  # noqa: N815
    time: float = 0.0


class _Log(msgspec.Struct):
    entries: tuple[_Entry, ...]


class _Har(msgspec.Struct):
    log: _Log


def read_har(path: Path, content: bytes) -> list[Recorded]:
    """The exchanges in the content of a file, in the order of their beginnings; raises UsageError.

    A status of 0 is how browsers write that no response came. What is in the file twice, as after
    merging two exports, counts once: the same exchange with the same headers at the same time.
    If any time is missing, the order of the file counts.
    """
    try:
        har = msgspec.json.decode(content, type=_Har)
        recorded = [_recorded(entry) for entry in har.log.entries]
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError) as exc:
        raise UsageError(f"{path} is no HAR file: {exc}") from exc
    recorded = with_unknown_headers(recorded)
    if not all(entry.startedDateTime for entry in har.log.entries):
        return untimed(recorded)
    return sorted(dict.fromkeys(recorded), key=lambda each: each.began_s)


def with_unknown_headers(traffic: list[Recorded]) -> list[Recorded]:
    """The traffic of a recorder; if it kept hardly any headers of responses, others are unknown."""
    if not keeps_hardly_any_headers(each.exchange for each in traffic):
        return traffic
    return [_with_unknown_headers(each) for each in traffic]


def _with_unknown_headers(recorded: Recorded) -> Recorded:
    exchange = recorded.exchange
    if exchange.response is None:
        return recorded
    response = msgspec.structs.replace(exchange.response, unrecorded_headers=("*",))
    return msgspec.structs.replace(
        recorded, exchange=msgspec.structs.replace(exchange, outcome=response)
    )


def _recorded(entry: _Entry) -> Recorded:
    elapsed_s = max(0.0, entry.time / 1000)
    return recorded_at(
        entry.request.url,
        began_s=datetime.fromisoformat(entry.startedDateTime or _NEVER).timestamp(),
        request=Request(
            method=entry.request.method,
            path="",
            headers=_named(entry.request.headers),
            body=_payload(entry.request.postData),
            unrecorded=_is_body_left_out(entry.request),
        ),
        outcome=_outcome(entry.response, elapsed_s),
    )


def recorded_at(
    address: str, *, began_s: float, request: Request, outcome: Response | Failure
) -> Recorded:
    """An exchange at an address, without the credentials in it; `began_s` is Unix time."""
    url = urlsplit(address)
    prefix, path = _split_prefix(_UUID.sub(lambda found: found[0].lower(), url.path))
    query = f"?{url.query}" if url.query else ""
    if isinstance(outcome, Response) and outcome.status in _GAVE_UP:
        message = f"{outcome.status}: the connection was closed before the response"
        outcome = Failure(kind="aborted", message=message, elapsed_s=outcome.elapsed_s)
    if isinstance(outcome, Response):
        outcome = msgspec.structs.replace(
            _as_read(outcome), headers=_without_secrets(outcome.headers)
        )
        outcome = with_unrecorded_headers(outcome)
    sent = msgspec.structs.replace(
        _unmasked(request), path=path + query, headers=_masked_key(request.headers)
    )
    return Recorded(
        origin=f"{url.scheme}://{_host(url)}{prefix}",
        began_s=began_s,
        ended_s=began_s + outcome.elapsed_s,
        exchange=Exchange(request=sent, outcome=outcome),
        sender=_sender(request),
        unjudged=UNNAMED if has_masked_id(path) else "",
    )


def _host(url: SplitResult) -> str:
    """The host in lower case, with its port unless that is the default one."""
    host = url.netloc.rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(url.scheme, ":"))


def _sender(request: Request) -> str:
    """A digest of the credentials in a request; empty without them or with a mask."""
    credentials = request.header("Authorization") or ""
    if not credentials or is_mask(credentials.partition(" ")[2] or credentials):
        return ""
    return hashlib.sha256(credentials.encode()).hexdigest()


def _as_read(response: Response) -> Response:
    """A response with its body as it was before it was compressed, where that is recorded so."""
    raw, left_out = response.body.raw, response.unrecorded or is_mask(response.body.text)
    if raw.startswith(_GZIP_MAGIC):
        try:
            raw, left_out = decoded(raw, "gzip", limit=_LONGEST_BODY)
        except NotDecoded:
            left_out = True
    body = Payload("") if left_out else unmasked(Payload.of(raw), resource=response.is_success)
    left_out = left_out or body is None
    return msgspec.structs.replace(response, body=body or Payload(""), unrecorded=left_out)


def _unmasked(request: Request) -> Request:
    """A request without a mask in place of its body, a part, or the beginning of it."""
    masked = request.unrecorded or is_mask(request.body.text)
    body = None if masked else unmasked(request.body, resource=False)
    return msgspec.structs.replace(request, body=body or Payload(""), unrecorded=body is None)


def _masked_key(headers: Headers) -> Headers:
    """The headers without secrets; a mask in place of an idempotency key is always the same one."""
    secrets = {value for name, value in headers if name.lower() in _SECRET}
    return tuple(
        (name, MASKED_KEY)
        if name.lower() == KEY_HEADER.lower() and value in secrets
        else (name, value)
        for name, value in with_masked_values(_without_secrets(headers))
    )


def _split_prefix(path: str) -> tuple[str, str]:
    """The prefix before the documented path, such as a gateway's, and that path."""
    prefix, found, rest = path.partition(ORDERS_PATH)
    return (prefix.rstrip("/"), found + rest) if found else ("", path)


def _outcome(answered: _Answered | None, elapsed_s: float) -> Response | Failure:
    if answered is None or answered.status is None or answered.status <= 0:
        return Failure(kind="aborted", message="no response was recorded", elapsed_s=elapsed_s)
    headers = _named(answered.headers)
    if answered.status not in _BODILESS and (broken := _broken(answered)):
        message = f"the response broke off: {broken[:_LONGEST_MESSAGE]}"
        return Failure(kind="closed", message=message, elapsed_s=elapsed_s, headers=headers)
    return Response(
        status=answered.status,
        headers=headers,
        body=_payload(answered.content),
        unrecorded=_is_left_out(answered.content),
        elapsed_s=elapsed_s,
    )


def _broken(answered: _Answered) -> str:
    """Why not all of the response arrived; empty if it did, or if that is not recorded.

    A JSON object that is whole arrived, whatever sizes a recorder gives.
    """
    if answered.content and _payload(answered.content).members is not None:
        return answered.error or answered.failure or ""
    lengths = [each.value for each in answered.headers if each.name.lower() == "content-length"]
    length = int(lengths[0]) if lengths and lengths[0].isdecimal() else 0
    if 0 < answered.bodySize < length:
        return f"{answered.bodySize} of {length} bytes"
    return answered.error or answered.failure or ""


def _is_left_out(content: _Content | None) -> bool:
    """Whether there was a body, of which the text, or the rest of it, is not recorded."""
    if content is None:
        return False
    body = _payload(content)
    return not body.raw.startswith(_GZIP_MAGIC) and is_cut(body, content.size)


def _is_body_left_out(requested: _Requested) -> bool:
    """Whether a request had, or may have had, a body that is not recorded; -1 is an unknown size.

    A type is given with a body only.
    """
    body = _payload(requested.postData)
    if body.text:
        return is_cut(body, requested.bodySize)
    typed = any(header.name.lower() == "content-type" for header in requested.headers)
    return requested.bodySize > 0 or (typed and requested.bodySize < 0)


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
