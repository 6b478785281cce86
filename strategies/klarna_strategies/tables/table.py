"""All tables, one after the other."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec
from klarna_strategies.tables.any_operation import any_operation
from klarna_strategies.tables.broken_pairs import broken_pairs
from klarna_strategies.tables.changes import cancellations, captures, releases
from klarna_strategies.tables.corners import corners
from klarna_strategies.tables.crossings import crossings
from klarna_strategies.tables.extensions import extensions
from klarna_strategies.tables.fees import fees
from klarna_strategies.tables.pairs import pairs
from klarna_strategies.tables.races import races
from klarna_strategies.tables.reads import reads
from klarna_strategies.tables.refund_bodies import refund_bodies
from klarna_strategies.tables.refunds import refunds
from klarna_strategies.tables.refusals import credentials, malformed, nothing_there
from klarna_strategies.tables.replays import replays
from klarna_strategies.tables.stage import Stage
from klarna_strategies.tables.tours import tours

__all__ = ["scenario_table"]

_TABLES: tuple[Callable[[Stage], Iterator[Scenario]], ...] = (
    refunds,
    refund_bodies,
    fees,
    releases,
    captures,
    cancellations,
    extensions,
    reads,
    credentials,
    nothing_there,
    malformed,
    replays,
    races,
    pairs,
    broken_pairs,
    corners,
    tours,
    crossings,
    any_operation,
)


def scenario_table(spec: Spec, *, markets: Sequence[str] | None = None) -> Iterator[Scenario]:
    """Every scenario of the decision tables once, in a fixed order; nothing is drawn.

    With `markets`, orders are placed only there, and cases that none of them allows are left out.
    Raises ValueError for unknown markets, or none.

    >>> next(scenario_table(spec, markets=["SE"])).plan.market
    'SE'
    """
    return _distinct(Stage(spec, markets))


def _of_specs(stage: Stage) -> Iterator[Scenario]:
    """The scenarios that the specs themselves list."""
    for scenario in stage.spec.scenarios:
        if scenario.plan is None or scenario.plan.market in stage.markets:
            yield scenario


def _distinct(stage: Stage) -> Iterator[Scenario]:
    seen: set[bytes] = set()
    for table in (_of_specs, *_TABLES):
        for scenario in table(stage):
            written = msgspec.json.encode(scenario)
            if written not in seen:
                seen.add(written)
                yield scenario
