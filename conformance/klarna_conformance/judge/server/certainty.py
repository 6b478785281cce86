"""Which findings a run would also reach on any other server that does as documented. Pure."""

from klarna_conformance.judge.server.answered import Answered
from klarna_reports.record.record import Finding

__all__ = ["Certainty"]


class Certainty:
    """The calls so far after which servers may differ.

    These are calls with several allowed responses, calls that should (not must) be accepted, and
    concurrent groups, where the order of arrival decides what happens.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._diverging: int | None = None
        self._advised: int | None = None

    def copy(self) -> "Certainty":
        """The same, to be continued separately."""
        other = Certainty()
        other._open = set(self._open)
        other._diverging, other._advised = self._diverging, self._advised
        return other

    def note(self, answered: Answered) -> None:
        """Records a call."""
        grouped = answered.exchange.group is not None
        levels = [requirement.level for requirement in answered.assessment.demanded_by]
        advised = "MUST" not in levels and answered.exchange.purpose == "step"
        if answered.call.operation.changes and levels and advised and self._advised is None:
            self._advised = answered.index
        if not grouped and len(answered.assessment.outcomes) == 1:
            return
        self._open.add(answered.index)
        if self._diverging is None and (grouped or answered.call.operation.changes):
            self._diverging = answered.index

    def covers(self, finding: Finding) -> bool:
        """Whether a finding about a MUST is before all of them."""
        if self._advised is not None and finding.exchange > self._advised:
            return False
        last = max(finding.exchange, finding.witness or 0)
        within = self._diverging is None or last < self._diverging
        return within and finding.exchange not in self._open
