"""Validates recorded responses against the OpenAPI description, with Schemathesis' own checks."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

import jsonschema_rs

from klarna_conformance.openapi import compile_openapi
from klarna_specs.calls import read_call
from klarna_specs.exchange import Exchange, Headers, NotJson, Payload, Response
from klarna_specs.spec import Spec

__all__ = ["ResponseValidator", "validator_of"]

_CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""The checks that need one response only."""
_SERVER = "http://described"
_IDS = {name: name for name in ("order_id", "capture_id", "refund_id")}
_OF_THE_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that do not apply to a body once it was read and recorded."""
_JSON = ("Content-Type", "application/json")
_FRACTION = re.compile(r'(?:^|[,\[]|":|"\s+:)\s*-?\d+[.eE]')
"""A number that is not written as an integer; also matches in some strings."""
_DEEPEST = 200
"""A body with more objects and arrays may be nested too deeply to be valid."""
_MOST_BODIES = 16
"""The bodies of each schema whose validity is remembered."""


class ResponseValidator:
    """Validates responses of an operation against its OpenAPI description.

    Most responses are plainly as described, which takes a few microseconds to say; Schemathesis
    has the word on the others. It is imported for the first of these, in about half a second.
    """

    def __init__(self, spec: Spec) -> None:
        self._document = compile_openapi(spec, version="3.0", base_url=_SERVER)
        self._spec = spec
        self._described: dict[tuple[str, str, int], tuple[frozenset[str], str] | None] = {}
        self._valid: dict[str, Callable[[Payload], bool]] = {}
        self._cases: dict[tuple[str, str], Any] = {}

    def objection(self, exchange: Exchange) -> str | None:
        """What is not as described: status, content type, headers, body; None where all is.

        None also where there is no complete response, or no such operation.
        """
        response = exchange.outcome
        call = read_call(self._spec, exchange.request, followed=True)  # as the judge just did
        if call is None or call.operation.operation not in self._spec.operations:
            return None
        if not isinstance(response, Response) or response.truncated:
            return None
        path = call.operation.paths[call.path_interpretation]
        if self._plainly_described(path, call.operation.method, response):
            return None
        return self._failures(path, call.operation.method, response)

    def _failures(self, path: str, method: str, response: Response) -> str | None:
        """The failures that Schemathesis finds in a response."""
        case = self._case(path, method)
        try:
            case.validate_response(_received(method, path, response))
        except BaseExceptionGroup as exc:
            return "; ".join(_sentence(failure) for failure in exc.exceptions)
        return None

    def _plainly_described(self, path: str, method: str, response: Response) -> bool:
        """Whether a response is surely as described; False also where that is unsure."""
        known = (path, method, response.status)
        if known not in self._described:
            self._described[known] = self._description(*known)
        described = self._described[known]
        if described is None:
            return False
        required, schema = described
        names = [name.lower() for name, _ in response.headers]
        if any(names.count(name) != 1 for name in required):
            return False
        if not schema:
            return True
        if response.headers.count(_JSON) != 1 or names.count("content-type") != 1:
            return False
        return self.is_plainly_valid(schema, response.body)

    def _description(
        self, path: str, method: str, status: int
    ) -> tuple[frozenset[str], str] | None:
        """The headers and the schema (empty: none) of a described response; None without one."""
        documented = self._document["paths"][path][method.lower()]["responses"].get(str(status))
        if documented is None:
            return None
        if "$ref" in documented:
            documented = self._document["components"]["responses"][_name(documented)]
        headers = frozenset(name.lower() for name in documented.get("headers", ()))
        body = documented.get("content", {}).get("application/json")
        return headers, _name(body["schema"]) if body else ""

    def is_plainly_valid(self, schema: str, body: Payload) -> bool:
        """Whether a body surely keeps a schema of the specs, strictly; False where that is unsure.

        Unsure are null members, which may be absent as well, and what is no integer: 1.0 neither.
        """
        if schema not in self._valid:
            self._valid[schema] = self._validator(schema)
        return self._valid[schema](body)

    def _validator(self, schema: str) -> Callable[[Payload], bool]:
        """The function that validates bodies; many reads show what the one before showed."""
        schemas = self._spec.schemas
        named = [(f"urn:klarna-conformance:{name}", each) for name, each in schemas.items()]
        registry = jsonschema_rs.Registry(named)
        validator = jsonschema_rs.validator_for(
            schemas[schema], validate_formats=True, registry=registry
        )

        @lru_cache(maxsize=_MOST_BODIES)
        def is_valid(body: Payload) -> bool:
            text = body.text
            if "null" in text or _FRACTION.search(text):
                return False
            if text.count("{") + text.count("[") > _DEEPEST:
                return False
            try:
                return validator.is_valid(body.json())
            except NotJson:
                return False

        return is_valid

    @cached_property
    def _schema(self) -> Any:
        """The document as Schemathesis reads it."""
        import schemathesis

        untyped: Any = schemathesis
        checks = {name: {"enabled": True} for name in _CHECKS}
        config = untyped.Config.from_dict({"checks": {"enabled": False, **checks}})
        return untyped.openapi.from_dict(self._document, config=config)

    def _case(self, path: str, method: str) -> Any:
        known = self._cases.get((path, method))
        if known is None:
            known = self._schema[path][method].Case(path_parameters=_IDS)
            self._cases[path, method] = known
        return known


def _name(reference: dict[str, str]) -> str:
    """The last part of what is referred to."""
    return reference["$ref"].rsplit("/", 1)[-1]


def _received(method: str, path: str, response: Response) -> Any:
    """The response as httpx would have returned it."""
    import httpx

    received = httpx.Response(
        response.status,
        headers=_headers(response.headers),
        content=response.body.raw,
        request=httpx.Request(method, _SERVER + path.format_map(_IDS)),
    )
    received.elapsed = timedelta(seconds=response.elapsed_s)
    return received


def _headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers in bytes; any JSON type counts as JSON, as it does for the judge."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_TRANSFER]
    return [
        (name.encode("latin-1", "replace"), _plain_json(name, value).encode("latin-1", "replace"))
        for name, value in kept
    ]


def _plain_json(name: str, value: str) -> str:
    kind = value.split(";")[0].strip().lower()
    is_json = kind.startswith("application/") and kind.endswith("+json")
    return "application/json" if name.lower() == "content-type" and is_json else value


def _sentence(failure: BaseException) -> str:
    """A failure in one line."""
    title, message = (str(getattr(failure, name, "")) for name in ("title", "message"))
    return f"{title}: {' '.join(message.split())}"[:300]


_VALIDATORS: dict[str, ResponseValidator] = {}


def validator_of(spec: Spec) -> ResponseValidator:
    """The validator of a spec, made once."""
    if spec.fingerprint not in _VALIDATORS:
        _VALIDATORS[spec.fingerprint] = ResponseValidator(spec)
    return _VALIDATORS[spec.fingerprint]
