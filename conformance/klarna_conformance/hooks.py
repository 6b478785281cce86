"""Hooks for Schemathesis' own command line, `st run`, on the emitted OpenAPI document.

Named by SCHEMATHESIS_HOOKS, this module registers its hooks when it is imported: that is all that
Schemathesis checks. They send with credentials, give each call a real order and an idempotency
key of its own, and add two checks.
"""

import base64
import uuid
from functools import cache
from typing import Any

import schemathesis

from klarna_conformance.http.locations import Leads, created_id, follow
from klarna_conformance.openapi import is_open_body, only_described
from klarna_conformance.testing.hooked_target import HookedTarget, credentials
from klarna_specs.calls import KEY_HEADER
from klarna_specs.exchange import Payload, Request, Response
from klarna_specs.loader import load
from klarna_specs.spec import Operation

__all__ = [
    "Basic",
    "before_call",
    "created_can_be_read",
    "filter_case",
    "map_body",
    "refusal_says_why",
]

_untyped: Any = schemathesis
_IN_FRONT = (401, 413, 429)
"""Refusals that something in front of the API may answer with, in a form of its own."""


@_untyped.hook
def filter_case(context: Any, case: Any) -> bool:
    """Only documented methods, and no bodies that a server may accept as well as refuse."""
    if context.operation is None:
        return True
    operation = _operation(case)
    is_open = operation is not None and is_open_body(load(), operation, case.body)
    return case.method == context.operation.method.upper() and not is_open


@_untyped.hook
def map_body(context: Any, body: Any) -> Any:
    """No members that are not described: their effect is not documented either."""
    operation = _operation(context.operation)
    return only_described(load(), operation, body) if operation else body


@_untyped.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A real order, and a fresh key in the place of a generated one, in every phase.

    Not `map_path_parameters`: the examples and the coverage phase do not call it.
    """
    del context, kwargs
    operation = _operation(case)
    if operation is None:
        return
    case.path_parameters = _target(case).ids_for(operation, dict(case.path_parameters))
    if KEY_HEADER in case.headers:
        case.headers[KEY_HEADER] = str(uuid.uuid4())


@_untyped.auth()
class Basic:
    """Basic credentials from KLARNA_USERNAME and KLARNA_PASSWORD."""

    def get(self, case: Any, context: Any) -> str:
        """The value of the Authorization header."""
        del case, context
        return "Basic " + base64.b64encode(":".join(credentials()).encode()).decode()

    def set(self, case: Any, data: str, context: Any) -> None:
        """Puts it into a request."""
        del context
        case.headers["Authorization"] = data


@_untyped.check
def refusal_says_why(context: Any, response: Any, case: Any) -> None:
    """A refusal has at least one message for a person to read (`*.error-message-told`)."""
    del context
    answer = _response(response)
    if _operation(case) is None or not answer.is_refusal or answer.status in _IN_FRONT:
        return
    body = answer.body.members or {}
    messages = body.get("error_messages") or body.get("error_message")
    assert messages, (
        f"a refusal with at least one message is expected, not {answer.body.text[:200]!r}"
    )


@_untyped.check
def created_can_be_read(context: Any, response: Any, case: Any) -> None:
    """A header and a Location name what was created, and the Location leads to it."""
    del context
    answer, operation = _response(response), _operation(case)
    if operation is None or not answer.is_success:
        return
    answered = operation.responses[operation.success]
    if answered.creates is None:
        return
    identifier = created_id(answer, answered)
    assert identifier, f"a header {' or '.join(answered.id_header)} with the new id is missing"
    target = _target(case)
    request = Request(method=operation.method, path=target.path_of(response.request.url))
    leads = follow((target.base_url,), request, answer)
    assert isinstance(leads, Leads), leads.why
    shown = target.read(leads.path)
    assert isinstance(shown, Response), f"{leads.path} gives no response: {shown}"
    assert shown.is_success, f"{leads.path} cannot be read: status {shown.status}"
    found = (shown.body.members or {}).get(f"{answered.creates}_id", identifier)
    assert found == identifier, f"Location leads to {found!r}, the header names {identifier!r}"


@cache
def _by_path() -> dict[tuple[str, str], Operation]:
    operations = load().operations.values()
    return {(o.method, path): o for o in operations for path in o.paths.values()}


def _operation(described: Any) -> Operation | None:
    """The operation of a case, or of what Schemathesis calls an operation."""
    return _by_path().get((described.method.upper(), described.path))


@cache
def _target_at(base_url: str) -> HookedTarget:
    return HookedTarget(load(), base_url)


def _target(case: Any) -> HookedTarget:
    return _target_at(case.operation.schema.get_base_url())


def _response(response: Any) -> Response:
    headers = tuple((name, value) for name, values in response.headers.items() for value in values)
    body = Payload.of(response.content or b"")
    return Response(status=response.status_code, headers=headers, body=body)
