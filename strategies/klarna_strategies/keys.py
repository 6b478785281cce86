"""Strategies of idempotency keys, by name: the key on the wire is made when it is sent."""

from collections.abc import Sequence
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from klarna_specs.scenario import Key

__all__ = ["idempotency_keys", "keys_or_none"]

_FORMS: tuple[Literal["uuid4", "uuid5", "text"], ...] = ("uuid4", "uuid5", "text")


def idempotency_keys(*, names: Sequence[str] = ("first", "second")) -> SearchStrategy[Key]:
    """Keys of these names as UUIDs of version 4 and 5, and as plain text.

    Shrinks to the first name as a UUID of version 4. Raises ValueError without names.

    >>> simplest(idempotency_keys())
    Key(name='first', form='uuid4')
    """
    if not names:
        raise ValueError("names must not be empty")
    return st.sampled_from([Key(name, form) for form in _FORMS for name in names])


def keys_or_none(*, names: Sequence[str] = ("first", "second")) -> SearchStrategy[Key | None]:
    """Keys as in `idempotency_keys`, or none at all, to which it shrinks.

    >>> simplest(keys_or_none()) is None
    True
    """
    if not names:
        raise ValueError("names must not be empty")
    return st.sampled_from([None, *(Key(name, form) for form in _FORMS for name in names)])
