"""Strategies of texts for references, descriptions and names."""

from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from klarna_strategies.scripts import WORLD_TEXTS

__all__ = ["texts"]


def texts(*, max_size: int = 255) -> SearchStrategy[str]:
    """Texts of at most so many characters: plain ASCII, any script, and exactly the longest.

    Control characters, unpaired surrogates and spaces are left out: whether those are kept is
    not documented. Shrinks to the empty text. Raises ValueError for a negative `max_size`.

    >>> simplest(texts())
    ''
    """
    if max_size < 0:
        raise ValueError(f"max_size {max_size} is negative")
    return _texts(max_size)


@cache
def _texts(max_size: int) -> SearchStrategy[str]:
    """Made once for each size: strategies of characters are dear to make."""
    ascii_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=max_size)
    # Two UTF-16 units at most a character, so that no way of counting makes a text too long.
    any_script = st.text(
        st.characters(codec="utf-8", categories=("L", "M", "N", "S", "P")), max_size=max_size // 2
    )
    fitting = [text for text in WORLD_TEXTS if len(text) <= max_size]
    fixed = [*fitting, "d" * max_size]
    return st.one_of(ascii_texts, st.sampled_from(fixed), any_script)
