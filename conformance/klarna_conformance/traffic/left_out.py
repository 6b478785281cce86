"""What whoever recorded traffic left out of it: masks, the rest of cut bodies, headers. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from klarna_specs.calls import MASKED_KEY, ORDERS_PATH
from klarna_specs.exchange import Exchange, Headers, NotJson, Payload, Response

__all__ = [
    "has_masked_id",
    "is_cut",
    "is_mask",
    "keeps_hardly_any_headers",
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
_OFTEN_ALLOWED = frozenset({"content-type", "date"})
"""The headers that are left by recorders which keep no others. A server sends more than these."""


def is_mask(text: str) -> bool:
    """Whether a text stands for one that was left out of a recording."""
    return len(text) <= _LONGEST_MASK and _MASK.fullmatch(text.strip()) is not None


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
