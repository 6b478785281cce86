"""The log of a server: a JSON object for each request, without secrets and personal data."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from klarna_specs.exchange import Failure, Request, Response

__all__ = ["Log", "access_log"]

Log = Callable[[Request, Response | Failure], None]
"""Receives each request with what the client got; its duration is in the latter."""
_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_TOKENS = "/customer-token/v1/tokens/"


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    time: str
    method: str
    path: str
    status: int | None
    failure: str | None
    duration_ms: float
    correlation_id: str | None


def access_log(write: Callable[[str], None]) -> Log:
    """Writes a line for each request; `status` is null if the client got no response.

    The path has no query, and `*` in place of customer tokens and of segments that are no plain
    ids.
    """

    def log(request: Request, outcome: Response | Failure) -> None:
        answered = outcome if isinstance(outcome, Response) else None
        line = _Line(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            method=request.method,
            path=_public(request.path),
            status=answered.status if answered else None,
            failure=outcome.kind if isinstance(outcome, Failure) else None,
            duration_ms=round(outcome.elapsed_s * 1000, 3),
            correlation_id=_correlation_id(answered) if answered else None,
        )
        write(msgspec.json.encode(line).decode())

    return log


def _public(path: str) -> str:
    path = path.split("?")[0]
    if path.startswith(_TOKENS):
        _, _, below = path.removeprefix(_TOKENS).partition("/")
        return f"{_TOKENS}*/{below}" if below == "order" else f"{_TOKENS}*"
    return "/".join(part if not part or _PLAIN.fullmatch(part) else "*" for part in path.split("/"))


def _correlation_id(response: Response) -> str | None:
    """The correlation id in the header, or in the body of an error."""
    named = response.header("klarna-correlation-id")
    if named is None and response.status >= 400:
        named = (response.body.members or {}).get("correlation_id")
    return named if isinstance(named, str) and _PLAIN.fullmatch(named) else None
