"""Eventual consistency of a mock: reads show changes late, as in real systems."""

import time
from collections import defaultdict
from collections.abc import Callable

from klarna_specs.ledger import Ledger

__all__ = ["Lag"]


class Lag:
    """Stores the earlier states of an order for `lag_s` seconds."""

    def __init__(self, lag_s: float, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._lag_s = lag_s
        self._now_s = now_s
        self._before: defaultdict[str, list[tuple[float, Ledger]]] = defaultdict(list)

    def changed(self, before: Ledger) -> None:
        """Records the state of an order before a change."""
        self._before[before.order_id].append((self._now_s(), before))

    def shown(self, ledger: Ledger) -> Ledger:
        """The order as a read shows it: its state `lag_s` seconds ago."""
        since_s = self._now_s() - self._lag_s
        recent = [each for each in self._before[ledger.order_id] if each[0] > since_s]
        self._before[ledger.order_id] = recent
        return recent[0][1] if recent else ledger
