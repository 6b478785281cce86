"""How much of a target a run may use, and how such quantities are written."""

import re

import msgspec

from klarna_conformance import defaults

__all__ = ["Limits", "duration_s", "rate_per_s"]

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a run keeps to; None where nothing bounds it.

    `requests` are those of the whole run, `time_s` is its length, `timeout_s` the deadline of one
    exchange, `settle_s` for how long a read that disagrees is repeated, all in seconds.
    `refunded_amount` is the most that may be refunded in the whole run, in minor units of whatever
    currency.
    """

    concurrency: int = defaults.CONCURRENCY
    timeout_s: float = defaults.TIMEOUT_S
    settle_s: float = 0.0
    rate_per_s: float | None = None
    requests: int | None = None
    time_s: float | None = None
    refunded_amount: int | None = None


def duration_s(text: str) -> float:
    """The seconds in a text such as `250ms`, `30s`, `10m` or `2h`; raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is no duration; write for example 30s or 10m")
    return float(match[1]) * _UNITS_S[match[2]]


def rate_per_s(text: str) -> float:
    """The requests a second in a text such as `20/s` or `300/m`; raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|m|h)", text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is no rate; write for example 20/s")
    return float(match[1]) / _UNITS_S[match[2]]
