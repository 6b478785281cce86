"""Checks that a target can be reached, before a run."""

from klarna_conformance.errors import PreflightError
from klarna_conformance.play.request_builder import NOWHERE_ID
from klarna_conformance.target.target import OpenTarget
from klarna_specs.exchange import Failure, Request

__all__ = ["preflight"]


async def preflight(target: OpenTarget) -> None:
    """Raises PreflightError if the target cannot be reached or refuses the credentials."""
    path = f"/ordermanagement/v1/orders/{NOWHERE_ID}"
    outcome = (await target.send(Request(method="GET", path=path))).outcome
    url = target.facts.base_url
    match outcome:
        case Failure(kind="unreachable" | "tls" | "timeout", message=message):
            raise PreflightError(
                f"{url} cannot be reached: {message}; is the server up, and the address right? "
                "`klarna-conformance doctor` checks the connection step by step"
            )
        case Failure():
            return
        case _ if outcome.status == 401:
            raise PreflightError(
                f"{url} refuses the credentials (401); check user and password. The request was "
                "for an order that does not exist: if only such orders get 401, the server has to "
                "answer 404 or 403 there before it can be judged"
            )
        case _:
            return
