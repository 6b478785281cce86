"""Checks of client requirements, by the names that `check:` in `client.yaml` gives them."""

from collections.abc import Mapping

from klarna_conformance.judge.client.checks.arguments import ARGUMENTS
from klarna_conformance.judge.client.checks.credentials import CREDENTIALS
from klarna_conformance.judge.client.checks.idempotency import IDEMPOTENCY
from klarna_conformance.judge.client.checks.outcomes import OUTCOMES
from klarna_conformance.judge.client.checks.refusal_details import REFUSAL_DETAILS
from klarna_conformance.judge.client.checks.requests import REQUESTS
from klarna_conformance.judge.client.checks.retries import RETRIES
from klarna_conformance.judge.client.checks.success_details import SUCCESS_DETAILS
from klarna_conformance.judge.client.view import Check

__all__ = ["CHECKS"]

CHECKS: Mapping[str, Check] = {
    **OUTCOMES,
    **SUCCESS_DETAILS,
    **REFUSAL_DETAILS,
    **ARGUMENTS,
    **REQUESTS,
    **CREDENTIALS,
    **IDEMPOTENCY,
    **RETRIES,
}
