"""What the documentation describes of a generated body. Pure."""

import json
from typing import Any

from klarna_specs.bodies import defect
from klarna_specs.calls import read_call
from klarna_specs.exchange import Payload, Request
from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Operation, Spec

__all__ = ["is_open_body", "only_described"]


def only_described(spec: Spec, operation: Operation, value: Any) -> Any:
    """A request body without what JSON Schema allows and the documentation does not describe.

    These are members, at any depth, that are not described, and integers written as 10.0: what a
    server does with them is undocumented.
    """
    if operation.body is None:
        return value
    return _kept(spec, spec.schemas[operation.body.limits or operation.body.schema], value)


def is_open_body(spec: Spec, operation: Operation, value: Any) -> bool:
    """Whether a body is in an open form (`forms.yaml`), and has no defect besides.

    A server may accept it as well as refuse it.
    """
    if operation.body is None or as_object(value) is None:
        return False
    body = Payload(json.dumps(value))
    call = read_call(spec, Request(method=operation.method, path=operation.path, body=body))
    if call is None or not call.forms:
        return False
    return not defect(spec, operation.body.schema, call.body)


def _kept(spec: Spec, schema: Any, value: Any) -> Any:
    schema = spec.resolved(schema)
    members, parts = as_object(value), as_array(value)
    described = as_object(schema.get("properties"))
    if members is not None and described is not None:
        return {n: _kept(spec, described[n], p) for n, p in members.items() if n in described}
    if parts is not None and "items" in schema:
        return [_kept(spec, schema["items"], part) for part in parts]
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
