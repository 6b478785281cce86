"""What is particular about a scenario, so that a small choice of scenarios can differ widely."""

import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from klarna_specs.json_value import as_array, as_object
from klarna_specs.scenario import Scenario, Together, steps_of

__all__ = ["facets"]


def facets(scenario: Scenario) -> frozenset[str]:
    """Names of what a scenario has: its order, its calls and their order, sizes of its values."""
    return frozenset(map(sys.intern, _facets(scenario)))  # most of them are in many scenarios


def _facets(scenario: Scenario) -> Iterator[str]:
    calls = steps_of(scenario)
    yield f"calls={len(calls)}"
    for plan in filter(None, (scenario.plan, scenario.other)):
        yield f"layout={plan.layout}"
        yield from _members(f"order {plan.layout}", msgspec.to_builtins(plan))
    for call in calls:
        yield from _members(call.operation, msgspec.to_builtins(call))
    for one, next_one in pairwise(calls):
        yield f"{one.operation}, then {next_one.operation}"
        yield f"{one.operation}, then {next_one.operation}: {_repeated(one, next_one)}"
    for action in scenario.steps:
        if isinstance(action, Together):
            yield "together: " + ", ".join(sorted(step.operation for step in action.steps))


def _repeated(one: Any, other: Any) -> str:
    """Which parts of a call are those of the call before it."""
    parts = ("order", "capture", "body", "key", "credentials")
    return " ".join(name for name in parts if getattr(one, name) == getattr(other, name))


def _members(place: str, value: Any) -> Iterator[str]:
    """A facet for each member beneath a place, however deep, with the size of its value."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        for name, member in members.items():
            yield from _members(f"{place}.{name}", member)
    elif parts is not None:
        yield f"{place}: {len(parts)}"
        for part in parts:
            yield from _members(f"{place}[]", part)
    else:
        yield f"{place}={_size(value)}"


def _size(value: Any) -> str:
    match value:
        case bool() | None:
            return str(value)
        case int() | float():
            return f"{type(value).__name__} of {'-' * (value < 0)}{len(str(abs(value)))}"
        case str() if len(value) <= _SHORT and value.isascii():
            return value
        case str():
            kind = "ascii" if value.isascii() else "text"
            return f"{kind} of {len(value).bit_length()}"
        case _:
            return type(value).__name__


_SHORT = 24
"""A text that is not longer is told as it is: names of markets, kinds of keys."""
