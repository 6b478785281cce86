"""Word-by-word difference of two sentences, for highlighting."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Stretch", "compared"]

_WORDS = re.compile(r"\s+|[\w.+-]+|[^\w\s]")
_LONGEST = 600
"""Longer texts are not compared, because that takes too long."""
_ALIKE = 0.35
"""Less similar sentences are not highlighted: nearly every word would differ."""


class Stretch(NamedTuple):
    """A part of a sentence, and whether it differs from the other sentence."""

    text: str
    differs: bool


def compared(expected: str, observed: str) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """Both sentences in stretches; in one stretch each if they are long or differ much."""
    ours, theirs = _WORDS.findall(expected), _WORDS.findall(observed)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    if max(len(ours), len(theirs)) > _LONGEST or matcher.ratio() < _ALIKE:
        return (Stretch(expected, differs=False),), (Stretch(observed, differs=False),)
    changes = matcher.get_opcodes()
    left = ((ours[a:b], tag != "equal") for tag, a, b, _, _ in changes)
    right = ((theirs[a:b], tag != "equal") for tag, _, _, a, b in changes)
    return _stretches(left), _stretches(right)


def _stretches(parts: Iterable[tuple[list[str], bool]]) -> tuple[Stretch, ...]:
    return tuple(Stretch("".join(words), differs) for words, differs in parts if words)
