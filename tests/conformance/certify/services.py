"""Clients that run as a service, for the adapter protocol over HTTP."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.reference import ReferenceClient

from ..listeners import Listener, response

__all__ = ["Message", "Service", "done", "greeting", "said", "with_client"]

Message = dict[str, Any]
"""A hello or a command."""


class Service(Listener):
    """Answers each message by a function, None by closing the connection."""

    def __init__(self, answer: Callable[[Message], bytes | None], *, port: int = 0) -> None:
        super().__init__(self._respond_to, port=port)
        self.url = f"{self.base_url}/conformance"
        self.messages: list[Message] = []
        self._answer = answer

    def _respond_to(self, _number: int, request: bytes) -> bytes | None:
        self.messages.append(json.loads(request.partition(b"\r\n\r\n")[2]))
        return self._answer(self.messages[-1])

    @property
    def hellos(self) -> int:
        """How many of the messages are a hello."""
        return sum("hello" in message for message in self.messages)


def said(document: object) -> bytes:
    """A response with a JSON document."""
    return response("200 OK", json.dumps(document).encode(), "Content-Type: application/json")


def done(message: Message) -> bytes:
    """The outcome of a refund."""
    return said({"id": message["id"], "outcome": "done", "refund_id": "r"})


def greeting(
    execute: Callable[[Message], bytes | None] = done, **ready: Any
) -> Callable[[Message], bytes | None]:
    """Answers a hello with `ready` and more, and commands by a function."""

    def answer(message: Message) -> bytes | None:
        if "hello" not in message:
            return execute(message)
        return said({"ready": {"client": "acme 1.2", "operations": ["refundOrder"], **ready}})

    return answer


def with_client(make: Callable[[Hello], ReferenceClient]) -> Callable[[Message], bytes]:
    """Has commands executed by a client for each session."""
    clients: dict[str, ReferenceClient] = {}

    def answer(message: Message) -> bytes:
        if "hello" in message:
            session = str(uuid.uuid4())
            client = clients[session] = make(Hello(**message["hello"]))
            operations = client.operations
            ready = {"client": "acme 1.2", "operations": operations, "session": session}
            return said({"ready": ready})
        outcome = clients[message["session"]].do(
            message["operation"], message["order_id"], message["arguments"]
        )
        return said({"id": message["id"], **msgspec.to_builtins(outcome)})

    return answer
