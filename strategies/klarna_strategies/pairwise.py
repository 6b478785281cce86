"""Pairwise combination: few rows that contain every possible pair of values. Nothing is drawn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

__all__ = ["Row", "pairwise"]

Row = dict[str, Any]
"""A value for each dimension, by the dimension's name."""
_Pair = tuple[str, Any, str, Any]


def pairwise(dimensions: Mapping[str, Sequence[Any]], fits: Callable[[Row], bool]) -> Iterator[Row]:
    """Rows of the dimensions with every possible pair of values; deterministic.

    `fits` says whether a partial row can be completed to a possible one.
    """
    names = list(dimensions)
    missing: dict[_Pair, None] = {
        (one, first, two, second): None
        for one, two in combinations(names, 2)
        for first in dimensions[one]
        for second in dimensions[two]
    }
    while missing:
        one, first, two, second = wanted = next(iter(missing))
        row = _completed({one: first, two: second}, dimensions, fits, missing)
        if row is None:
            del missing[wanted]
            continue
        for pair in _pairs(row, names):
            missing.pop(pair, None)
        yield {name: row[name] for name in names}


def _pairs(row: Row, names: Sequence[str]) -> Iterator[_Pair]:
    for one, two in combinations(names, 2):
        yield one, row[one], two, row[two]


def _completed(
    row: Row,
    dimensions: Mapping[str, Sequence[Any]],
    fits: Callable[[Row], bool],
    missing: Mapping[_Pair, None],
) -> Row | None:
    """The completed row; each value is the one that adds the most missing pairs."""
    if not fits(row):
        return None
    names = list(dimensions)
    name = next((name for name in names if name not in row), None)
    if name is None:
        return row

    def adds(value: Any) -> int:
        before = names.index(name)
        return sum(
            (
                (other, given, name, value)
                if names.index(other) < before
                else (name, value, other, given)
            )
            in missing
            for other, given in row.items()
        )

    # The sort is stable, so the first of equal values is taken.
    for value in sorted(dimensions[name], key=adds, reverse=True):
        found = _completed({**row, name: value}, dimensions, fits, missing)
        if found is not None:
            return found
    return None
