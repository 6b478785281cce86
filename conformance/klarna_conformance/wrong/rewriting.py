"""Rewrites responses according to a catalogue entry."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.catalogue import ResponseChange
from klarna_specs.exchange import Headers, Payload, Response

__all__ = ["Rewriting", "errors_changed"]


def errors_changed(
    change: Callable[[Sending, dict[str, Any]], Mapping[str, Any]],
) -> Deviation:
    """Changes the JSON object of each refusal."""

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        error = response.body.members if response.is_refusal else None
        if error is None:
            return response
        text = json.dumps(change(sending, error))
        return msgspec.structs.replace(response, body=Payload(text))

    return Deviation(sent=sent)


class Rewriting:
    """One change of responses, with the number of matching responses so far."""

    def __init__(self, change: ResponseChange) -> None:
        self._change = change
        self._on_order: Counter[str] = Counter()

    def apply(self, sending: Sending, response: Response) -> Response:
        """The rewritten response, or the same if it does not match."""
        change, call = self._change, sending.assessment.call
        if not self._concerns(sending, response):
            return response
        self._on_order[call.order_id] += 1
        ever = self._on_order.total()
        if self._on_order[call.order_id] < change.from_nth or ever < change.from_nth_ever:
            return response
        return msgspec.structs.replace(
            response,
            status=change.status or response.status,
            headers=_headers(change, sending, response),
            body=_body(change, response.body),
        )

    def _concerns(self, sending: Sending, response: Response) -> bool:
        change, outcome = self._change, sending.outcome
        if change.of and sending.assessment.call.operation.operation not in change.of:
            return False
        kind = "success" if response.is_success else "refusal"
        names = {"any", kind, outcome.kind, *outcome.responses[:1]}
        if outcome.kind == "replay":
            names.discard(kind)
        return change.where in names


def _headers(change: ResponseChange, sending: Sending, response: Response) -> Headers:
    location = response.header("Location") or ""
    filling = {
        "id": location.rsplit("/", 1)[-1],
        "location": location,
        "order": sending.assessment.call.order_id,
        "base": sending.base_url,
    }
    changed = {name.lower() for name in change.headers}
    kept = [(name, value) for name, value in response.headers if name.lower() not in changed]
    new = [(name, value) for name, value in change.headers.items() if value is not None]
    return (*kept, *((name, value.format(**filling)) for name, value in new))


def _body(change: ResponseChange, body: Payload) -> Payload:
    if change.text is not None:
        return Payload(change.text)
    members = body.members
    if members is not None:
        kept = {name: value for name, value in members.items() if name not in change.drop}
        changed = {**kept, **change.members}
        body = Payload(json.dumps({change.wrap: changed} if change.wrap else changed))
    return Payload(body.text[: change.cut]) if change.cut is not None else body
