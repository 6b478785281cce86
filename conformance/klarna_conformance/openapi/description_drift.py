"""What a published API description changes against the specs: both as OpenAPI, member by member."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from klarna_conformance.openapi.document import compile_openapi
from klarna_specs.calls import ORDERS_PATH
from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Operation, Requirement, Spec

__all__ = ["DescriptionChange", "description_changes", "is_openapi"]

_METHODS = ("get", "post", "patch", "put", "delete")
_KEYWORDS = (
    *("type", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)
_DEEPEST = 8
_Members = dict[str, dict[str, Any]]
"""The keywords of each member by its place, such as `order_lines[].name`."""


class DescriptionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between the published description and the specs; empty text for nothing.

    `place` is a member of the request or of a response, a status, or the operation itself. Of an
    enumeration, `specs` and `published` are the values that only they have.
    `touched` are the requirements that rest on it.
    """

    operation: str
    change: Literal["added", "changed", "removed"]
    place: str
    specs: str
    published: str
    touched: tuple[str, ...]


def is_openapi(document: Any) -> bool:
    """Whether a value is an OpenAPI document with paths."""
    members = as_object(document) or {}
    return (
        bool({"openapi", "swagger"} & members.keys())
        and as_object(members.get("paths")) is not None
    )


def description_changes(spec: Spec, published: Any) -> tuple[DescriptionChange, ...]:
    """The differences in operations, statuses, members, limits and enumerations.

    The specs describe fewer members of a response than are published; more are no difference.
    Neither are statuses that the specs have from other sources than the description.
    """
    own = compile_openapi(spec)
    ours, theirs = _operations(own), _operations(published)
    found: list[DescriptionChange] = []
    for operation in spec.operations.values():
        keys = [_key(operation.method.lower(), path) for path in operation.paths.values()]
        described = next((theirs[key] for key in keys if key in theirs), None)
        if described is None:
            found.append(_change(operation, "removed", "operation", keys[0], "", ()))
        else:
            found += _compared(operation, (own, ours[keys[0]]), (published, described))
    known = {_key(o.method.lower(), path) for o in spec.documented for path in o.paths.values()}
    for key in theirs:
        if ORDERS_PATH in key and key not in known:
            found.append(
                DescriptionChange(
                    operation="",
                    change="added",
                    place="operation",
                    specs="",
                    published=key,
                    touched=(),
                )
            )
    return tuple(found)


_Described = tuple[Any, Mapping[str, Any]]
"""A document, and an operation object in it."""


def _operations(document: Any) -> dict[str, dict[str, Any]]:
    paths = as_object(document["paths"]) or {}
    return {
        _key(method, path): operation
        for path, each in paths.items()
        for method in _METHODS
        if (operation := as_object((as_object(each) or {}).get(method))) is not None
    }


def _key(method: str, path: str) -> str:
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"


def _compared(
    operation: Operation, ours: _Described, theirs: _Described
) -> Iterator[DescriptionChange]:
    limits = [r.id for r in operation.requirements if re.search("within_limits|defect", r.rule)]
    yield from _members_compared(operation, "request", _body(*ours), _body(*theirs), limits)
    yield from _statuses_compared(operation, ours, theirs)
    success = str(operation.responses[operation.success].status[0])
    own, published = _response(*ours, success), _response(*theirs, success)
    answered = [r.id for r in operation.requirements if _rests_on_response(r)]
    for each in _members_compared(operation, f"response {success}", own, published, answered):
        if each.change != "added":
            yield each


def _rests_on_response(requirement: Requirement) -> bool:
    return requirement.check in ("described_response", "body")


def _statuses_compared(
    operation: Operation, ours: _Described, theirs: _Described
) -> Iterator[DescriptionChange]:
    own, published = (set(as_object(each.get("responses")) or {}) for _, each in (ours, theirs))
    on_status = [
        r.id for r in operation.requirements if r.check in ("status", "described_response")
    ]
    for status in sorted(published - own - {"default"}):
        yield _change(operation, "added", f"status {status}", "", status, on_status)
    for status in operation.responses[operation.success].status:
        if str(status) not in published:
            yield _change(operation, "removed", f"status {status}", str(status), "", on_status)


