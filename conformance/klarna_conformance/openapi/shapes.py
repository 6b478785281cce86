"""The JSON Schemas of the specs as OpenAPI components, in the newer and the older form. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Operation, Spec

__all__ = ["components", "old_form", "schema_ref"]

_URN = "urn:klarna-conformance:"
_REF = "#/components/schemas/"
_BOUND = re.compile(r"request\.(\w+) >= (-?\d+)")
_OF_SCHEMAS = ("anyOf", "allOf", "oneOf", "prefixItems")
_OF_NAMED_SCHEMAS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_A_SCHEMA = ("items", "not", "additionalProperties", "contains", "if", "then", "else")
Change = Callable[[dict[str, Any]], dict[str, Any]]


def schema_ref(name: str) -> dict[str, str]:
    """A reference to the component of a schema."""
    return {"$ref": _REF + name}


def components(spec: Spec) -> dict[str, Any]:
    """Every schema that a request or response refers to, itself or by another, by its name."""
    made: dict[str, Any] = {}
    waiting = list(dict.fromkeys(_named(spec)))
    while waiting:
        name = waiting.pop(0)
        if name not in made:
            made[name] = _changed(spec.schemas[name], _as_component)
            waiting += re.findall(rf'"{_REF}(\w+)"', str(made[name]).replace("'", '"'))
    for operation in spec.operations.values():
        _bound(made, operation)
    return dict(sorted(made.items()))


def _named(spec: Spec) -> Iterator[str]:
    yield "error"
    for operation in spec.operations.values():
        if operation.body is not None:
            yield operation.body.limits or operation.body.schema
        yield from (r.body for r in operation.responses.values() if r.body != "any")


def _bound(made: dict[str, Any], operation: Operation) -> None:
    """Writes the bounds that the rules of an operation set into the schema of its body.

    A rule such as `request.refunded_amount >= 0`, whose breach is malformed, is a minimum.
    """
    if operation.body is None:
        return
    properties = made[operation.body.limits or operation.body.schema].get("properties", {})
    for rule in operation.requirements:
        if found := _BOUND.fullmatch(rule.rule):
            name, least = found.groups()
            if rule.otherwise == "malformed" and not rule.when and name in properties:
                properties[name] = {**properties[name], "minimum": int(least)}


def _as_component(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: part for key, part in schema.items() if key not in ("$schema", "$id")}
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].replace(_URN, _REF)
    if "x-expected" in kept:  # required by the published description, though servers do without
        kept["required"] = kept.pop("x-expected")
    return kept


def old_form(schema: Any) -> Any:
    """A schema of OpenAPI 3.1 as one of 3.0: `nullable`, boolean exclusive bounds, no `const`."""
    return _changed(schema, _as_old)


def _as_old(schema: dict[str, Any]) -> dict[str, Any]:
    old = dict(schema)
    types = as_array(old.pop("type", None)) if isinstance(schema.get("type"), list) else None
    if types is not None:
        named = [each for each in types if each != "null"]
        if len(named) == 1:
            old["type"] = named[0]
        else:
            old["anyOf"] = [*old.get("anyOf", ()), *({"type": each} for each in named)]
        if "null" in types:
            old["nullable"] = True
    if "const" in old:
        old["enum"] = [old.pop("const")]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in old:
            old[bound], old[exclusive] = old[exclusive], True
    if "examples" in old:
        old["example"] = old.pop("examples")[0]
    if "$ref" in old and len(old) > 1:
        # Beside a reference nothing counts in 3.0.
        old = {"allOf": [{"$ref": old.pop("$ref")}], **old}
    return old


def _changed(schema: Any, change: Change) -> Any:
    """The schema with a change made to it and to each schema in it; names are no keywords."""
    members = as_object(schema)
    if members is None:
        return schema
    return {key: _changed_part(key, part, change) for key, part in change(members).items()}


def _changed_part(key: str, part: Any, change: Change) -> Any:
    if key in _OF_SCHEMAS:
        return [_changed(each, change) for each in part]
    if key in _OF_NAMED_SCHEMAS:
        return {name: _changed(each, change) for name, each in part.items()}
    return _changed(part, change) if key in _A_SCHEMA else part
