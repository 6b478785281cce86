"""Checks of the body of a response, by its description and its schema."""

import json
import re
from collections.abc import Mapping

from klarna_conformance.judge.results import Inconclusive, Mismatch, Result
from klarna_conformance.judge.server.checks.statuses import UNAVAILABLE
from klarna_conformance.judge.server.evidence import Check, Evidence
from klarna_conformance.openapi.response_validator import validator_of
from klarna_specs.bodies import violations
from klarna_specs.exchange import NotJson
from klarna_specs.json_value import as_object, is_integer, without_nulls

__all__ = ["BODIES"]

_LONGEST = 200
_CONFLICT = 409
_FRAGMENT = re.compile(r"\s*Validated against .*?(?=; Response violates|$)", re.DOTALL)
"""The schema, which the objection repeats in part."""


def _described_response(seen: Evidence) -> Result:
    """Only of the steps: reads are many, and show the same again.

    A refusal of a request that is malformed, or in an open form, may have any status, such as 415
    for a media type; and the response to a key that was used for something else is open.
    """
    response = seen.exchange.response
    if response is not None and response.unrecorded_headers:
        return Inconclusive()
    if seen.recorded and seen.exchange.status in UNAVAILABLE:
        return Inconclusive()
    if seen.exchange.purpose != "step" or seen.assessment.replay not in ("", "replay"):
        return Inconclusive()
    if seen.response_is_refusal and seen.assessment.is_badly_written:
        return Inconclusive()
    objection = validator_of(seen.spec).objection(seen.exchange)
    if not objection:
        return None
    return Mismatch("an answer as described", _FRAGMENT.sub("", objection) or objection)


def _schema(seen: Evidence, schema: str) -> Result:
    if validator_of(seen.spec).is_plainly_valid(schema, seen.response.body):
        return None
    body = seen.json()
    if isinstance(body, NotJson):
        return Mismatch("a JSON body", seen.excerpt)
    problems = violations(seen.spec, schema, without_nulls(body))
    if not problems:
        return None
    return Mismatch(f"a body that keeps the schema {schema!r}", "; ".join(problems[:5]))


def _error_body(seen: Evidence) -> Result:
    return _schema(seen, "error")


def _body(seen: Evidence) -> Result:
    return _schema(seen, seen.expected.body) if seen.expected else Inconclusive()


def _error_code(seen: Evidence) -> Result:
    if seen.expected is None:
        return Inconclusive()
    body = seen.members()
    if body is None:
        return Inconclusive()
    code = body.get("error_code")
    if code in seen.expected.error_code:
        return None
    return Mismatch(f"error_code {' or '.join(seen.expected.error_code)}", f"error_code {code!r}")


def _error_message(seen: Evidence) -> Result:
    body = seen.members()
    if body is None:
        return Inconclusive()
    if seen.response.status == _CONFLICT:
        return Inconclusive()
    messages = body.get("error_messages") or body.get("error_message")
    return None if messages else Mismatch("at least one message", json.dumps(messages))


def _option_days(seen: Evidence) -> Result:
    """The page says of each option that it has a number of days; amounts stand in its sample."""
    if seen.options is None:
        return Mismatch("a JSON object with a list of options", seen.excerpt)
    for option in seen.options:
        days = (as_object(option) or {}).get("number_of_days")
        if not is_integer(days):
            return Mismatch("a whole number_of_days in each option", f"{option!r}"[:_LONGEST])
    return None


def _option_amounts(seen: Evidence) -> Result:
    """What else the description has of options; without days they are wrong already."""
    return Inconclusive() if _option_days(seen) is not None else _body(seen)


BODIES: Mapping[str, Check] = {
    "described_response": _described_response,
    "error_code": _error_code,
    "error_body": _error_body,
    "error_message": _error_message,
    "body": _body,
    "option_days": _option_days,
    "option_amounts": _option_amounts,
}
