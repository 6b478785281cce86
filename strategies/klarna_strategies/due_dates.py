"""Strategies of numbers of days for the extension of a due date."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from klarna_specs.spec import Spec
from klarna_strategies.steps import offered

__all__ = ["days_not_offered", "offered_days"]


def offered_days(spec: Spec) -> SearchStrategy[dict[str, int]]:
    """Placeholders for the days of each extension option; shrinks to the first one.

    They are replaced when a scenario is sent, because the options are known only then.

    >>> simplest(offered_days(spec))
    {'$offered': 0}
    """
    return st.sampled_from([offered(index) for index, _ in enumerate(spec.extension_days)])


def days_not_offered(spec: Spec) -> SearchStrategy[Any]:
    """Days that break `extension.offered-days-only` alone: 0, negative, next to an option, many.

    Shrinks to 0.

    >>> simplest(days_not_offered(spec))
    0
    """
    beside = [
        offered(index, plus=plus) for index, _ in enumerate(spec.extension_days) for plus in (1, -1)
    ]
    wrapping = offered(0, plus=2**32)
    return st.one_of(
        st.just(0),
        st.integers(-365, -1),
        st.sampled_from([*beside, wrapping]),
        st.integers(366, 2**31),
    )
