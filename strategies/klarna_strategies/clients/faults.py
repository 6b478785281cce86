"""Strategies of fault plans."""

from collections.abc import Collection

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from klarna_specs.client.faults import FAULT_KINDS, FAULTS, Fault, Silent

__all__ = ["FaultPlan", "fault_plans"]

FaultPlan = tuple[tuple[Fault, ...], bool]
"""The faults of consecutive attempts, and whether the last one stays for ever."""

_PASSING = (
    *("lost", "reset-before", "reset-after", "truncated", "error", "error-after", "malformed"),
    *("html", "duplicate", "refused"),
)
"""Faults that any call may meet and that end soon."""
_RARE = (
    *("timeout-before", "timeout-after", "timeout-late", "429", "slow", "401", "conflict"),
    *("lower-case", "upper-case", "relative-location", "json-body", "no-correlation-id"),
)


def fault_plans(*, kinds: Collection[str] = FAULT_KINDS) -> SearchStrategy[FaultPlan]:
    """Up to three consecutive faults, sometimes without end; slow ones are rare.

    Shrinks to no fault. Raises ValueError for an unknown kind.
    """
    if unknown := [kind for kind in kinds if kind not in FAULTS]:
        raise ValueError(f"faults {unknown} are none of {', '.join(FAULTS)}")
    passing = [fault for kind in _PASSING if kind in kinds for fault in FAULTS[kind]]
    rare = [fault for kind in _RARE if kind in kinds for fault in FAULTS[kind]]
    return _fault_plans(passing, rare)


@st.composite
def _fault_plans(draw: DrawFn, passing: list[Fault], rare: list[Fault]) -> FaultPlan:
    faults: list[Fault] = []
    for _ in range(draw(st.integers(0, 3))):
        pool = (rare if draw(st.integers(0, 9)) == 9 else passing) or passing or rare
        if pool:
            faults.append(draw(st.sampled_from(pool)))
    may_last = bool(faults) and not isinstance(faults[-1], Silent)
    return tuple(faults), may_last and draw(st.integers(0, 7)) == 7
