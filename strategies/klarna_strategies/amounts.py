"""Strategies of refunded amounts: within the amount left to refund, above it, and invalid ones."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "amounts_beyond_32_bits",
    "amounts_beyond_64_bits",
    "amounts_far_above",
    "malformed_amounts",
    "negative_amounts",
    "refund_amounts",
    "refund_amounts_above",
    "zero_amounts",
]


def refund_amounts(*, left: int) -> SearchStrategy[int]:
    """Amounts that can be refunded: one minor unit, a part of the rest, exactly the rest.

    Shrinks to 1. Raises ValueError if nothing is left.

    >>> simplest(refund_amounts(left=100))
    1
    """
    if left < 1:
        raise ValueError(f"left {left} is below 1: nothing can be refunded")
    return st.one_of(st.just(1), st.just(left), st.integers(1, left)) if left > 1 else st.just(1)


def refund_amounts_above(*, left: int) -> SearchStrategy[int]:
    """Amounts that break `refund.within-captured-amount` alone, by one or by far.

    Shrinks to one above the rest. Raises ValueError for a negative `left`.

    >>> simplest(refund_amounts_above(left=100))
    101
    """
    _check(left)
    return st.one_of(
        st.just(left + 1), amounts_far_above(left=left), amounts_beyond_32_bits(left=left)
    )


def amounts_far_above(*, left: int) -> SearchStrategy[int]:
    """Amounts of more than twice the rest, up to the maximum of a signed 64-bit integer.

    >>> simplest(amounts_far_above(left=100))
    201
    """
    _check(left)
    return st.one_of(
        st.integers(2 * left + 1, 2 * left + 1_000_000),
        st.sampled_from([n for n in (2**31, 2**53 + 1, 2**63 - 1) if n > 2 * left]),
    )


def amounts_beyond_32_bits(*, left: int) -> SearchStrategy[int]:
    """Amounts that are within the rest when truncated to 32 bits.

    They break `refund.within-captured-amount` alone. Shrinks to 2**32, and 1 if any is left.

    >>> simplest(amounts_beyond_32_bits(left=100)) - 2**32
    1
    """
    _check(left)
    return st.integers(min(1, left), left).map(lambda within: 2**32 + within)


def amounts_beyond_64_bits(*, left: int) -> SearchStrategy[int]:
    """Amounts that are within the rest when truncated to 64 bits.

    They exceed every described integer, so a server may refuse them as malformed. Shrinks to
    2**64, and 1 if any is left.

    >>> simplest(amounts_beyond_64_bits(left=100)) - 2**64
    1
    """
    _check(left)
    return st.integers(min(1, left), left).map(lambda within: 2**64 + within)


def negative_amounts() -> SearchStrategy[int]:
    """Amounts that break `refund.amount-not-negative` alone; shrinks to -1.

    >>> simplest(negative_amounts())
    -1
    """
    return st.one_of(
        st.integers(1, 200_000_000).map(lambda amount: -amount),
        st.sampled_from((-(2**31), -(2**32) + 100, -(2**63))),
    )


def zero_amounts() -> SearchStrategy[int]:
    """Zero, which the documentation leaves open (`refund.zero-amount`).

    >>> simplest(zero_amounts())
    0
    """
    return st.just(0)


def malformed_amounts() -> SearchStrategy[Any]:
    """JSON values that no parser accepts as a number: they break `refund.malformed-refused` alone.

    Shrinks to None.

    >>> simplest(malformed_amounts()) is None
    True
    """
    return st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from(("", "all of it")),
        st.sampled_from(([], [100], {}, {"amount": 100})),
    )


def _check(left: int) -> None:
    if left < 0:
        raise ValueError(f"left {left} is negative")
