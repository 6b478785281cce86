"""Which interpretation of a contradiction a server follows, as an exchange shows it. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from klarna_reports.record.record import TargetFacts
from klarna_specs.exchange import NotJson, Response
from klarna_specs.json_value import as_object
from klarna_specs.oracle import Assessment
from klarna_specs.spec import Operation

__all__ = ["OBSERVERS", "path_followed"]


def _json(response: Response) -> Any:
    try:
        return response.body.json()
    except NotJson:
        return None


def _member(response: Response, name: str) -> Any:
    return (as_object(_json(response)) or {}).get(name)


def _error_message_member(_assessment: Assessment, response: Response) -> str | None:
    names = ("error_messages", "error_message")
    shown = (name for name in names if _member(response, name) is not None)
    return next(shown, None) if response.is_refusal else None


def _error_status(_assessment: Assessment, response: Response) -> str | None:
    if not response.is_refusal or response.status == 401:
        return None
    return "403" if response.status == 403 else "by-cause"


def _id_header_name(assessment: Assessment, response: Response) -> str | None:
    if assessment.call.operation.effect != "refund" or not response.is_success:
        return None
    names = {name.lower() for name, _ in response.headers}
    return next((n for n in ("Refund-Id", "refund_id") if n.lower() in names), None)


def _extension_path(assessment: Assessment, response: Response) -> str | None:
    call = assessment.call
    extended = call.operation.effect == "extend_due_date" and response.is_success
    return call.path_interpretation if extended else None


def _release_without_captures(assessment: Assessment, response: Response) -> str | None:
    call, ledger = assessment.call, assessment.ledger
    if call.operation.effect != "release" or ledger is None:
        return None
    if call.credentials != "valid" or assessment.replay or ledger.layout != "none-open":
        return None
    return "accepted" if response.is_success else "refused"


def _currency_case(assessment: Assessment, response: Response) -> str | None:
    if assessment.call.operation.shows != "extension_options":
        return None
    shown = _member(response, "currency")
    if not response.is_success or not isinstance(shown, str) or not shown.isalpha():
        return None
    return "upper" if shown.isupper() else "lower"


def _created_body(assessment: Assessment, response: Response) -> str | None:
    if assessment.call.operation.effect != "refund" or response.status != 201:
        return None
    if not response.body.text:
        return "empty"
    return "string" if isinstance(_json(response), str) else "other"


def _refund_bound(assessment: Assessment, response: Response) -> str | None:
    if assessment.replay:
        return None
    named = "within-the-captured-but-refunded-already"
    for rule in assessment.broken_alone:
        if rule.id == "refund.within-captured-amount" and assessment.holds(rule.cases[named]):
            return "captured" if response.is_success else "left"
    return None


OBSERVERS: Mapping[str, Callable[[Assessment, Response], str | None]] = {
    "error_message_member": _error_message_member,
    "error_status": _error_status,
    "id_header_name": _id_header_name,
    "extension_path": _extension_path,
    "release_without_captures": _release_without_captures,
    "currency_case": _currency_case,
    "created_body": _created_body,
    "refund_bound": _refund_bound,
}
"""By the name that `observe:` in the specs gives it."""


def path_followed(facts: TargetFacts, operation: Operation) -> str:
    """The name of the path of an operation that a target follows: the page's by default."""
    return facts.interpretations.get(operation.operation, next(iter(operation.paths)))
