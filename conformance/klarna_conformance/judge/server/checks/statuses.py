"""Checks of whether and how a response came: completeness, status, content type."""

from collections.abc import Mapping

from klarna_conformance.judge.results import Inconclusive, Mismatch, NotApplicable, Result
from klarna_conformance.judge.server.evidence import Check, Evidence
from klarna_specs.exchange import Failure, Response

__all__ = ["STATUSES", "UNAVAILABLE"]

_LONGEST = 200
UNAVAILABLE = (502, 503, 504)
"""The statuses that are documented as TEMPORARILYUNAVAILABLE."""


def _complete_response(seen: Evidence) -> Result:
    outcome = seen.exchange.outcome
    if isinstance(outcome, Failure) and outcome.kind == "aborted":
        return Inconclusive()
    if isinstance(outcome, Failure):
        return Mismatch("a complete HTTP response", f"{outcome.kind}: {outcome.message}")
    if outcome.truncated:
        return Mismatch("a body of reasonable size", "a body of more than a mebibyte")
    if not 200 <= outcome.status < 600 or 300 <= outcome.status < 400:
        to = outcome.header("Location") if 300 <= outcome.status < 400 else None
        whither = f", to {to[:_LONGEST]!r}, which was not followed" if to else ""
        return Mismatch("a success or a refusal", f"status {outcome.status}{whither}")
    return None


def _no_server_error(seen: Evidence) -> Result:
    """Also in what came before the read that counts, where one was repeated.

    What stands in front of a server, such as a gateway, answers for it when it is unavailable.
    """
    came = (*seen.exchange.earlier, seen.exchange.outcome)
    statuses = [outcome.status for outcome in came if isinstance(outcome, Response)]
    if not statuses:
        return Inconclusive()
    failed = next((status for status in statuses if status >= 500), None)
    if failed is None:
        return None
    level = (
        "SHOULD" if seen.recorded and all(s < 500 or s in UNAVAILABLE for s in statuses) else None
    )
    return Mismatch("no 5xx status", f"status {failed}", level)


def _at_first_try(seen: Evidence) -> Result:
    """Reports a failure that a retry healed: it may happen to any call."""
    if isinstance(seen.exchange.outcome, Failure):
        return Inconclusive()
    lost = [
        outcome
        for outcome in seen.exchange.earlier
        if isinstance(outcome, Failure) and outcome.kind != "aborted"
    ]
    if not lost:
        return None
    return Mismatch("a response to the first attempt", f"{lost[0].kind}: {lost[0].message}")


def _at_once(seen: Evidence) -> Result:
    reads = [came for came in seen.exchange.earlier if _is_a_read(came)]
    if not reads:
        return None
    waited_s = seen.exchange.waited_s
    return Mismatch("what was done, at the first read", f"another state, for {waited_s:.1f} s")


def _is_a_read(outcome: Response | Failure) -> bool:
    return isinstance(outcome, Response) and outcome.status != 429


def _challenge(seen: Evidence) -> Result:
    status = seen.response.status
    if status != 401:
        return NotApplicable(f"the refusal has status {status}")
    named = seen.response.header("WWW-Authenticate")
    return None if named else Mismatch("a WWW-Authenticate header", "none")


def _status(seen: Evidence) -> Result:
    if seen.expected is None:
        return Inconclusive()
    status, documented = seen.response.status, seen.expected.status
    codes = seen.expected.codes.get(str(status))
    if codes is None:
        expected = f"status {' or '.join(map(str, documented))}"
        return None if status in documented else Mismatch(expected, f"status {status}")
    code = (seen.members() or {}).get("error_code")
    if status in documented and code in codes:
        return None
    expected = f"status {status} with error_code {' or '.join(codes)}"
    return Mismatch(expected, f"status {status} with error_code {code!r}")


def _json_content_type(seen: Evidence) -> Result:
    shown = seen.response.content_type
    if shown == "application/json" or (
        shown.startswith("application/") and shown.endswith("+json")
    ):
        return None
    if not shown and not seen.response.lacks("Content-Type"):
        return Inconclusive()
    return Mismatch("Content-Type application/json", f"Content-Type {shown or 'missing'}")


STATUSES: Mapping[str, Check] = {
    "challenge": _challenge,
    "complete_response": _complete_response,
    "no_server_error": _no_server_error,
    "at_first_try": _at_first_try,
    "at_once": _at_once,
    "status": _status,
    "error_content_type": _json_content_type,
    "json_content_type": _json_content_type,
}
