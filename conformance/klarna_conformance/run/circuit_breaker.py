"""When a run stops because the target or its provisioner does not respond any more."""

from klarna_reports.record.record import Played
from klarna_specs.exchange import Failure

__all__ = ["CircuitBreaker"]

_SCENARIOS = 20
"""After so many scenarios in a row without any response no other scenario is started."""
_FIRST_SCENARIOS = 3
"""After so many scenarios a provisioner that never responded gets no more requests."""


class CircuitBreaker:
    """Counts scenarios in a row in which no request got a response other than 'wait' (429).

    Scenarios for which the provisioner failed are counted apart.
    """

    def __init__(self) -> None:
        self._silent = 0
        self._unprovided = 0
        self._problem = ""
        self.begun = False
        """Whether an order was provided, or refused."""

    @property
    def reason(self) -> str:
        """Why the run stops; empty while it does not."""
        if self._silent >= _SCENARIOS:
            return f"the target gave no response in {self._silent} scenarios in a row"
        if self._unprovided >= (_SCENARIOS if self.begun else _FIRST_SCENARIOS):
            return f"no order in {self._unprovided} scenarios in a row: {self._problem}"
        return ""

    @property
    def never_provided(self) -> str:
        """The provisioner's failure if it failed for each scenario so far; else empty."""
        return "" if self.begun else self._problem

    def note(self, played: Played) -> None:
        """Takes one more scenario into account."""
        if played.unavailable is not None and played.unavailable.unreachable:
            self._unprovided += 1
            self._problem = played.unavailable.reason
            return
        self._unprovided, self.begun = 0, True
        if not played.exchanges:
            return
        outcomes = [exchange.outcome for exchange in played.exchanges]
        responded = any(not isinstance(o, Failure) and o.status != 429 for o in outcomes)
        self._silent = 0 if responded else self._silent + 1
