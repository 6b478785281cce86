"""What each client requirement looks at."""

from collections.abc import Callable, Iterable, Mapping

from klarna_conformance.judge.client.checks.resending import RESENDING
from klarna_conformance.judge.client.checks.sending import SENDING
from klarna_conformance.judge.client.checks.telling import TELLING
from klarna_conformance.judge.client.view import Said, View

__all__ = ["CHECKS"]

CHECKS: Mapping[str, Callable[[View], Iterable[Said]]] = {**TELLING, **SENDING, **RESENDING}
"""The check of every client requirement, by its id."""
