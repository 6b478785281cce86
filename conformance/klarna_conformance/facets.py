"""What is particular about a scenario, so that a small choice of scenarios can differ widely."""

import itertools
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from klarna_specs.json_value import as_array, as_object
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Empty, Json, Raw, Scenario, Step, Together, steps_of

__all__ = ["facets"]

_MAGNITUDES = (0, 1, 100, 10_000, 2**24, 2**31, 2**32, 2**53, 2**63)
_COUNTS = (0, 1, 3, 9, 99)
_MARKUP = "<>&\"'\\{}"


def facets(scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of what a scenario has: its calls and what came of them, in turn, and their values.

    `outcomes` tells for each call what comes of it on a server that does as documented.
    """
    return frozenset(map(sys.intern, _facets(scenario, outcomes)))  # most are in many scenarios


def _facets(scenario: Scenario, outcomes: Sequence[str]) -> Iterator[str]:
    calls = steps_of(scenario)
    came = (*outcomes, *[""] * (len(calls) - len(outcomes)))
    names = list(_names(calls, came))
    for call, name in zip(calls, names, strict=True):
        plan = scenario.other if call.order == "other" else scenario.plan
        yield from _of_call(call, name)
        if plan is not None:
            yield from _of_order(call, name, plan)
    for first, second in itertools.pairwise(names):
        yield f"{first}, then {second}"
    for first, second, third in zip(names, names[1:], names[2:], strict=False):
        if "refused" in second and "get" not in first + third:
            yield f"{first}, then refused, then {third}"
    for action in scenario.steps:
        if isinstance(action, Together):
            parts = sorted(f"{step.operation} of {step.order}" for step in action.steps)
            yield f"together: {', '.join(parts)}"


def _names(calls: Sequence[Step], came: Sequence[str]) -> Iterator[str]:
    """Each call by its operation, what comes of it, and whether it was made before."""
    before: list[Step] = []
    for call, outcome in zip(calls, came, strict=True):
        times = before.count(call)
        again = f" {min(times + 1, 4)} times" if times else ""
        keyed = " by key" if call.key else ""
        before.append(call)
        yield f"{call.operation} {outcome}{again}{keyed if times else ''}"


def _of_order(call: Step, name: str, plan: OrderPlan) -> Iterator[str]:
    yield f"{name} in {plan.layout}"
    yield f"{name} with {plan.payment_method}"
    lines = _lines(call)
    if any(map(_is_fee, lines)):
        yield f"fee {name} in {plan.market}, {plan.layout}"
        yield f"fee {name} in {plan.market}, {_class(len(lines), _COUNTS)} lines"


def _of_call(call: Step, name: str) -> Iterator[str]:
    if call.credentials != "valid":
        yield f"{call.credentials} {'without' if isinstance(call.body, Empty) else 'with'} a body"
    yield f"{name} of {call.order}"
    for resource in (call.capture, call.refund):
        yield f"{call.operation} on {resource}"
    if call.key:
        yield f"{call.operation} by {call.key.form} of {_class(len(call.key.name), _COUNTS)}"
    match call.body:
        case Raw(text=text, content_type=content_type):
            yield f"{call.operation} {content_type} {text[:60]!r}"
        case Json(value=value):
            yield from _of_value(call.operation, value)
        case _:
            yield f"{call.operation} without a body"
    yield from _of_lines(_lines(call))


def _lines(call: Step) -> list[dict[str, Any]]:
    body = as_object(call.body.value) if isinstance(call.body, Json) else None
    lines = as_array((body or {}).get("order_lines")) or ()
    return [members for line in lines if (members := as_object(line)) is not None]


def _of_lines(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Of which lines there are several, and where a fee stands."""
    for member in ("type", "reference"):
        for value, times in Counter(str(line.get(member)) for line in lines).items():
            if times > 1 and value != "None":
                yield f"several lines of {member} {value if member == 'type' else 'alike'}"
    if any(line in lines[:index] for index, line in enumerate(lines)):
        yield "equal lines"
    yield from (f"fee at {min(n, 3)}" for n, line in enumerate(lines) if _is_fee(line))


def _is_fee(line: dict[str, Any]) -> bool:
    return line.get("type") == "return_fee"


def _of_value(place: str, value: Any) -> Iterator[str]:
    """A facet for each member beneath a place, however deep, with the kind of its value."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        for name, member in members.items():
            yield from _of_value(f"{place}.{name}", member)
    elif parts is not None:
        yield f"{place}: {_class(len(parts), _COUNTS)} parts"
        for part in parts:
            yield from _of_value(f"{place}[]", part)
    elif isinstance(value, str):
        yield from (f"{place}: {trait}" for trait in _traits(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield f"{place}: {'below zero, ' * (value < 0)}{_class(abs(value), _MAGNITUDES)}"
    else:
        yield f"{place}: {value if isinstance(value, bool) else type(value).__name__}"


def _traits(text: str) -> Iterator[str]:
    """What a server may get wrong about a text."""
    yield f"text of {len(text).bit_length()} bits of length"
    yield from {f"characters of {unicodedata.category(c)[0]}" for c in text if not c.isascii()}
    yield from {f"written {unicodedata.bidirectional(c)}" for c in text if not c.isascii()}
    yield from {f"the sign {c}" for c in text if c in _MARKUP}
    kinds = {
        "digits": text.isdigit(),
        "astral": any(ord(c) > 0xFFFF for c in text),
        "not composed": unicodedata.normalize("NFC", text) != text,
        "invisible": any(unicodedata.category(c) in ("Cf", "Cc") for c in text),
        "white space around": text.strip() != text,
        "upper case": text.lower() != text,
    }
    yield from (kind for kind, has_it in kinds.items() if has_it)


def _class(number: int, bounds: Sequence[int]) -> str:
    """The class of a number: the first bound that it does not exceed."""
    return next((f"at most {bound}" for bound in bounds if number <= bound), "above all")
