"""Requests of a client as attempts at an operation: what they request, and the response. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from klarna_specs.calls import Call, read_call
from klarna_specs.client.play import Mark
from klarna_specs.exchange import Exchange, NotJson, Response
from klarna_specs.json_value import as_array, as_object
from klarna_specs.spec import Spec

__all__ = [
    "TEXTS",
    "Attempt",
    "Fate",
    "attempts_of",
    "fate_of",
    "member",
    "order_lines",
    "response_ids",
]

TEXTS = ("description", "reference")
"""Members of a body that no money depends on."""

Fate = Literal["success", "refusal", "wait", "unclear"]
"""What the sender of a call can know from the answer to it."""


def fate_of(exchange: Exchange) -> Fate:
    """What the sender of a call can know from the response."""
    outcome = exchange.outcome
    if not isinstance(outcome, Response):
        return "unclear"
    if outcome.is_success:
        return "success"
    if outcome.status == 429:
        return "wait"
    return "refusal" if outcome.is_refusal else "unclear"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a client: its exchange, and the documented call that it is, if any."""

    index: int
    exchange: Exchange
    mark: Mark
    call: Call | None

    @property
    def fate(self) -> Fate:
        """What the client can know of it."""
        return fate_of(self.exchange)

    @property
    def key(self) -> str | None:
        """Its idempotency key."""
        return self.call.key if self.call else None

    @property
    def body(self) -> Any:
        """The JSON value of its body as it was sent; None where that is no JSON."""
        try:
            return self.exchange.request.body.json()
        except NotJson:
            return None

    @property
    def response(self) -> Response | None:
        """The answer that the client got, if it got one."""
        return self.exchange.response

    @property
    def answers(self) -> tuple[Response, ...]:
        """All that the server is known to have answered, whether it reached the client or not."""
        return self.mark.served or ((self.response,) if self.response else ())

    @property
    def was_booked(self) -> bool:
        """Whether the server is known to have carried it out, then or before under the same key."""
        return any(answer.is_success for answer in self.answers)

    @property
    def is_known(self) -> bool:
        """Whether it is known what the server did: it answered, or the request never got there."""
        return bool(self.answers) or self.mark.fault is not None

    @property
    def is_challenged(self) -> bool:
        """Whether it came without credentials and was answered with 401, as HTTP allows."""
        return self.exchange.status == 401 and self.exchange.request.credentials == "none"

    @property
    def settles(self) -> bool:
        """Whether its response settles the operation, including earlier attempts at it.

        Wrong credentials and a conflict with another request do not.
        """
        return self.fate == "success" or (
            self.fate == "refusal" and self.exchange.status not in (401, 409)
        )

    @property
    def ended_s(self) -> float:
        """When the client had its answer, or its failure, in seconds from the scenario's start."""
        return self.exchange.started_s + self.exchange.outcome.elapsed_s


def response_ids(response: Response) -> set[str]:
    """The ids of a new resource in a response: in its header and at the end of its Location."""
    location = (response.header("location") or "").rstrip("/").rsplit("/", 1)[-1]
    named = {response.header("refund-id") or "", response.header("refund_id") or "", location}
    return named - {""}


def attempts_of(
    spec: Spec, exchanges: Sequence[Exchange], marks: Sequence[Mark], *, first: int, count: int
) -> tuple[Attempt, ...]:
    """The requests of consecutive exchanges, each with the call that it is."""
    return tuple(
        Attempt(
            index=index,
            exchange=exchanges[index],
            mark=marks[index] if index < len(marks) else Mark(),
            call=read_call(spec, exchanges[index].request),
        )
        for index in range(first, first + count)
    )


def member(response: Response, name: str) -> Any:
    """A member of a JSON body; None where there is no such body or member."""
    return (response.body.members or {}).get(name)


def order_lines(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The order lines among the members of a body; what is no object is an empty line."""
    return [as_object(line) or {} for line in as_array(members.get("order_lines")) or ()]
