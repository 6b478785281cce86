"""Harmless forms of JSON bodies."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.rewriting import errors_changed
from klarna_specs.calls import Call
from klarna_specs.exchange import NotJson, Payload, Response


def json_text(
    *, indent: int | None = None, ascii_only: bool = True, sort: bool = False, around: str = ""
) -> Deviation:
    """The same JSON in another form."""

    def sent(_sending: Sending, response: Response, _mock: Mock) -> Response:
        try:
            value = response.body.json()
        except NotJson:
            return response
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, sort_keys=sort)
        return msgspec.structs.replace(response, body=Payload(around + text + around))

    return Deviation(sent=sent)


def error_members(
    *,
    drop: Sequence[str] = (),
    members: Mapping[str, Any] | None = None,
    message_as: str = "",
) -> Deviation:
    """Errors with other members; `message_as` is a member with the first message."""

    def change(_sending: Sending, error: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in error.items() if name not in drop}
        if message_as:
            kept[message_as] = error["error_messages"][0]
        return {**kept, **(members or {})}

    return errors_changed(change)


def currency(case: str) -> Deviation:
    """The currency of the options is written in another case."""
    change: Callable[[str], str] = {"lower": str.lower, "mixed": str.capitalize}[case]

    def shown(call: Call, resource: Any, _mock: Mock) -> Any:
        if call.operation.operation != "getOptionsForExtendDueDate":
            return resource
        return {**resource, "currency": change(resource["currency"])}

    return Deviation(shown=shown)
