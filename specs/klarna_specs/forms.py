"""Recognises the open forms of a request (`forms.yaml`): equivalent notations. Pure."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from klarna_specs.exchange import NotJson, Payload, Request
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.spec import BodySpec, Operation, Spec

__all__ = ["RECOGNISED", "json_of", "number_of_text", "open_forms", "schema_of"]

_LONGEST_KEY = 64
"""The length in characters above which a key is long; a UUID has 36."""
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
_RANGES = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}
_DEEPEST = 64
_MARK = "\ufeff"


class _Written(msgspec.Struct, frozen=True):
    """A request with a JSON value in its body, and the nested values of that.

    `parts` are those that are neither objects nor arrays; `described` are pairs of a schema and a
    value that it describes.
    """

    spec: Spec
    request: Request
    parts: list[Any]
    described: list[tuple[Any, Any]]


def json_of(payload: Payload) -> Any:
    """The JSON value of a request body, as a parser with every usual extension reads it.

    A byte order mark and comments are skipped, and of several values the first one counts. Raises
    NotJson if no such parser finds a value.
    """
    plain = _unmarked(payload)
    try:
        return plain.json()
    except NotJson:
        if payload.encoding != "utf-8":
            raise
    try:
        value, _ = json.JSONDecoder(parse_constant=_refused).raw_decode(plain.text.lstrip())
    except (ValueError, RecursionError):
        value = _json5(plain.text)
    if as_object(value) is None:
        raise NotJson("the body is no JSON object, also with the usual extensions")
    return value


def _unmarked(payload: Payload) -> Payload:
    if not payload.text.startswith(_MARK):
        return payload
    return Payload(payload.text.removeprefix(_MARK), payload.encoding)


def _json5(text: str) -> Any:
    import json5

    try:
        value = json5.loads(text)
    except (ValueError, RecursionError) as exc:
        raise NotJson(f"the body is not JSON: {exc}") from exc
    if any(map(_is_endless, _parts(value))):
        raise NotJson("NaN and Infinity are no numbers that money could have")
    return value


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_endless(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def number_of_text(value: Any) -> int | None:
    """The integer in a string; None if the value is not a string with an integer."""
    whole = isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value)
    return int(value) if whole else None


def open_forms(
    spec: Spec, operation: Operation, request: Request, key: str | None
) -> tuple[str, ...]:
    """The names of the open forms in which a request is written."""
    written = _written(spec, operation, request)
    in_body = [n for n, recognised in _IN_BODY.items() if written and recognised(written)]
    around = {"repeated-slash": request.path.startswith("//"), "long-key": _is_long(key)}
    return (*in_body, *(name for name in _AROUND if around[name]))


def _written(spec: Spec, operation: Operation, request: Request) -> _Written | None:
    if operation.body is None or not request.body.text:
        return None
    with suppress(NotJson):
        if (value := json_of(request.body)) is not None:
            described = _described(spec, schema_of(spec, operation.body), value)
            return _Written(spec, request, _parts(value), described)
    return None


def schema_of(spec: Spec, body: BodySpec) -> Any:
    """The most detailed schema of a request body: with all described members."""
    return spec.schemas[body.limits or body.schema]


def _media_type(written: _Written) -> bool:
    media_type = written.request.content_type
    is_json = media_type in ("", "application/json") or media_type.endswith("+json")
    return not is_json


def _byte_order_mark(written: _Written) -> bool:
    return written.request.body.text.startswith(_MARK)


def _json_extension(written: _Written) -> bool:
    try:
        _unmarked(written.request.body).json()
    except NotJson:
        return True
    return False


def _repeated_member(written: _Written) -> bool:
    repeated = False

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        members = dict(pairs)
        repeated = repeated or len(members) < len(pairs)
        return members

    try:
        json.loads(written.request.body.text.removeprefix(_MARK), object_pairs_hook=noted)
    except (ValueError, RecursionError):
        return False
    return repeated


def _negative_zero(written: _Written) -> bool:
    """A parser of integers drops the sign of -0, so the text is searched."""
    if "-0" not in written.request.body.text:
        return False
    found: list[str] = []

    def noted(text: str) -> float:
        if float(text) == 0 and text.startswith("-"):
            found.append(text)
        return float(text)

    with suppress(ValueError, RecursionError):
        text = written.request.body.text.removeprefix(_MARK).lstrip()
        json.JSONDecoder(parse_int=noted, parse_float=noted).raw_decode(text)
    return bool(found)


def _integer_out_of_range(written: _Written) -> bool:
    """Outside the range that the description gives the member, or outside 64 bits."""

    def is_out(schema: Any, value: Any) -> bool:
        whole = is_integer(value) or _is_whole_float(value)
        return whole and int(value) not in _RANGES[schema.get("format", "int64")]

    return any(is_out({}, value) for value in written.parts) or any(
        is_out(schema, value) for schema, value in written.described
    )


def _number_as_text(written: _Written) -> bool:
    return any(
        isinstance(value, str)
        and schema.get("type") == "integer"
        and number_of_text(value) is not None
        for schema, value in written.described
    )


def _unknown_member(written: _Written) -> bool:
    return any(
        not members.keys() <= described.keys()
        for schema, value in written.described
        if (members := as_object(value)) is not None
        and (described := as_object(schema.get("properties"))) is not None
    )


def _incomplete_member(written: _Written) -> bool:
    """Only for members that a server may do without (`x-expected` in the schema)."""
    return any(
        not members.keys() >= set(schema.get("x-expected", ()))
        for schema, value in written.described
        if (members := as_object(value)) is not None
    )


def _unread_member(written: _Written) -> bool:
    """An item of a list that a server may not read at all (`x-unread`) that is not as described."""

    def is_odd(schema: Any, value: Any) -> bool:
        described = written.spec.schemas[schema["x-unread"].rsplit(":", 1)[1]]["properties"]
        items = [as_object(item) for item in as_array(value) or ()]
        return any(
            item is None
            or not all(name in described and isinstance(item[name], str) for name in item)
            for item in items
        )

    return any("x-unread" in schema and is_odd(schema, v) for schema, v in written.described)


def _is_long(key: str | None) -> bool:
    return key is not None and len(key) > _LONGEST_KEY


def _some(is_of_it: Callable[[Any], bool]) -> Callable[[_Written], bool]:
    return lambda written: any(map(is_of_it, written.parts))


def _is_whole_float(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _has(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.search(value) is not None


_IN_BODY: Mapping[str, Callable[[_Written], bool]] = {
    "media-type": _media_type,
    "byte-order-mark": _byte_order_mark,
    "json-extension": _json_extension,
    "repeated-member": _repeated_member,
    "whole-float": _some(_is_whole_float),
    "negative-zero": _negative_zero,
    "integer-out-of-range": _integer_out_of_range,
    "number-as-text": _number_as_text,
    "null-member": _some(lambda value: value is None),
    "unknown-member": _unknown_member,
    "incomplete-member": _incomplete_member,
    "unread-member": _unread_member,
    "control-character": _some(_has(_UNSTORABLE)),
    "lone-surrogate": _some(_has(_SURROGATE)),
}
"""The function that recognises each open form of a body, by the name of the form."""
_AROUND = ("repeated-slash", "long-key")
RECOGNISED = (*_IN_BODY, *_AROUND)
"""The names of the open forms."""


def _parts(value: Any) -> list[Any]:
    """Every nested value in a JSON object or array that is neither of them."""
    found: list[Any] = []
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [part for container in level for part in _inner(container)]
        if not level:
            break
        found += [part for part in level if not isinstance(part, dict | list)]
    return found


def _inner(value: Any) -> Iterable[Any]:
    members = None if isinstance(value, str) else as_object(value)
    return members.values() if members is not None else as_array(value) or ()


def _described(spec: Spec, schema: Any, value: Any) -> list[tuple[Any, Any]]:
    """The value and every nested value that has a schema, after its schema."""
    found: list[tuple[Any, Any]] = []
    waiting = [(schema, value)]
    while waiting:
        schema, value = waiting.pop()
        schema = spec.resolved(schema)
        found.append((schema, value))
        members, parts = as_object(value), as_array(value)
        if members is not None:
            known = as_object(schema.get("properties")) or {}
            waiting += [(known[name], part) for name, part in members.items() if name in known]
        elif parts is not None and "items" in schema:
            waiting += [(schema["items"], part) for part in parts]
    return found
