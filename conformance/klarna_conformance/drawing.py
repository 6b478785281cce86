"""Draws values from Hypothesis strategies outside a test: the same seed draws the same values."""

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.strategies import SearchStrategy

__all__ = ["draw"]

T = TypeVar("T")


def draw(strategy: SearchStrategy[T], *, count: int, seed: int) -> list[T]:
    """Up to `count` values; fewer where the strategy has no more."""
    drawn: list[T] = []

    def collect(value: T) -> None:
        drawn.append(value)

    if count:
        quiet = settings(
            max_examples=count,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate,),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
            print_blob=False,
            backend="hypothesis",
        )
        seeded(seed)(quiet(given(strategy)(collect)))()
    return drawn
