"""`comparison.json`: targets side by side for other programs, and its JSON Schema."""

from typing import Any

import msgspec

from klarna_reports.formats.run_json import encoded, published_schema
from klarna_reports.summary.comparison import Comparison

__all__ = ["SCHEMA_ID", "comparison_json", "comparison_schema", "schema_text"]

SCHEMA_ID = "urn:klarna-conformance:schema:comparison:1"


def comparison_json(comparison: Comparison) -> bytes:
    """The comparison as indented JSON in UTF-8."""
    return encoded(comparison)


def comparison_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `comparison.json`, derived from `Comparison`."""
    title = "comparison.json of klarna-conformance"
    return published_schema(Comparison, SCHEMA_ID, title)


def schema_text() -> str:
    """The content of `schemas/comparison.schema.json`."""
    schema = msgspec.json.encode(comparison_schema())
    return msgspec.json.format(schema, indent=2).decode() + "\n"
