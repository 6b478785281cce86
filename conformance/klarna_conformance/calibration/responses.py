"""Responses with placeholders for what is of one order: learned from a record, and filled. Pure."""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from klarna_conformance.calibration.patterns import FRESH, filled, masked
from klarna_conformance.calibration.shapes import Shape
from klarna_conformance.calibration.situations import invalid_members
from klarna_conformance.http.locations import created_id
from klarna_specs.exchange import Headers, Payload, Response
from klarna_specs.json_value import as_object, is_integer
from klarna_specs.oracle import Assessment
from klarna_specs.outcomes import Outcome
from klarna_specs.spec import Spec

__all__ = [
    "Form",
    "as_said",
    "correlation_id",
    "filled_form",
    "form_keys",
    "form_of",
    "repeated",
    "values_of",
]

_CORRELATION = "klarna-correlation-id"
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "date", "keep-alive", "set-cookie", "transfer-encoding"}
)
_SHORTEST_NUMBER = 3
"""A number with fewer digits may be anything."""


class Form(NamedTuple):
    """A response with placeholders. Status 0 and body None are those that the mock has anyway."""

    status: int
    headers: Headers
    body: str | None


def correlation_id(response: Response) -> str:
    """The correlation id of an error; empty if it has none."""
    return str((response.body.members or {}).get("correlation_id") or "")


def values_of(
    spec: Spec, assessment: Assessment, response: Response, base: str, first: Response | None
) -> dict[str, str]:
    """What placeholders stand for; `first` is the response to the first call with the key."""
    call, ledger = assessment.call, assessment.ledger
    created = created_id(response, call.operation.responses[call.operation.success])
    texts = {
        "created_id": created,
        "created_id_in_a_path": quote(created, safe="") if created else None,
        "correlation_id": correlation_id(response),
        "first_correlation_id": first.header(_CORRELATION) if first else None,
        "order_id": call.order_id,
        "capture_id": call.capture_id,
        "refund_id": call.refund_id,
        "base": base,
        "member": next(iter(invalid_members(spec, call)), None),
        "currency": ledger.currency if ledger else None,
    }
    amounts = dict(as_object(call.body) or {})
    if ledger is not None:
        amounts |= dict(zip(("captured", "refunded", "remaining"), ledger.amounts, strict=True))
    numbers = {f"amount_{name}": str(n) for name, n in amounts.items() if is_integer(n)}
    return {name: value for name, value in texts.items() if value} | numbers


def form_of(response: Response, values: dict[str, str], *, own_body: bool) -> Form:
    """A recorded response as a form; with `own_body` the mock writes its body."""
    known = {
        name: value
        for name, value in values.items()
        if not name.startswith("amount_") or len(value) >= _SHORTEST_NUMBER
    }
    headers = tuple(
        (name, masked(value, {n: v for n, v in known.items() if not n.startswith("amount_")}))
        for name, value in response.headers
        if name.lower() not in _OF_THE_CONNECTION and "[redacted]" not in value
    )
    body = None if own_body or response.truncated else masked(response.body.text, known)
    return Form(response.status, headers, body)


def as_said(form: Form, response: Response) -> Form:
    """The form for situations that were not seen: only its headers, as far as they fit any."""
    labels = ("content-type", "www-authenticate", "allow", "location")
    kept = {name.lower(): value for name, value in response.headers if name.lower() in labels}
    headers = [(n, kept.get(n.lower(), v)) for n, v in form.headers if n.lower() not in labels]
    own = [(n, v.replace("{", "{{").replace("}", "}}")) for n, v in response.headers]
    spelt = {name.lower(): name for name, _ in form.headers}
    return Form(
        0,
        (*headers, *((spelt.get(n.lower(), n), v) for n, v in own if n.lower() in labels)),
        None,
    )


def filled_form(
    form: Form, response: Response, values: dict[str, str], shapes: Mapping[str, Shape]
) -> Response | None:
    """The response of the mock in this form; None if a value for it is missing.

    `shapes` are those of headers whose value differs from response to response.
    """
    headers = [
        (name, shape.new(values[FRESH]) if shape and "{" not in value else filled(value, values))
        for name, value in form.headers
        for shape in [shapes.get(name.lower())]
    ]
    body = response.body.text if form.body is None else filled(form.body, values, as_json=True)
    if body is None or any(value is None for _, value in headers):
        return None
    return msgspec.structs.replace(
        response,
        status=form.status or response.status,
        headers=tuple((name, value) for name, value in headers if value is not None),
        body=Payload(body),
    )


def repeated(form: Form, first: Response, values: dict[str, str]) -> Response:
    """The first response again, with what a target changes in it: headers, or the status."""
    known = {name.lower() for name, _ in first.headers}
    filled_in = [(name, filled(value, values) or "") for name, value in form.headers]
    fresh = (_CORRELATION, f"{{{FRESH}}}") in {(n.lower(), v) for n, v in form.headers}
    kept = (
        (name, values[FRESH] if fresh and name.lower() == _CORRELATION else value)
        for name, value in first.headers
    )
    added = (header for header in filled_in if header[0].lower() not in known)
    return msgspec.structs.replace(first, status=form.status, headers=(*kept, *added))


def form_keys(
    keys: Iterable[Hashable], assessment: Assessment, outcome: Outcome | None, kind: str
) -> tuple[Hashable, ...]:
    """The situations of a response: those of its call, then those of its kind."""
    operation = assessment.call.operation
    named = outcome.responses if outcome and len(outcome.responses) == 1 else ()
    general: tuple[Hashable, ...] = (*((operation.operation, name) for name in named), *named)
    if kind == "success":
        creates = operation.responses[operation.success].creates
        general = (operation.operation, (creates, bool(operation.changes)))
    return tuple((kind, key) for key in (*keys, *general))
