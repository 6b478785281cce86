"""Draws values from Hypothesis strategies outside a test: the same seed draws the same values."""

from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

__all__ = ["draw"]

T = TypeVar("T")
_BACKEND = "klarna-conformance-seed-alone"


class _SeedAlone(HypothesisProvider):
    """Draws as Hypothesis does, without the constants that it collects from imported modules.

    Those are other ones in a checkout, in an installed package and in a user's test suite, so that
    one seed would draw other scenarios in each.
    """

    def _maybe_draw_constant(self, *_choice: Any, **_chance: Any) -> None:
        return None


def draw(strategy: SearchStrategy[T], *, count: int, seed: int) -> list[T]:
    """Up to `count` values; they depend on the strategy, the seed and Hypothesis' version alone."""
    drawn: list[T] = []

    def collect(value: T) -> None:
        drawn.append(value)

    if count:
        AVAILABLE_PROVIDERS.setdefault(_BACKEND, f"{__name__}.{_SeedAlone.__name__}")
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
