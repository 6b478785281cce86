"""Checks of server requirements, by the names that `check:` in the specs gives them. Pure."""

from collections.abc import Mapping

from klarna_conformance.judge.server.checks.bodies import BODIES
from klarna_conformance.judge.server.checks.identity import IDENTITY
from klarna_conformance.judge.server.checks.resources import RESOURCES
from klarna_conformance.judge.server.checks.statuses import STATUSES
from klarna_conformance.judge.server.evidence import Check

__all__ = ["CHECKS", "LATER_CHECKS", "OF_BODY"]

CHECKS: Mapping[str, Check] = {**STATUSES, **BODIES, **IDENTITY, **RESOURCES}
"""Checks that one exchange decides."""
OF_BODY = frozenset((*BODIES, *RESOURCES))
"""Checks that need the body of a response."""
LATER_CHECKS = (
    "accepted",
    "changed_elsewhere",
    "refused_as_read",
    "currency_kept",
    "lines_shown",
    "order_agrees",
    "location_leads",
    "resource_agrees",
    "text_agrees",
    "text_is_own",
    "text_shown",
)
"""Checks that the outcome itself, or a later read, decides."""
