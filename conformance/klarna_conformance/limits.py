"""The limits of a run, and how durations and rates are written."""

import re
from typing import Annotated

import msgspec

from klarna_conformance import defaults

__all__ = ["Duration", "Limits", "Rate", "duration_s", "rate_per_s"]

_FILLED_IN = r"\$\{\w+\}"
"""An environment variable in a file: what it says is read later."""
Duration = Annotated[
    str,
    msgspec.Meta(
        description="A duration, such as 250ms, 30s or 10m.",
        extra_json_schema={"pattern": rf"^\d+(\.\d+)?(ms|s|m|h)$|{_FILLED_IN}"},
    ),
]
Rate = Annotated[
    str,
    msgspec.Meta(
        description="A rate, such as 20/s or 300/m.",
        extra_json_schema={"pattern": rf"^\d+(\.\d+)?/(s|m|h)$|{_FILLED_IN}"},
    ),
]
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a run; None is unlimited.

    `requests`, `time_s` and `refunded_amount` (minor units, summed over currencies) are for the
    whole run, `timeout_s` is the timeout of one request, and `settle_s` is for how long a read that
    does not show the latest change is repeated; all times are in seconds.
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
