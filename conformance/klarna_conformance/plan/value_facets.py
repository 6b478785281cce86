"""The facets of what a call carries: the kinds of its values, its lines, and its texts."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.scenario import Json, Raw, Step

__all__ = [
    "COUNTS",
    "class_of",
    "is_fee",
    "line_facets",
    "line_sum",
    "lines_of",
    "miscounts",
    "oddities",
    "value_facets",
]

_LINE_NUMBERS = (
    *("quantity", "unit_price", "total_amount", "tax_rate"),
    *("total_tax_amount", "total_discount_amount"),
)
_MARKUP = "<>&\"'\\{}"
_MAGNITUDES = (0, 1, 100, 10_000, 2**24, 2**31, 2**32, 2**53, 2**63)
COUNTS = (0, 1, 3, 9, 99)
"""Upper bounds of the classes of lengths and numbers."""


def value_facets(calls: Sequence[Step]) -> Iterator[str]:
    """The places that calls are for, and the kinds of values in their bodies."""
    for call in calls:
        yield f"{call.operation} of {call.order} on {call.capture} and {call.refund}"
        match call.body:
            case Raw(text=text, content_type=content_type):
                yield f"{call.operation} {content_type} {text[:60]!r}"
            case Json(value=value):
                yield from _of_value(call.operation, value)
            case _:
                yield f"{call.operation} without a body"


def _of_value(place: str, value: Any) -> Iterator[str]:
    """A facet for each nested member, with the kind of its value."""
    members, parts = as_object(value), as_array(value)
    if members == {}:
        yield f"{place}: nothing"
    elif members is not None:
        for name, member in members.items():
            yield from _of_value(f"{place}.{name}", member)
    elif parts is not None:
        yield f"{place}: {class_of(len(parts), COUNTS)} parts"
        for part in parts:
            yield from _of_value(f"{place}[]", part)
    elif isinstance(value, str):
        yield from (f"{place}: {trait}" for trait in _traits(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield f"{place}: {'below zero, ' * (value < 0)}{class_of(abs(value), _MAGNITUDES)}"
    else:
        yield f"{place}: {value if isinstance(value, bool) else type(value).__name__}"


def oddities(value: Any) -> Iterator[str]:
    """Top-level members of an unusual type or value, and the traits of texts."""
    for name, member in (as_object(value) or {}).items():
        if name in ("reference", "description") and isinstance(member, str):
            yield from (f"{name} {trait}" for trait in _traits(member))
        elif member == []:
            yield f"no {name}"
        elif is_integer(member) and not -1 <= member <= 2**24:
            yield f"{name} {'below zero' if member < 0 else class_of(member, _MAGNITUDES)}"
        elif not is_integer(member):
            yield f"{name} {member if isinstance(member, bool) else type(member).__name__}"


def lines_of(call: Step) -> list[dict[str, Any]]:
    """The order lines in the body of a call that are objects."""
    lines = as_array((call.members or {}).get("order_lines")) or ()
    return [members for line in lines if (members := as_object(line)) is not None]


def line_facets(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Repeated types, references and lines, and the position of a fee."""
    for member in ("type", "reference"):
        for value, times in Counter(str(line.get(member)) for line in lines).items():
            if times > 1 and value != "None":
                yield f"several lines of {member} {value if member == 'type' else 'alike'}"
    if any(line in lines[:index] for index, line in enumerate(lines)):
        yield "equal lines"
    if any(line.get("quantity") == 0 and line.get("total_amount") for line in lines):
        yield "nothing of something"
    for name in {name for line in lines for name in line if name in _LINE_NUMBERS}:
        amounts = [line[name] for line in lines if is_integer(line.get(name))]
        yield from {f"{name} {'zero' if n == 0 else 'below zero'}" for n in amounts if n <= 0}
    fees = [n for n, line in enumerate(lines) if is_fee(line)]
    yield from (f"fee at {min(n, 3)}" for n in fees)
    if not all(str(line.get("name")).isascii() for line in lines):
        yield f"a name beyond ASCII{' and a fee' * bool(fees)}"
    references = [str(line["reference"]) for line in lines if line.get("reference")]
    if fees and len(set(references)) < len(references):
        yield "a fee and lines of one reference"


def miscounts(amount: Any, lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The ways of adding up lines wrongly that give the amount."""
    totals, types = _numbers(lines, "total_amount"), [str(line.get("type")) for line in lines]
    beside = amount - sum(totals) if is_integer(amount) else 0
    if not beside:
        return
    for kind, total in zip(types, totals, strict=True):
        what = f"{kind} beside {min(types.count(kind), 3) - 1}"
        if beside == -total:
            yield f"without a {what}"
        if beside == -2 * total:
            yield f"with the sign of a {what} turned"
    if beside == sum(_numbers(lines, "total_tax_amount")):
        yield "with the taxes"
    prices = zip(_numbers(lines, "quantity"), _numbers(lines, "unit_price"), strict=True)
    if amount == sum(quantity * price for quantity, price in prices):
        yield "of the prices"
    if len(lines) > abs(beside):
        yield f"by {'one' if len(lines) < 3 else 'at most one for each line'}"


def line_sum(lines: Sequence[dict[str, Any]]) -> int:
    """The sum of the lines' totals, in minor units; a total that is no integer counts as none."""
    return sum(_numbers(lines, "total_amount"))


def _numbers(lines: Sequence[dict[str, Any]], member: str) -> list[int]:
    return [n if is_integer(n := line.get(member)) else 0 for line in lines]


def is_fee(line: dict[str, Any]) -> bool:
    """Whether an order line is a return fee."""
    return line.get("type") == "return_fee"


def _traits(text: str) -> Iterator[str]:
    """The traits of a text that a server may handle wrongly."""
    yield from {f"characters of {unicodedata.category(c)[0]}" for c in text if not c.isascii()}
    yield from {f"written {unicodedata.bidirectional(c)}" for c in text if not c.isascii()}
    yield from {f"the sign {c}" for c in text if c in _MARKUP}
    kinds = {
        "digits": text.isdigit(),
        "long": len(text) > 100,
        "astral": any(ord(c) > 0xFFFF for c in text),
        "not composed": unicodedata.normalize("NFC", text) != text,
        "invisible": any(unicodedata.category(c) in ("Cf", "Cc") for c in text),
        "white space around": text.strip() != text,
        "upper case": text.lower() != text,
    }
    yield from (kind for kind, has_it in kinds.items() if has_it)


def class_of(number: int, bounds: Sequence[int]) -> str:
    """The class of a number: the first bound that it does not exceed."""
    return next((f"at most {bound}" for bound in bounds if number <= bound), "above all")
