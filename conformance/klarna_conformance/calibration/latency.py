"""How long the responses of a calibrated mock take."""

import random
from collections.abc import Mapping, Sequence

from klarna_conformance import defaults
from klarna_specs.calls import read_call
from klarna_specs.exchange import Request
from klarna_specs.spec import Spec

__all__ = ["Latency"]


class Latency:
    """Draws a recorded time of the operation for each request, in seconds, with a fixed seed.

    Other requests, and operations that were not recorded, take `other_s`.
    """

    def __init__(
        self, spec: Spec, elapsed_s: Mapping[str, Sequence[float]], other_s: float
    ) -> None:
        self._spec = spec
        self._elapsed_s = elapsed_s
        self._other_s = other_s
        self._random = random.Random(defaults.SEED)  # noqa: S311 - no secret

    def __call__(self, request: Request) -> float:
        call = read_call(self._spec, request, followed=True)
        recorded = self._elapsed_s.get(call.operation.operation) if call else None
        return self._random.choice(recorded) if recorded else self._other_s
