"""What each client requirement looks at."""

from collections.abc import Callable, Iterable, Mapping

from klarna_conformance.certify.checks.resending import RESENDING
from klarna_conformance.certify.checks.sending import SENDING
from klarna_conformance.certify.checks.telling import TELLING
from klarna_conformance.certify.view import Said, View

__all__ = ["CHECKS"]

CHECKS: Mapping[str, Callable[[View], Iterable[Said]]] = {**TELLING, **SENDING, **RESENDING}
"""The check of every client requirement, by its id."""
