"""Where two sentences differ, word by word, so that a page can mark it."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Stretch", "compared"]

_WORDS = re.compile(r"\s+|[\w.+-]+|[^\w\s]")
_LONGEST = 600
"""Longer sequences of words are shown without marks: to compare them takes too long."""
_ALIKE = 0.35
"""Below this likeness everything differs, and marks would only distract."""


class Stretch(NamedTuple):
    """A part of a sentence, and whether the other sentence has it otherwise."""

    text: str
    differs: bool


def compared(expected: str, observed: str) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """Both sentences in stretches; whole ones where they have little in common or are long."""
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
