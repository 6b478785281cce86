"""`run.json`: the summary of a run for other programs, and its JSON Schema."""

import json
from pathlib import Path
from typing import Any

import msgspec

from klarna_reports.record.results import Summary
from klarna_specs.file_schema import file_schema

__all__ = [
    "encoded",
    "read_run_json",
    "run_json",
    "run_schema",
    "schema_text",
]


def run_json(summary: Summary) -> bytes:
    """The summary as indented JSON in UTF-8."""
    return encoded(summary)


def encoded(value: msgspec.Struct) -> bytes:
    """A value as indented JSON in UTF-8, whatever texts are in it."""
    try:
        text = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate needs an escape
        return json.dumps(msgspec.to_builtins(value), indent=2).encode() + b"\n"
    return msgspec.json.format(text, indent=2) + b"\n"


def read_run_json(path: Path) -> Summary | None:
    """The summary in a file; None if there is none, or one of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def run_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `run.json`, derived from `Summary`."""
    return file_schema(Summary, "run", "run.json of klarna-conformance")


def schema_text() -> str:
    """The content of `schemas/run.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(run_schema()), indent=2).decode() + "\n"
