"""Strategies of texts for references, descriptions and names."""

from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from klarna_strategies.scripts import WORLD_TEXTS

__all__ = ["texts"]


def texts(*, max_size: int = 255) -> SearchStrategy[str]:
    """Texts of at most `max_size` characters: ASCII, any script, and exactly the maximum length.

    Control characters, unpaired surrogates and spaces are left out: whether they are stored is
    not documented. Shrinks to the empty text. Raises ValueError for a negative `max_size`.

    >>> simplest(texts())
    ''
    """
    if max_size < 0:
        raise ValueError(f"max_size {max_size} is negative")
    return _texts(max_size)


@cache
def _texts(max_size: int) -> SearchStrategy[str]:
    """Made once for each size, because strategies of characters are expensive to make."""
    ascii_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=max_size)
    # At most two UTF-16 units per character, so that no way of counting exceeds the limit.
    any_script = st.text(
        st.characters(codec="utf-8", categories=("L", "M", "N", "S", "P")), max_size=max_size // 2
    )
    short = [text for text in WORLD_TEXTS if len(text) <= max_size]
    fixed = [*short, "d" * max_size]
    return st.one_of(ascii_texts, st.sampled_from(fixed), any_script)
