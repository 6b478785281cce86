"""The whole OpenAPI document: paths, and the components that they refer to. Pure."""

from typing import Any, Literal

import msgspec

from klarna_conformance.openapi.examples import ID_EXAMPLES, KEY_EXAMPLE
from klarna_conformance.openapi.operations import operation_ids, operation_object, path_parameters
from klarna_conformance.openapi.responses import shared_responses
from klarna_conformance.openapi.shapes import components, old_form
from klarna_specs.calls import KEY_HEADER
from klarna_specs.spec import Operation, Spec

__all__ = ["Version", "compile_openapi"]

Version = Literal["3.1", "3.0"]
_FULL: dict[Version, str] = {"3.1": "3.1.1", "3.0": "3.0.4"}
_IDS = {
    "order_id": "The order; opaque, usually a UUID.",
    "capture_id": "A capture of the order; opaque, usually a UUID.",
    "refund_id": "A refund of the order; opaque, usually a UUID.",
}


def compile_openapi(
    spec: Spec, *, version: Version = "3.1", base_url: str | None = None
) -> dict[str, Any]:
    """The OpenAPI document of the specs, as a JSON value.

    Operations that the profile does not offer are left out; the default server is its playground.
    Version 3.0 says the same in the older form of JSON Schema, for tools that read nothing newer.
    Where the documentation spells a path in several ways, each spelling is an operation of its own
    (`operation_ids`).
    """
    spec = msgspec.structs.replace(spec, operations=spec.offered)
    schemas = components(spec)
    if version == "3.0":
        schemas = {name: old_form(schema) for name, schema in schemas.items()}
    return {
        "openapi": _FULL[version],
        "info": _about(spec),
        "servers": [{"url": (base_url or _playground(spec)).rstrip("/")}],
        "security": [{"basic": []}],
        "tags": _tags(spec),
        "paths": _paths(spec),
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "parameters": _parameters(spec),
            "responses": shared_responses(spec),
            "schemas": schemas,
        },
    }


def _playground(spec: Spec) -> str:
    """The first playground of the profile; without one, where the document is."""
    return next(iter(spec.profile.presets.values()), "/")


def _about(spec: Spec) -> dict[str, Any]:
    return {
        "title": f"{spec.profile.title} Order Management: refunds and authorizations",
        "description": (
            "Compiled from the specs of klarna-conformance, which contain what Klarna documents. "
            "Not published by Klarna. Amounts are integers in minor units."
        ),
        "version": spec.fingerprint,
    }


def _tags(spec: Spec) -> list[dict[str, Any]]:
    """One tag for each source, so that the operations of the page can be selected."""
    used = {operation.source for operation in spec.operations.values()}
    return [
        {
            "name": name,
            "description": f"Operations documented by: {source.title}",
            **({"externalDocs": {"url": source.address}} if source.address else {}),
        }
        for name, source in spec.sources.items()
        if name in used
    ]


def _paths(spec: Spec) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in spec.operations.values():
        for identifier, path in operation_ids(operation).items():
            item = paths.setdefault(path, {"parameters": path_parameters(path)})
            item[operation.method.lower()] = operation_object(spec, operation, identifier)
    return paths


def _parameters(spec: Spec) -> dict[str, Any]:
    named = {name: _path_parameter(name, about) for name, about in _IDS.items()}
    used = {name for name in named if any(_has(o, name) for o in spec.operations.values())}
    return {
        **{name: parameter for name, parameter in named.items() if name in used},
        "idempotency_key": {
            "name": KEY_HEADER,
            "in": "header",
            "required": False,
            "description": (
                "Repeats under the same key get the answer of the first call, and move money once. "
                "A UUID of version 4 is recommended."
            ),
            "schema": {"type": "string"},
            "example": KEY_EXAMPLE,
        },
    }


def _path_parameter(name: str, about: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": {"type": "string"},
        "example": ID_EXAMPLES[name],
    }


def _has(operation: Operation, name: str) -> bool:
    return any(f"{{{name}}}" in path for path in operation.paths.values())
