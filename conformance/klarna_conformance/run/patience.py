"""When to give a target up that does not answer any more."""

from klarna_reports.record.record import Played
from klarna_specs.exchange import Failure

__all__ = ["Patience"]

_SCENARIOS = 20
"""After so many scenarios in a row without any answer nothing else is tried."""


class Patience:
    """Counts scenarios in a row in which no request was answered, but for 'wait' (429)."""

    def __init__(self) -> None:
        self._silent = 0

    @property
    def lost(self) -> str:
        """Why the target is given up; empty while it is not."""
        if self._silent < _SCENARIOS:
            return ""
        return f"the target gave no answer in {self._silent} scenarios in a row"

    def note(self, played: Played) -> None:
        """Takes one more scenario into account."""
        if not played.exchanges:
            return
        outcomes = [exchange.outcome for exchange in played.exchanges]
        answered = any(not isinstance(o, Failure) and o.status != 429 for o in outcomes)
        self._silent = 0 if answered else self._silent + 1
