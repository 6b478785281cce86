"""What whoever recorded traffic left out of it: masks, the rest of cut bodies, headers. Pure."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from klarna_specs.calls import MASKED_KEY, ORDERS_PATH
from klarna_specs.exchange import Exchange, Headers, NotJson, Payload, Response
from klarna_specs.json_value import as_array, as_object

__all__ = [
    "has_masked_id",
    "is_cut",
    "is_mask",
    "keeps_hardly_any_headers",
    "unmasked",
    "with_masked_values",
    "with_unrecorded_headers",
]

_LONGEST_MASK = 80
_MASK = re.compile(
    r"\W*(redacted|filtered|masked|removed|hidden|scrubbed|sanitized|anonymized|omitted)\W*"
    r"|<[A-Z][A-Z0-9_ -]*>|[xX*#•-]{3,}",
    re.IGNORECASE,
)
"""What stands in recordings where something was left out."""
_PART = re.compile(r"[*•]{3,}|[\[<](redacted|filtered|masked|removed|hidden)[\]>]", re.IGNORECASE)
"""What stands in a text of which a part was left out."""
_TEXTS = frozenset({"description", "reference", "name", "merchant_data"})
"""Members that are compared as texts only."""
_AMOUNTS = ("captured_amount", "refunded_amount")
"""Without which a resource cannot be compared with what created it."""
_COMPLETE = frozenset({"order_lines", "options"})
"""Members of resources in which members are required."""
_OFTEN_ALLOWED = frozenset({"content-type", "date"})
"""The headers that are left by recorders which keep no others. A server sends more than these."""


def is_mask(text: str) -> bool:
    """Whether a text stands for one that was left out of a recording."""
    return len(text) <= _LONGEST_MASK and _MASK.fullmatch(text.strip()) is not None


def unmasked(body: Payload, *, resource: bool) -> Payload | None:
    """A body with one mask for all texts that were left out; None where the rest says too little.

    Of a `resource`, in which no member is required, other masked members are left out.
    """
    if not _PART.search(body.text) and not _MASK.search(body.text):
        return body
    try:
        value = body.json()
    except NotJson:
        return None if _PART.search(body.text) else body
    top = as_object(value) or {}
    if any(is_mask(amount) for name in _AMOUNTS if isinstance(amount := top.get(name), str)):
        return None
    try:
        known = _known(value, resource=resource)
    except _Unknown:
        return None
    return body if known == value else Payload(json.dumps(known, ensure_ascii=False))


class _Unknown(Exception):
    """What a mask stands for cannot be left out."""


def _known(value: Any, *, resource: bool) -> Any:
    members, parts = as_object(value), as_array(value)
    if parts is not None:
        return [_known(part, resource=resource) for part in parts]
    if members is None:
        if isinstance(value, str) and is_mask(value):
            raise _Unknown
        return value
    known: dict[str, Any] = {}
    for name, part in members.items():
        text = part if isinstance(part, str) else ""
        if name in _TEXTS and (is_mask(text) or _PART.search(text)):
            known[name] = MASKED_KEY
        elif not is_mask(text):
            known[name] = _known(part, resource=resource and name not in _COMPLETE)
        elif not resource:
            raise _Unknown
    return known


def is_cut(body: Payload, size: int) -> bool:
    """Whether a body is only the beginning of one of `size` bytes.

    JSON that is whole was not cut, but written or compressed in another way.
    """
    if len(body.raw) >= size:
        return False
    try:
        body.json()
    except NotJson:
        return True
    return False


def has_masked_id(path: str) -> bool:
    """Whether a documented path has a mask in place of an id."""
    _, found, ids = urlsplit(path).path.partition(ORDERS_PATH)
    return bool(found) and any(is_mask(unquote(each)) for each in ids.split("/"))


def with_masked_values(headers: Headers) -> Headers:
    """The headers of a request; a mask in place of a value is always the same one."""
    return tuple((name, MASKED_KEY if is_mask(value) else value) for name, value in headers)


def with_unrecorded_headers(response: Response) -> Response:
    """A response without headers that have a mask for a value, or in the path of a Location."""
    masked = {
        name.lower()
        for name, value in response.headers
        if is_mask(value) or (name.lower() == "location" and has_masked_id(value))
    }
    if not masked:
        return response
    kept = tuple(each for each in response.headers if each[0].lower() not in masked)
    return replace(response, headers=kept, unrecorded_headers=tuple(sorted(masked)))


def keeps_hardly_any_headers(exchanges: Iterable[Exchange]) -> bool:
    """Whether what is recorded of responses looks like an allow list of headers."""
    responses = [each.response for each in exchanges if each.response]
    names = {name.lower() for response in responses for name, _ in response.headers}
    return bool(responses) and names <= _OFTEN_ALLOWED
