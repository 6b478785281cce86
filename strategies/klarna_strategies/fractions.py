"""Amounts in minor units that conversion to fractions of the major unit and back changes."""

import struct
from collections.abc import Callable, Iterator
from itertools import product

__all__ = ["float_loses", "losing_amounts", "losing_pairs"]

_CONVERSIONS: tuple[Callable[[int], int], ...] = (
    lambda amount: int(amount / 100 * 100),
    lambda amount: int(amount * 0.01 * 100),
    lambda amount: int(_single(amount / 100) * 100),
    lambda amount: int(str(amount / 100).replace(".", "")),
    lambda amount: round(round(amount / 100, 1) * 100),
    lambda amount: int(amount / 1000 * 1000),
)
"""Lossy conversions in use: truncation, single precision, text, one digit."""
_FROM = (1, 1_000, 1_999, 8_989, 100_000, 1_234_567)
"""Where the search starts: different conversions lose small and large amounts."""
_WITHIN = 1_000


def _single(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def float_loses(amount: int) -> bool:
    """Whether the most common conversion, truncation after a division, loses a unit."""
    return int(amount / 100 * 100) != amount


def losing_amounts() -> list[int]:
    """Amounts that a conversion changes: the first one of each, from several starts."""
    found = {
        next((n for n in range(start, start + _WITHIN) if convert(n) != n), start)
        for convert, start in product(_CONVERSIONS, _FROM)
    }
    return sorted(found)


def losing_pairs() -> Iterator[tuple[int, int]]:
    """Pairs of amounts, each of them lossless, whose sum as fractions is too small."""
    for one, other in product(range(1, _WITHIN), range(1, _WITHIN)):
        alone = float_loses(one) or float_loses(other) or float_loses(one + other)
        if not alone and int((one / 100 + other / 100) * 100) < one + other:
            yield one, other
