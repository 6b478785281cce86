"""JSON Schemas of files, derived from the types that read them."""

from inspect import cleandoc
from typing import Any

import msgspec

__all__ = ["file_schema"]


def file_schema(shape: Any, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a file of this shape, with the descriptions of its docstrings.

    Its `$id` is `urn:klarna-conformance:schema:<name>:1`.
    """
    schema = msgspec.json.schema(shape)
    for definition in schema["$defs"].values():  # Python 3.13 dedents docstrings, others do not
        if described := definition.get("description"):
            definition["description"] = cleandoc(described).partition("\n\n>>>")[0]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:klarna-conformance:schema:{name}:1",
        "title": title,
        **schema,
    }
