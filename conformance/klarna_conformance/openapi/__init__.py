"""The specs compiled to an OpenAPI document."""

from klarna_conformance.openapi.described import is_open_body, only_described
from klarna_conformance.openapi.document import Version, compile_openapi
from klarna_conformance.openapi.operations import operation_ids

__all__ = ["Version", "compile_openapi", "is_open_body", "only_described", "operation_ids"]
