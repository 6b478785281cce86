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
    "counting": lambda _, n: str(n + 1),
    "numeric": lambda _, n: str(1_000_000 + n),
    "upper-case": lambda made, _: made.upper(),
    "long": lambda made, n: f"{made * 7}{n}",
    "dotted": lambda _, n: f"KR.2026.{n}~x_y-z",
    "reserved": lambda _, n: f"refund:{n};v=1,2@se",
    "encoded": lambda _, n: f"refund {n} 100% a/b?c#d+e",
}


def created_ids(form: str) -> Deviation:
    """Captures and refunds that are created over the API have ids of another form.

    Those that are counting start in each order, and are the same for captures and refunds.
    """
    shown: dict[str, str] = {}
    made: dict[tuple[str, str, str | None], str] = {}

    def understood(call: Call, _mock: Mock) -> Call:
        return msgspec.structs.replace(
            call,
            capture_id=made.get((call.order_id, "capture", call.capture_id), call.capture_id),
            refund_id=made.get((call.order_id, "refund", call.refund_id), call.refund_id),
        )

    def sent(sending: Sending, response: Response, _mock: Mock) -> Response:
        call = sending.assessment.call
        success = call.operation.responses[call.operation.success]
        raw = response.header(success.id_header[0]) if success.id_header else None
        if raw and raw not in shown:
            beside = [own for own in made if own[:2] == (call.order_id, success.creates)]
            number = len(beside if form == "counting" else shown)
            shown[raw] = _ID_FORMS[form](raw, number)
            made[call.order_id, success.creates or "", shown[raw]] = raw
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
