"""Responses that the mock never gives: errors of a gateway, and other spellings. Pure."""

import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.faults import Errored, Varied
from klarna_specs.exchange import Headers, Payload, Request, Response
from klarna_specs.json_value import as_array, as_object

__all__ = ["error_response", "other_refund", "redirect", "truncatable", "varied"]

_JSON = ("Content-Type", "application/json")
_CODES: Mapping[int, str] = {
    400: "BAD_VALUE",
    401: "UNAUTHORIZED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    502: "TEMPORARILY_UNAVAILABLE",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "TEMPORARILY_UNAVAILABLE",
}
_OVER = "Fri, 31 Dec 1999 23:59:59 GMT"
_CORRELATION_IDS = uuid.UUID("6f1f3e5c-0c5f-4d8e-9a54-0d3a2b1c4e7f")
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def error_response(fault: Errored, number: int = 0) -> Response:
    """A documented error with the body that the fault wants; one that is no object is a gateway's.

    Its correlation id and message are those of no error with another number.
    """
    status = fault.status
    correlation_id = str(uuid.uuid5(_CORRELATION_IDS, str(number)))
    headers: Headers = ()
    if fault.body not in ("html", "null", "string"):
        headers = (("Klarna-Correlation-Id", correlation_id),)
    if status == 401:
        headers = (*headers, ("WWW-Authenticate", 'Basic realm="mock"'))
    if fault.retry_after_s is not None:
        headers = (*headers, ("Retry-After", str(fault.retry_after_s)))
    if fault.dated:
        headers = (*headers, ("Retry-After", _OVER))
    error = msgspec.json.encode(
        {
            "error_code": _CODES[status],
            "error_messages": [f"This did not work, see {correlation_id[:8]}."],
            "correlation_id": correlation_id,
        }
    ).decode()
    match fault.body:
        case "html":
            page = Payload(_HTML.format(f"{status} Error"))
            headers = (*headers, ("Content-Type", "text/html"))
            return Response(status=status, headers=headers, body=page)
        case "malformed":
            half = Payload(error[: len(error) // 2])
            return Response(status=status, headers=(*headers, _JSON), body=half)
        case "empty":
            return Response(status=status, headers=headers)
        case "json":
            return Response(status=status, headers=(*headers, _JSON), body=Payload(error))
        case "null" | "string":
            text = "null" if fault.body == "null" else '"an error"'
            return Response(status=status, headers=(*headers, _JSON), body=Payload(text))


def redirect(location: str) -> Response:
    """A response that redirects the same request."""
    return Response(status=307, headers=(("Location", location),))


def other_refund(request: Request) -> Request:
    """A refund of one minor unit by somebody else, on the order of this refund."""
    body = Payload(msgspec.json.encode({"refunded_amount": 1}).decode())
    headers = _without(request.headers, KEY_HEADER.lower())
    return msgspec.structs.replace(request, headers=headers, body=body)


def truncatable(response: Response) -> Response:
    """The response with a body that is long enough to be truncated."""
    body = response.body.text or msgspec.json.encode({"note": "x" * 64}).decode()
    status = 200 if response.status == 204 else response.status
    headers = (*_without(response.headers, "content-type"), _JSON)
    return msgspec.structs.replace(response, status=status, headers=headers, body=Payload(body))


def varied(
    response: Response, fault: Varied, *, elsewhere: str = "https://elsewhere.example"
) -> Response:
    """The same response in another spelling; `elsewhere` is the origin of another server."""
    headers, replace = response.headers, msgspec.structs.replace
    match fault.how:
        case "lower-case":
            return replace(response, headers=tuple((n.lower(), v) for n, v in headers))
        case "upper-case":
            return replace(response, headers=tuple((n.upper(), v) for n, v in headers))
        case "page-spelling":
            spelt = ((n.replace("Refund-Id", "refund_id"), v) for n, v in headers)
            return replace(response, headers=tuple(spelt))
        case "relative-location":
            relative = ((n, urlsplit(v).path if n == "Location" else v) for n, v in headers)
            return replace(response, headers=tuple(relative))
        case "foreign-location":
            away = ((n, elsewhere + urlsplit(v).path if n == "Location" else v) for n, v in headers)
            return replace(response, headers=tuple(away))
        case "no-refund-id":
            return replace(response, headers=_without(headers, "refund-id"))
        case "no-correlation-id":
            return replace(response, headers=_without(headers, "klarna-correlation-id"))
        case "json-body":
            if response.body.text or response.status == 204:
                return response
            return replace(response, headers=(*headers, _JSON), body=Payload('""'))
        case "unknown-members":
            return _with_unknown_members(response)
        case "singular-message":
            return _with_singular_message(response)


def _with_unknown_members(response: Response) -> Response:
    members = response.body.members
    if members is None:
        return response
    extended = {**members, "note": "new", "links": [{"rel": "self"}]}
    if options := as_array(members.get("options")):
        extended["options"] = [{**(as_object(each) or {}), "label": "x"} for each in options]
    return msgspec.structs.replace(response, body=_payload(extended))


def _with_singular_message(response: Response) -> Response:
    members = response.body.members
    messages = as_array(members.get("error_messages")) if members else None
    if members is None or not messages:
        return response
    kept = {name: value for name, value in members.items() if name != "error_messages"}
    body = _payload({**kept, "error_message": str(messages[0])})
    return msgspec.structs.replace(response, body=body)


def _without(headers: Headers, name: str) -> Headers:
    return tuple((n, v) for n, v in headers if n.lower() != name)


def _payload(value: object) -> Payload:
    return Payload(msgspec.json.encode(value).decode())
