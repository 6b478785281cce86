"""The ids that responses named: of correlation, and of what was created. Pure."""

from collections.abc import Mapping
from urllib.parse import unquote

from klarna_conformance.http.locations import created_id
from klarna_conformance.judge.server.answered import Answered
from klarna_conformance.judge.server.response_members import json_object
from klarna_specs.calls import Call
from klarna_specs.exchange import Failure, Response

__all__ = ["NamedIds", "ids_named_by"]


def ids_named_by(call: Call | None, outcome: Response | Failure) -> frozenset[str]:
    """The ids of what a success says was created: in its header and at the end of its Location."""
    if call is None or not isinstance(outcome, Response) or not outcome.is_success:
        return frozenset()
    identifier = created_id(outcome, call.operation.responses[call.operation.success])
    location = (outcome.header("Location") or "").rsplit("/", 1)[-1]
    return frozenset({identifier or "", location} - {""})


class NamedIds:
    """The ids that were named so far in one scenario."""

    def __init__(self) -> None:
        self._correlation_ids: dict[str, str] = {}
        self._created: dict[str, frozenset[tuple[str, str]]] = {}
        """Kind and id of what responses said was created, by order."""
        self._located: set[str] = set()
        """The last segments of Locations."""

    def copy(self) -> "NamedIds":
        """The same, to be continued separately."""
        other = NamedIds()
        other._correlation_ids = dict(self._correlation_ids)
        other._created, other._located = dict(self._created), set(self._located)
        return other

    @property
    def correlation_ids(self) -> Mapping[str, str]:
        """Each correlation id with the idempotency key that it first came with, or nothing."""
        return self._correlation_ids

    @property
    def resources(self) -> set[str]:
        """The ids of what was created, and those that Locations end in."""
        return {i for ids in self._created.values() for _, i in ids} | self._located

    def created_for(self, order_id: str) -> frozenset[tuple[str, str]]:
        """Kind and id of what was created for an order."""
        return self._created.get(order_id, frozenset())

    def note(self, answered: Answered) -> None:
        """Takes note of the ids in a response."""
        call, answer = answered.call, answered.answer
        correlation_id = (json_object(answered.exchange) or {}).get("correlation_id")
        if isinstance(correlation_id, str):
            self._correlation_ids.setdefault(correlation_id, call.key or "")
        if answer is not None and answer.resource_id:
            kind = call.operation.responses[call.operation.success].creates or ""
            created = self.created_for(call.order_id) | {(kind, answer.resource_id)}
            self._created[call.order_id] = created
        if answer is not None and answer.success and answer.location:
            self._located.add(unquote(answer.location.rsplit("/", 1)[-1]))
