"""Eventual consistency: whether a read shows what was done before it, by the requirements."""

from collections.abc import Iterable, Sequence

from klarna_conformance.judge.server.groups import judge
from klarna_reports.record.record import Finding, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["shows_what_was_done"]

_OF_THE_STATE = frozenset(
    {
        *("accepted", "order_agrees", "location_leads", "resource_agrees", "text_agrees"),
        *("own_state", "money_adds_up", "lifecycle_status", "captures_agree"),
    }
)
"""Checks that a read may fail only because it comes too early."""


def shows_what_was_done(
    spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder], exchanges: Sequence[Exchange]
) -> bool:
    """Whether the last of these exchanges, a read, agrees with what the others led to."""
    last = len(exchanges) - 1

    def speaks_of_it(finding: Finding) -> bool:
        return last in (finding.exchange, finding.witness)

    return not any(
        finding.verdict in ("FAIL", "WARN")
        and speaks_of_it(finding)
        and spec.requirement(finding.requirement).check in _OF_THE_STATE
        for finding in judge(spec, facts, orders, exchanges)
    )
