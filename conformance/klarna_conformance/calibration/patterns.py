"""Texts with placeholders, so that what was said of one order can be said of another. Pure."""

import json
import re
from collections.abc import Mapping

__all__ = ["FRESH", "filled", "masked"]

FRESH = "fresh_id"
"""The placeholder of an id that means nothing to us."""
_WORD = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|\d+)(?![A-Za-z0-9])"
)
"""A UUID or a number."""
_SLOT = re.compile(r"\{(\w+)\}|\{\{|\}\}")


def masked(text: str, values: Mapping[str, str]) -> str:
    """The text with placeholders for these values; of equal ones, the first name counts."""
    names = {value: name for name, value in reversed(tuple(values.items())) if value}
    marks: list[str] = []

    def marked(name: str) -> str:
        marks.append("{" + name + "}")
        return f"\0{len(marks) - 1}\0"

    text = text.replace("{", "{{").replace("}", "}}")
    for value in sorted(names, key=len, reverse=True):
        if value in text and not _WORD.fullmatch(value):
            text = text.replace(value, marked(names[value]))

    def word(match: re.Match[str]) -> str:
        name = names.get(match[0], "" if match[0].isdigit() else FRESH)
        around = match.string[match.start() - 1 : match.start()]
        return "{" + name + "}" if name and around != "\0" else match[0]

    parts = _WORD.sub(word, text).split("\0")
    return "".join(marks[int(part)] if n % 2 else part for n, part in enumerate(parts))


def filled(text: str, values: Mapping[str, str], *, as_json: bool = False) -> str | None:
    """The text with the values in place of the placeholders; None if a value is missing."""
    if any(match[1] and match[1] not in values for match in _SLOT.finditer(text)):
        return None

    def value(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0][0]
        plain = values[match[1]]
        return json.dumps(plain)[1:-1] if as_json else plain

    return _SLOT.sub(value, text)
