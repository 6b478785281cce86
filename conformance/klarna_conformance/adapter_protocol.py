"""What drives a client under test: the lines that are spoken, and what an adapter can do."""

import json
from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, Protocol

import msgspec

from klarna_specs.client.play import Done, RefusedIt, Reported, Unknown, Unsupported
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load

__all__ = [
    "PROTOCOL",
    "SCHEMA_ID",
    "Adapter",
    "Greeting",
    "Hello",
    "Instruction",
    "Readiness",
    "Ready",
    "adapter_schema",
    "schema_text",
]

PROTOCOL = 1
SCHEMA_ID = "urn:klarna-conformance:schema:adapter:1"


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is, and with which credentials it is called.

    `timeout_s` is an advice: a client that waits no longer than so many seconds for an answer is
    certified faster. Members that are not known are to be ignored.
    """

    protocol: int = PROTOCOL
    base_url: str
    username: str
    password: str
    timeout_s: float


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """The first line for the adapter."""

    hello: Hello


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which client it is, with its version, and which operations it has (operationIds).

    `session` is a name for this conversation, which each of its instructions repeats: a service
    needs one to have several at the same time.
    """

    client: str
    operations: tuple[str, ...]
    session: str | None = None


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of the adapter."""

    ready: Ready


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: the members of the body, and `capture_id` where the path has one."""

    id: int
    operation: str
    order_id: str
    arguments: Mapping[str, Any] = {}
    session: str | msgspec.UnsetType = msgspec.UNSET


class Adapter(Protocol):
    """Something that has a client do things."""

    async def begin(self, hello: Hello) -> Ready:
        """Greets it; raises AdapterError where the answer is none."""
        ...

    async def do(self, operation: str, order_id: str, arguments: Mapping[str, Any]) -> Reported:
        """Has one thing done; raises AdapterError for what no client can be blamed for."""
        ...

    async def restart(self) -> None:
        """Ends it, and has it start again with the next thing to do."""
        ...

    async def aclose(self) -> None:
        """Ends it."""
        ...


_OUTCOMES = (Done, RefusedIt, Unknown, Unsupported)
_LINES = ("Greeting", "Instruction", "Readiness", "Outcome")


def adapter_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of every line of the protocol, in both directions."""
    shapes: list[Any] = [Greeting, Readiness, Instruction, *_OUTCOMES]
    _, definitions = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = cleandoc(definition["description"])
    definitions["Ready"]["properties"]["operations"]["items"]["enum"] = list(
        client_operations(load())
    )
    for outcome in _OUTCOMES:
        definition = definitions[outcome.__name__]
        members = {name: _nullable(each) for name, each in definition["properties"].items()}
        definition["properties"] = {**members, "id": {"type": "integer"}}
        definition["required"] = ["id", *definition["required"]]
    definitions["Outcome"] = {
        "description": "A line of the adapter: what became of the instruction of that id.",
        "oneOf": [{"$ref": f"#/$defs/{outcome.__name__}"} for outcome in _OUTCOMES],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "The lines or bodies between klarna-conformance and the adapter of a client",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in _LINES],
        "$defs": definitions,
    }


def _nullable(member: dict[str, Any]) -> dict[str, Any]:
    """A member that may be null, which counts as absent; what names the outcome may not."""
    plain = "enum" in member or "anyOf" in member
    return member if plain else {"anyOf": [member, {"type": "null"}]}


def schema_text() -> str:
    """What `schemas/adapter.schema.json` holds."""
    return json.dumps(adapter_schema(), indent=2) + "\n"
