"""JSON bodies against their schemas, strictly: 1.0 is not an integer, formats count.

Most bodies are valid, which jsonschema-rs finds about a hundred times as fast; jsonschema reports
how an invalid body breaks its schema.
"""

import json
from functools import cache, cached_property
from typing import Any, Literal

import jsonschema_rs

from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.spec import Spec

__all__ = ["defect", "is_valid", "violations"]

_OWN = ("$id", "$schema")
"""Members that would make a schema a separate document when it is inlined."""
_LONGEST = 60
"""A longer value is not repeated in a violation."""
_DEEPEST = 200
"""A body nested deeper than this is invalid without further validation."""


@cache
def _strict() -> Any:
    """The validator class of jsonschema, without 1.0 as an integer; importing it takes a while."""
    from jsonschema import Draft202012Validator, validators

    def integer(_checker: Any, value: Any) -> bool:
        return is_integer(value)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", integer)
    extended: Any = validators
    return extended.extend(Draft202012Validator, type_checker=checker)


class _Schema:
    """One compiled schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._fast = jsonschema_rs.validator_for(schema, validate_formats=True)

    def is_valid(self, value: Any) -> bool:
        shape = _shape(value)
        if shape == "deep":
            return False
        return (shape == "plain" and self._fast.is_valid(value)) or self.exact.is_valid(value)

    @cached_property
    def exact(self) -> Any:
        return _strict()(self._schema, format_checker=_strict().FORMAT_CHECKER)


_SCHEMAS: dict[int, tuple[dict[str, Any], dict[str, _Schema]]] = {}
"""Compiled schemas by the identity of their mapping, which is kept alive with them:
specs that differ only in their rules share one."""


def _schema(spec: Spec, name: str) -> _Schema:
    _, known = _SCHEMAS.setdefault(id(spec.schemas), (spec.schemas, {}))
    if name not in known:
        known[name] = _Schema(_inlined(spec, spec.schemas[name]))
    return known[name]


def _inlined(spec: Spec, schema: Any) -> Any:
    """The schema with its references inlined."""
    members, parts = as_object(schema), as_array(schema)
    if members is not None and "$ref" in members:
        return _inlined(spec, spec.resolved(members))
    if members is not None:
        return {key: _inlined(spec, part) for key, part in members.items() if key not in _OWN}
    return [_inlined(spec, part) for part in parts] if parts is not None else schema


def violations(spec: Spec, schema: str, value: Any) -> tuple[str, ...]:
    """Every violation of a schema by a JSON value, sorted by place; empty if it is valid."""
    if is_valid(spec, schema, value):
        return ()
    if _shape(value) == "deep":
        return ("$: nested too deeply to be read",)
    found = _schema(spec, schema).exact.iter_errors(value)
    errors = sorted(found, key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {_problem(error)}" for error in errors)


def is_valid(spec: Spec, schema: str, value: Any) -> bool:
    """Whether a JSON value has no violation of a schema."""
    return _schema(spec, schema).is_valid(value)


def defect(spec: Spec, schema: str, value: Any) -> str:
    """The defect of a request body as the rules name it; empty if there is none.

    One of `not_an_object`, `missing` (a required member), `not_a_number` (a required amount) and
    `wrong_type` (any other member of a wrong type).
    """
    members = as_object(value)
    if members is None:
        return "not_an_object"
    described = spec.schemas[schema]
    required = described.get("required", ())
    if any(name not in members for name in required):
        return "missing"
    amounts = [n for n in required if described["properties"][n].get("type") == "integer"]
    if not all(_is_number(members[name]) for name in amounts):
        return "not_a_number"
    return "" if is_valid(spec, schema, value) else "wrong_type"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shape(value: Any) -> Literal["plain", "fractional", "deep"]:
    """Whether the value has a fraction, or is nested too deeply."""
    level, shape = [value], "plain"
    for _ in range(_DEEPEST + 1):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                inner += part.values()
            elif isinstance(part, list):
                inner += part
            elif isinstance(part, float):
                shape = "fractional"
        if not inner:
            return shape
        level = inner
    return "deep"


def _problem(error: Any) -> str:
    """How a value breaks its schema; a long value is named by its type."""
    if error.validator == "anyOf":
        return " or ".join(dict.fromkeys(map(_problem, error.context)))
    shown = repr(error.instance)
    if not error.message.startswith(shown):
        return error.message
    value = error.instance
    if len(shown) <= _LONGEST:
        kind = shown if isinstance(value, str) else json.dumps(value)
    elif isinstance(value, str):
        kind = f"a text of {len(value)} characters"
    elif is_integer(value):
        kind = "a long number"
    else:
        kind = "a list" if as_array(value) is not None else "an object"
    return kind + error.message[len(shown) :]
