"""Results of checks, on servers and on clients alike, and the findings that they become. Pure."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from klarna_reports.record.record import Difference, Finding, Verdict
from klarna_specs.spec import Level

__all__ = [
    "ExchangeResult",
    "Inconclusive",
    "Mismatch",
    "NotApplicable",
    "Result",
    "finding_of",
    "passed",
    "verified",
]

_VIOLATED: Mapping[Level, Verdict] = {"MUST": "FAIL", "SHOULD": "WARN", "INFO": "INFO"}


class Mismatch(msgspec.Struct, frozen=True):
    """What was expected, and what was observed; `level` where it weighs less than usual.

    `differences` are the values in both sentences, where they are values of members.
    """

    expected: str
    observed: str
    level: Level | None = None
    differences: tuple[Difference, ...] = ()


class Inconclusive(msgspec.Struct, frozen=True):
    """The exchange does not show what would have to be compared."""


class NotApplicable(msgspec.Struct, frozen=True):
    """The requirement is about something optional that the exchange does not have."""

    reason: str


Result = Mismatch | Inconclusive | NotApplicable | None
"""What a check found; None: as required."""


class ExchangeResult(msgspec.Struct, frozen=True):
    """The result of a check, and the index of the exchange that it is about."""

    exchange: int
    result: Result = None


def verified(
    exchange: int, expected: str, observed: str, *, holds: bool, level: Level | None = None
) -> ExchangeResult:
    """As required where it `holds`; otherwise a mismatch in these words."""
    return ExchangeResult(exchange, None if holds else Mismatch(expected, observed, level))


def passed(
    requirement: str, exchange: int, *, aspects: tuple[str, ...] = (), witness: int | None = None
) -> Finding:
    """The finding that an exchange is as required."""
    return Finding(
        requirement=requirement,
        verdict="PASS",
        exchange=exchange,
        aspects=aspects,
        witness=witness,
    )


def finding_of(
    requirement: str,
    level: Level,
    exchange: int,
    result: Result,
    *,
    aspects: tuple[str, ...] = (),
    witness: int | None = None,
) -> Finding | None:
    """The finding that a result is; None where it is inconclusive."""
    expected = observed = ""
    differences: tuple[Difference, ...] = ()
    verdict: Verdict
    match result:
        case Inconclusive():
            return None
        case NotApplicable(reason=reason):
            verdict, observed = "NOT_APPLICABLE", reason
        case Mismatch():
            verdict = _VIOLATED[result.level or level]
            expected, observed = result.expected, result.observed
            differences = result.differences
        case None:
            return passed(requirement, exchange, aspects=aspects, witness=witness)
        case _:
            assert_never(result)
    return Finding(
        requirement=requirement,
        verdict=verdict,
        exchange=exchange,
        aspects=aspects,
        witness=witness,
        expected=expected,
        observed=observed,
        differences=differences,
    )
