"""Documented responses as OpenAPI response objects: statuses, headers, bodies. Pure."""

from collections.abc import Iterable
from typing import Any

from klarna_conformance.openapi.examples import ID_EXAMPLES, error_example, response_examples
from klarna_conformance.openapi.shapes import schema_ref
from klarna_specs.spec import Operation, ResponseSpec, Spec

__all__ = ["error_statuses", "response_objects", "shared_responses"]

_MEANINGS = {
    200: "The requested resource.",
    201: "Created; the headers have its id and its Location.",
    204: "It was done.",
    400: "The request is malformed.",
    401: "Credentials are missing or wrong; whatever is in front of the API answers.",
    403: "This cannot be done with the order as it is.",
    404: "There is no such order, capture or refund.",
    409: "Something else is being done with the order.",
    413: "The request is too large.",
    422: "The request is understood, and cannot be done.",
    429: "Too many requests; retry later.",
}
_IN_FRONT = (413, 429)
"""Statuses that a gateway in front of the API may send, with any body."""


def error_statuses(spec: Spec) -> tuple[int, ...]:
    """The 4xx statuses that error codes are documented with, for the API as a whole."""
    statuses = {status for code in spec.errors.values() for status in code.statuses}
    return tuple(sorted(status for status in statuses if 400 <= status < 500))


def response_objects(spec: Spec, operation: Operation) -> dict[str, Any]:
    """The responses of an operation by status, successes first.

    Every operation has every documented 4xx: the error page lists them for the API, and the
    page's own diagram has 403 for every error. There is no `default` and no 5xx: with them, every
    response would be documented.
    """
    own: dict[int, list[ResponseSpec]] = {status: [] for status in error_statuses(spec)}
    for response in operation.responses.values():
        for status in response.status:
            own.setdefault(status, []).append(response)
    return {str(status): _response(status, own[status]) for status in sorted(own)}


def _response(status: int, documented: list[ResponseSpec]) -> dict[str, Any]:
    codes = [code for response in documented for code in response.error_code]
    if status >= 400 and not codes:
        return {"$ref": f"#/components/responses/{_shared_name(status)}"}
    if status >= 400:
        return _refusal(status, dict.fromkeys(codes), bodiless=_bodiless(documented))
    success = documented[0]
    return {
        "description": _meaning(status),
        **({"headers": headers} if (headers := _headers(success)) else {}),
        **_success_content(success),
    }


def shared_responses(spec: Spec) -> dict[str, Any]:
    """The refusals that are the same for every operation, by the names of their components."""
    refusals = [
        response
        for operation in spec.operations.values()
        for response in operation.responses.values()
        if response.kind == "refusal"
    ]
    made: dict[str, Any] = {}
    for status in sorted({*error_statuses(spec), *(s for r in refusals for s in r.status)}):
        codes = [name for name, code in spec.errors.items() if status in code.statuses]
        bodiless = _bodiless([response for response in refusals if status in response.status])
        made[_shared_name(status)] = _refusal(status, codes, bodiless=bodiless)
    return made


def _refusal(status: int, codes: Iterable[str], *, bodiless: bool) -> dict[str, Any]:
    codes = tuple(codes)
    listed = f" Error codes: {', '.join(codes)}." if codes else ""
    described: dict[str, Any] = {"description": _meaning(status) + listed}
    if not bodiless and status not in _IN_FRONT:
        examples = {code: {"value": error_example(code)} for code in codes}
        described["content"] = _json_content("error", examples)
    return described


def _bodiless(documented: list[ResponseSpec]) -> bool:
    """Whether the body is undocumented; otherwise it is an error body."""
    return any(response.body == "any" for response in documented)


def _success_content(response: ResponseSpec) -> dict[str, Any]:
    if response.body == "any":
        return {}
    return {"content": _json_content(response.body, response_examples(response.body))}


def _json_content(schema: str, examples: dict[str, Any]) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": schema_ref(schema)}
    return {"application/json": {**media, **({"examples": examples} if examples else {})}}


def _headers(response: ResponseSpec) -> dict[str, Any]:
    """Location, and the id in the spelling of recordings; the page's is not required."""
    if response.creates is None:
        return {}
    identifier = ID_EXAMPLES[f"{response.creates}_id"]
    spellings = " or ".join(response.id_header)
    location = f"/ordermanagement/v1/orders/{ID_EXAMPLES['order_id']}/{response.creates}s/"
    return {
        "Location": {
            "required": True,
            "description": f"Where the {response.creates} can be read, absolute or relative.",
            "schema": {"type": "string"},
            "example": location + identifier,
        },
        response.id_header[0]: {
            "required": False,
            "description": f"The id of the {response.creates}; documented as {spellings}.",
            "schema": {"type": "string"},
            "example": identifier,
        },
    }


def _meaning(status: int) -> str:
    return _MEANINGS.get(status, f"Status {status}.")


def _shared_name(status: int) -> str:
    return f"refusal-{status}"