def _members_compared(
    operation: Operation, where: str, ours: _Members, theirs: _Members, touched: list[str]
) -> Iterator[DescriptionChange]:
    for name in dict.fromkeys((*ours, *theirs)):
        was, now = ours.get(name), theirs.get(name)
        place = f"{where} {name}".rstrip()
        if was is None or now is None:
            kind = "added" if was is None else "removed"
            yield _change(operation, kind, place, _text(was or {}), _text(now or {}), touched)
            continue
        for keyword in dict.fromkeys((*was, *now)):
            if was.get(keyword) != now.get(keyword):
                old, new = _texts(keyword, was.get(keyword, ""), now.get(keyword, ""))
                yield _change(operation, "changed", f"{place} {keyword}", old, new, touched)


def _texts(keyword: str, was: Any, now: Any) -> tuple[str, str]:
    """Two values of a keyword; of an enumeration what only one of them has."""
    if keyword != "enum":
        return str(was), str(now)
    old, new = ((as_array(each) or [each]) if each else [] for each in (was, now))
    return ", ".join(v for v in old if v not in new), ", ".join(v for v in new if v not in old)


def _text(keywords: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in keywords.items())


def _change(
    operation: Operation,
    change: Literal["added", "changed", "removed"],
    place: str,
    specs: str,
    published: str,
    touched: list[str] | tuple[str, ...],
) -> DescriptionChange:
    return DescriptionChange(
        operation=operation.operation,
        change=change,
        place=place,
        specs=specs,
        published=published,
        touched=tuple(touched),
    )


def _body(document: Any, operation: Mapping[str, Any]) -> _Members:
    """The members of the request body, in OpenAPI 3 or in Swagger 2."""
    parameters = (_resolved(document, each) for each in as_array(operation.get("parameters")) or ())
    old = next((each for each in parameters if each.get("in") == "body"), None)
    return _flat(document, old or _content(document, operation.get("requestBody")))


def _response(document: Any, operation: Mapping[str, Any], status: str) -> _Members:
    responses = as_object(operation.get("responses")) or {}
    response = _resolved(document, responses.get(status))
    return _flat(document, response if "schema" in response else _content(document, response))


def _content(document: Any, described: Any) -> dict[str, Any]:
    """The first JSON media type of a body."""
    content = as_object(_resolved(document, described).get("content")) or {}
    for name, media in content.items():
        if "json" in name:
            return as_object(media) or {}
    return {}


def _flat(document: Any, media: Mapping[str, Any]) -> _Members:
    members: _Members = {}
    _collect(document, media.get("schema"), "", members, 0)
    members.pop("", None)
    return members


def _collect(document: Any, schema: Any, place: str, members: _Members, depth: int) -> None:
    resolved = _resolved(document, schema)
    if depth > _DEEPEST:
        return
    for part in as_array(resolved.get("allOf")) or ():
        _collect(document, part, place, members, depth + 1)
    known = members.setdefault(place, {})
    known |= {k: _plain(resolved[k]) for k in _KEYWORDS if k in resolved}
    required: list[Any] = as_array(resolved.get("required")) or []
    for name, each in (as_object(resolved.get("properties")) or {}).items():
        inner = f"{place}.{name}" if place else name
        _collect(document, each, inner, members, depth + 1)
        if name in required:
            members[inner]["required"] = True
    if "items" in resolved:
        _collect(document, resolved["items"], f"{place}[]", members, depth + 1)


def _plain(value: Any) -> Any:
    """A keyword's value, without the order of lists and without null, whose forms differ."""
    parts = as_array(value)
    if parts is None:
        return value
    plain = sorted(str(part) for part in parts if part not in (None, "null"))
    return plain[0] if len(plain) == 1 else plain


def _resolved(document: Any, value: Any) -> dict[str, Any]:
    """The object behind references within the document; empty if there is none."""
    members = as_object(value) or {}
    for _ in range(_DEEPEST):
        reference = members.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = (as_object(found) or {}).get(name)
        members = as_object(found) or {}
    return members
