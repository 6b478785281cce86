"""The form of ids and other opaque texts, and new ones of the same form. Pure."""

import random
import re
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

__all__ = ["Shape", "shape_of"]

_UUID_4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEX = "abcdef"
_FEWEST = 4


class Shape(NamedTuple):
    """For each position the characters that can stand there."""

    positions: tuple[str, ...]

    def new(self, seed: str) -> str:
        """A text of this form; the same seed gives the same."""
        chance = random.Random(seed)  # noqa: S311 - an id, no secret
        return "".join(chance.choice(each) for each in self.positions)


def shape_of(texts: Sequence[str]) -> Shape | None:
    """The form of distinct texts of one length; None for UUIDs, and if it is not clear."""
    distinct = set(texts)
    if len(distinct) < _FEWEST or len({len(text) for text in distinct}) > 1:
        return None
    if all(map(_UUID_4.fullmatch, distinct)) or any(re.search(r"\s", text) for text in distinct):
        return None
    columns = [set(column) for column in zip(*distinct, strict=True)]
    varied = {character for column in columns if len(column) > 1 for character in column}
    return Shape(tuple(_class(column, varied) for column in columns))


def _class(column: set[str], varied: set[str]) -> str:
    if len(column) == 1:
        return next(iter(column))
    kinds = [kind for kind in (digits, ascii_lowercase, ascii_uppercase) if varied & set(kind)]
    letters = "".join(kinds) or "".join(sorted(varied))
    is_hex = varied <= set(digits + _HEX) or varied <= set(digits + _HEX.upper())
    return "".join(c for c in letters if c.lower() in digits + _HEX) if is_hex else letters
