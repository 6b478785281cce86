"""A request as a call: its operation, order, key and body."""

import json
import re
import uuid
from functools import cached_property, lru_cache
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from klarna_specs.exchange import NotJson, Payload, Request
from klarna_specs.forms import json_of, number_of_text, open_forms, schema_of
from klarna_specs.json_value import as_array, as_object, leniently
from klarna_specs.scenario import Credentials
from klarna_specs.spec import Operation, Spec

__all__ = [
    "KEY_HEADER",
    "MASKED_KEY",
    "ORDERS_PATH",
    "BodyIs",
    "Call",
    "KeyForm",
    "key_form",
    "operation_of",
    "read_call",
]

ORDERS_PATH = "/ordermanagement/v1/orders/"
"""The prefix of every documented path."""
KEY_HEADER = "Klarna-Idempotency-Key"
MASKED_KEY = "[redacted]"
"""The placeholder of a key, or of a text in a body, that was redacted from recorded traffic."""
BodyIs = Literal["empty", "empty_object", "json", "not_json"]
KeyForm = Literal["none", "uuid4", "uuid", "text"]


class Call(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A request, parsed.

    `body` is its JSON value as a lenient parser reads it (None if there is none); `forms` are the
    open forms in which it is written (`forms.yaml`), which another conformant server may refuse.
    `key_is_masked` says that it had a key that was not recorded.

    >>> call = read_call(spec, refund(7000))
    >>> call.operation.operation, call.order_id, call.member("refunded_amount")
    ('refundOrder', 'o-1', 7000)
    """

    operation: Operation
    order_id: str
    capture_id: str | None = None
    refund_id: str | None = None
    credentials: Credentials = "valid"
    key: str | None = None
    key_is_masked: bool = False
    body_is: BodyIs = "empty"
    body: Any = None
    forms: tuple[str, ...] = ()
    content_type: str = ""
    path_interpretation: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Identifies the call without key and credentials, in any order of JSON members."""
        body = json.dumps(self.body, sort_keys=True)
        return f"{self.operation.operation} {self.order_id} {self.capture_id} {self.body_is} {body}"

    def member(self, name: str) -> Any:
        """A member of the body; None if there is no such member or no object."""
        members = as_object(self.body)
        return members.get(name) if members else None


_TARGET_END = re.compile("[?#]")
"""Where the path of a request target ends."""
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile("[A-Za-z0-9._~-]")


def _plain(encoded: re.Match[str]) -> str:
    """A percent-encoded character, decoded if that is equivalent (RFC 3986, 6.2.2.2)."""
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.match(character) else encoded[0]


@lru_cache(maxsize=64)
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))


def read_call(spec: Spec, request: Request, *, followed: bool = False) -> Call | None:
    """The call of a request; None if no documented operation has its method and path.

    `followed` includes the operations that no run sends. A base URL with a trailing slash makes
    paths that begin with two slashes, which are equivalent. Parsing the same request again is
    cheap, because player, mock, judge and recorder each do it.

    >>> read_call(spec, Request(method="GET", path="/unknown")) is None
    True
    """
    key, content_type = request.header(KEY_HEADER), request.content_type
    around = request.method, request.path, request.credentials, key, content_type
    known = (id(spec), followed, around, request.body)
    read = _CALLS.get(known)  # another thread may clear it at any time
    if read is None:
        read = spec, _read_call(spec, request, followed=followed)
        if len(_CALLS) >= _MOST_CALLS:
            _CALLS.clear()
        _CALLS[known] = read
    return read[1]


_CALLS: dict[tuple[int, bool, tuple[str | None, ...], Payload], tuple[Spec, Call | None]] = {}
"""Recently parsed requests, by what is read of them: a server sees more headers than were set.
Each holds its spec, so that the identity in the key stays unique."""
_MOST_CALLS = 256


def _read_call(spec: Spec, request: Request, *, followed: bool) -> Call | None:
    if (addressed := _addressed(spec, request, followed=followed)) is None:
        return None
    operation, interpretation, ids = addressed
    written = request.header(KEY_HEADER) or None
    key = None if written == MASKED_KEY else written
    forms = open_forms(spec, operation, request, key)
    body_is, body = _body(spec, operation, request.body, forms)
    return Call(
        operation=operation,
        order_id=ids["order_id"],
        capture_id=ids.get("capture_id"),
        refund_id=ids.get("refund_id"),
        credentials=request.credentials,
        key=key,
        key_is_masked=written == MASKED_KEY,
        body_is=body_is,
        body=body,
        forms=forms,
        content_type=request.content_type,
        path_interpretation=interpretation,
    )


def operation_of(spec: Spec, request: Request) -> Operation | None:
    """The documented operation with the method and the path of a request."""
    addressed = _addressed(spec, request, followed=False)
    return addressed[0] if addressed else None


def _addressed(
    spec: Spec, request: Request, *, followed: bool
) -> tuple[Operation, str, dict[str, str]] | None:
    """The operation of a request, the interpretation of its path, and the ids in it."""
    path = _TARGET_END.split(request.path, maxsplit=1)[0]
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if "%" in path:
        path = _ENCODED.sub(_plain, path)
    beside = spec.followed.values() if followed else ()
    for operation in (*spec.operations.values(), *beside):
        if operation.method != request.method:
            continue
        for interpretation, template in operation.paths.items():
            if match := _pattern(template).fullmatch(path):
                ids = {name: unquote(value) for name, value in match.groupdict().items()}
                return operation, interpretation, ids
    return None


def _body(
    spec: Spec, operation: Operation, payload: Payload, forms: tuple[str, ...]
) -> tuple[BodyIs, Any]:
    if not payload.text.removeprefix("\ufeff").strip():
        return "empty", None
    try:
        value = leniently(json_of(payload))
    except NotJson:
        return "not_json", None
    if operation.body is not None and "number-as-text" in forms:
        value = _with_numbers(spec, schema_of(spec, operation.body), value)
    return ("empty_object" if value == {} else "json"), value


def _with_numbers(spec: Spec, schema: Any, value: Any) -> Any:
    """The value with integers in place of strings where the schema has integers."""
    schema = spec.resolved(schema)
    members, parts = as_object(value), as_array(value)
    described = as_object(schema.get("properties")) or {}
    if members is not None:
        return {n: _with_numbers(spec, described.get(n, {}), part) for n, part in members.items()}
    if parts is not None:
        return [_with_numbers(spec, schema.get("items", {}), part) for part in parts]
    number = number_of_text(value) if schema.get("type") == "integer" else None
    return value if number is None else number


@lru_cache(maxsize=4096)
def key_form(key: str | None) -> KeyForm:
    """The form of an idempotency key."""
    if key is None:
        return "none"
    try:
        parsed = uuid.UUID(key)
    except ValueError:
        return "text"
    if str(parsed) != key.lower():
        return "text"
    return "uuid4" if parsed.version == 4 else "uuid"
