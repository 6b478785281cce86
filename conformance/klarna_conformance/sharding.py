"""A part of a whole that several machines share."""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

__all__ = ["Shard", "shard"]

T = TypeVar("T")


class Shard(msgspec.Struct, frozen=True):
    """The `number`-th (from 1) of so many parts; all parts together are the whole."""

    number: int
    parts: int

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"

    def of(self, whole: Sequence[T]) -> Sequence[T]:
        """This part of it: every so many-th."""
        return whole[self.number - 1 :: self.parts]


def shard(text: str) -> Shard:
    """The part that a text such as `1/4` names; raises ValueError."""
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{text!r} is no shard; write for example 1/4")
    return Shard(int(match[1]), int(match[2]))
