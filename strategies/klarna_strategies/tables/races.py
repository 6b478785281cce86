"""Calls that are made at the same time: money moves at most once, and never beyond the bound."""

from collections.abc import Iterator

from klarna_specs.scenario import Key, Scenario, Together
from klarna_strategies.steps import capture, refund, release
from klarna_strategies.tables.stage import Stage

__all__ = ["races"]


def races(stage: Stage) -> Iterator[Scenario]:
    """Concurrent calls on one order, of which not all can succeed or which are all the same."""
    full, part, none = stage.plan(), stage.plan("one-partial-open"), stage.plan("none-open")
    keyed = refund(1_000, key=Key("first"))
    yield Scenario(plan=full, steps=(Together((refund(6_000), refund(6_000))),))
    yield Scenario(plan=full, steps=(Together((refund(4_000),) * 4),))
    yield Scenario(plan=full, steps=(Together((refund(3_000), refund(4_000))),))
    yield Scenario(plan=full, steps=(Together((keyed, keyed)),))
    yield Scenario(plan=full, steps=(Together((keyed,) * 5),))
    yield Scenario(plan=none, steps=(Together((capture(6_000), capture(6_000))),))
    yield Scenario(plan=part, steps=(Together((release(), capture(4_000))),))
    yield Scenario(plan=part, steps=(Together((refund(6_000), capture(4_000), refund(6_000))),))
