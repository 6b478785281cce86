"""Harmless ids: opaque, and of any form."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from klarna_conformance.mock.deviation import Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.rewriting import errors_changed
from klarna_specs.calls import Call
from klarna_specs.exchange import Payload, Response

_ID_FORMS: Mapping[str, Callable[[str, int], str]] = {
    "numeric": lambda _, n: str(1_000_000 + n),
    "upper-case": lambda made, _: made.upper(),
    "long": lambda made, n: f"{made * 7}{n}",
    "dotted": lambda _, n: f"KR.2026.{n}~x_y-z",
    "reserved": lambda _, n: f"refund:{n};v=1,2@se",
    "encoded": lambda _, n: f"refund {n} 100% a/b?c#d+e",
}


def created_ids(form: str) -> Deviation:
    """Captures and refunds that are created over the API have ids of another form."""
    shown: dict[str, str] = {}
    made: dict[str, str] = {}

    def understood(call: Call, _mock: Mock) -> Call:
        return msgspec.structs.replace(
            call,
            capture_id=made.get(call.capture_id or "", call.capture_id),
            refund_id=made.get(call.refund_id or "", call.refund_id),
        )

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        operation = sending.assessment.call.operation
        names = operation.responses[operation.success].id_header
        raw = response.header(names[0]) if names else None
        if raw and raw not in shown:
            shown[raw] = _ID_FORMS[form](raw, len(shown))
            made[shown[raw]] = raw
        headers = response.headers
        text = response.body.text
        for old, new in shown.items():
            headers = tuple(
                (k, v.replace(old, quote(new, safe="") if k == "Location" else new))
                for k, v in headers
            )
            text = text.replace(old, json.dumps(new)[1:-1])
        return msgspec.structs.replace(response, headers=headers, body=Payload(text))

    return Deviation(understood=understood, sent=sent)


def correlation_ids(form: str) -> Deviation:
    """The correlation ids of errors have another form."""
    count = 0

    def change(_sending: Sending, error: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        return {**error, "correlation_id": _ID_FORMS[form](str(error["correlation_id"]), count)}

    return errors_changed(change)
