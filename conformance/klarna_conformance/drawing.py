"""Draws values from Hypothesis strategies outside a test: the same seed draws the same values."""

from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

__all__ = ["draw"]

T = TypeVar("T")
_BACKEND = "klarna-conformance-seed-alone"
_BATCH = 250
"""So many values are drawn at a time: Hypothesis holds every choice that it has made for them."""


class _SeedAlone(HypothesisProvider):
    """Draws as Hypothesis does, without the constants that it collects from imported modules.

    Those are other ones in a checkout, in an installed package and in a user's test suite, so that
    one seed would draw other scenarios in each.
    """

    def _maybe_draw_constant(self, *_choice: Any, **_chance: Any) -> None:
        return None


def draw(strategy: SearchStrategy[T], *, count: int, seed: int) -> list[T]:
    """Up to `count` values; they depend on the strategy, the seed and Hypothesis' version alone."""
    AVAILABLE_PROVIDERS.setdefault(_BACKEND, f"{__name__}.{_SeedAlone.__name__}")
    drawn: list[T] = []
    for first in range(0, count, _BATCH):
        own_seed = f"{seed}/{first}" if first else seed
        drawn += _batch(strategy, min(_BATCH, count - first), own_seed)
    return drawn


def _batch(strategy: SearchStrategy[T], count: int, seed: int | str) -> list[T]:
    drawn: list[T] = []

    def collect(value: T) -> None:
        drawn.append(value)

    quiet = settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=False,
        backend=_BACKEND,
    )
    seeded(seed)(quiet(given(strategy)(collect)))()
    return drawn
