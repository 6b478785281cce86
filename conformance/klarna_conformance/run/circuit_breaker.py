"""When a run stops because the target does not respond any more."""

from klarna_reports.record.record import Played
from klarna_specs.exchange import Failure

__all__ = ["CircuitBreaker"]

_SCENARIOS = 20
"""After so many scenarios in a row without any response no other scenario is started."""


class CircuitBreaker:
    """Counts scenarios in a row in which no request got a response other than 'wait' (429)."""

    def __init__(self) -> None:
        self._silent = 0

    @property
    def reason(self) -> str:
        """Why the run stops; empty while it does not."""
        if self._silent < _SCENARIOS:
            return ""
        return f"the target gave no response in {self._silent} scenarios in a row"

    def note(self, played: Played) -> None:
        """Takes one more scenario into account."""
        if not played.exchanges:
            return
        outcomes = [exchange.outcome for exchange in played.exchanges]
        responded = any(not isinstance(o, Failure) and o.status != 429 for o in outcomes)
        self._silent = 0 if responded else self._silent + 1
