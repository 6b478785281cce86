"""Response times by operation: percentiles, and their positions on a logarithmic axis."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klarna_reports.record.record import Played
from klarna_specs.calls import operation_of
from klarna_specs.exchange import Request, Response
from klarna_specs.spec import Spec

__all__ = ["Latencies", "Latency", "Timings"]

_WIDTH = 300.0
_PERCENTILES = (50, 90, 99)
_MOST_LATEST = 256
_OTHERS = "other requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The number of responses of one operation, and percentiles of their times in ms."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """All operations, with a common axis: powers of ten from `lowest` to `highest`, in ms."""

    by_operation: Mapping[str, Latency]
    lowest: int
    highest: int

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Positions and labels of the axis."""
        powers = range(self.lowest, self.highest + 1)
        return tuple((self.place(10.0**power), _duration(power)) for power in powers)

    def place(self, ms: float) -> float:
        """The position of a duration on the axis, from 0 to 300."""
        share = (math.log10(max(ms, 1e-9)) - self.lowest) / (self.highest - self.lowest)
        return round(_WIDTH * min(1.0, max(0.0, share)), 1)


class OperationNames:
    """The names of documented operations; those of the latest paths are kept."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._latest: dict[tuple[str, str], str] = {}

    def of(self, request: Request) -> str:
        """The name of the operation of a request; empty if it has none."""
        place = request.method, request.path
        name = self._latest.get(place)
        if name is None:
            operation = operation_of(self._spec, request)
            name = operation.operation if operation else ""
            if len(self._latest) >= _MOST_LATEST:
                self._latest.clear()
            self._latest[place] = name
        return name


class Timings:
    """Collects the response times of all answered calls."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._names = OperationNames(spec)
        self._took_ms: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, played: Played) -> None:
        """Adds the calls of a scenario."""
        for exchange in played.exchanges:
            if isinstance(exchange.outcome, Response):
                name = self._names.of(exchange.request) or _OTHERS
                self._took_ms[name].append(exchange.outcome.elapsed_s * 1000)

    @property
    def latencies(self) -> Latencies | None:
        """Their latencies; None if no call was answered."""
        took = self._took_ms
        if not took:
            return None
        order = [*self._spec.operations, _OTHERS]
        by_operation = {name: _latency(sorted(took[name])) for name in order if name in took}
        lowest = min(one.p50_ms for one in by_operation.values())
        highest = max(one.most_ms for one in by_operation.values())
        floor = math.floor(math.log10(max(lowest, 0.01)))
        ceiling = max(floor + 1, math.ceil(math.log10(max(highest, 0.01))))
        return Latencies(by_operation=by_operation, lowest=floor, highest=ceiling)


def _duration(power: int) -> str:
    """This power of ten, in ms: `10 ms`, from a second `10 s`."""
    return f"{10.0**power:g} ms" if power < 3 else f"{10 ** (power - 3):,} s"


def _latency(took_ms: Sequence[float]) -> Latency:
    p50, p90, p99 = (_percentile(took_ms, percent) for percent in _PERCENTILES)
    return Latency(count=len(took_ms), p50_ms=p50, p90_ms=p90, p99_ms=p99, most_ms=took_ms[-1])


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that this percentage of the values does not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
