"""`comparison.json`: targets side by side for other programs, and its JSON Schema."""

from typing import Any

import msgspec

from klarna_reports.formats.run_json import encoded
from klarna_reports.summary.comparison import Comparison
from klarna_specs.file_schema import file_schema

__all__ = ["comparison_json", "comparison_schema", "schema_text"]


def comparison_json(comparison: Comparison) -> bytes:
    """The comparison as indented JSON in UTF-8."""
    return encoded(comparison)


def comparison_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `comparison.json`, derived from `Comparison`."""
    return file_schema(Comparison, "comparison", "comparison.json of klarna-conformance")


def schema_text() -> str:
    """The content of `schemas/comparison.schema.json`."""
    schema = msgspec.json.encode(comparison_schema())
    return msgspec.json.format(schema, indent=2).decode() + "\n"
