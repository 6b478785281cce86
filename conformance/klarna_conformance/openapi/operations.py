"""Operations as OpenAPI operation objects: parameters, bodies, and links between them. Pure."""

import re
from typing import Any

from klarna_conformance.openapi.examples import request_examples
from klarna_conformance.openapi.responses import response_objects
from klarna_conformance.openapi.shapes import schema_ref
from klarna_specs.spec import Operation, Spec

__all__ = ["operation_ids", "operation_object", "path_parameters"]

_SOLE_MEMBERS = {"number_of_days": "$response.body#/options/0/number_of_days"}
"""Where a response with options has the argument of an extension."""


def operation_ids(operation: Operation) -> dict[str, str]:
    """The operationId of each of an operation's paths.

    The first interpretation has the operation's own name; any other adds its own, such as
    `extendDueDateByDescription`.
    """
    interpretations = list(operation.paths.items())
    own = {operation.operation: interpretations[0][1]}
    others = {
        f"{operation.operation}By{interpretation.capitalize()}": path
        for interpretation, path in interpretations[1:]
    }
    return {**own, **others}


def path_parameters(path: str) -> list[dict[str, str]]:
    """References to the parameters of a path, in their order."""
    return [_parameter_ref(name) for name in re.findall(r"{(\w+)}", path)]


def operation_object(spec: Spec, operation: Operation, identifier: str) -> dict[str, Any]:
    """One operation at one of its paths."""
    made: dict[str, Any] = {
        "operationId": identifier,
        "summary": operation.summary,
        "tags": [operation.source],
    }
    if operation.changes:
        made["parameters"] = [_parameter_ref("idempotency_key")]
    if operation.body is not None:
        schema = schema_ref(operation.body.limits or operation.body.schema)
        media = {"schema": schema, "examples": request_examples(operation)}
        made["requestBody"] = {
            "required": operation.body.required,
            "content": {"application/json": {key: part for key, part in media.items() if part}},
        }
    made["responses"] = response_objects(spec, operation)
    links = _links(spec, operation)
    for status in operation.responses[operation.success].status if links else ():
        made["responses"][str(status)]["links"] = links
    return made


def _parameter_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _links(spec: Spec, operation: Operation) -> dict[str, Any]:
    """Links from a created resource to its operations, and from the options to the extension."""
    answered = operation.responses[operation.success]
    if answered.creates:
        name = f"{answered.creates}_id"
        parameters = {name: f"$response.header.{answered.id_header[0]}"}
        return {
            identifier: _link(identifier, parameters)
            for other in spec.operations.values()
            for identifier, path in operation_ids(other).items()
            if f"{{{name}}}" in path
        }
    if answered.body != "extension_options":
        return {}
    capture = {"capture_id": "$request.path.capture_id"}
    return {
        identifier: {**_link(identifier, capture), "requestBody": _SOLE_MEMBERS}
        for other in spec.operations.values()
        if other.effect == "extend_due_date"
        for identifier in operation_ids(other)
    }


def _link(identifier: str, parameters: dict[str, str]) -> dict[str, Any]:
    order = {"order_id": "$request.path.order_id"}
    return {"operationId": identifier, "parameters": {**order, **parameters}}
