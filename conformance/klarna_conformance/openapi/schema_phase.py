"""The schema tier of a run: scenarios from data that Schemathesis generates.

The judge decides on the responses, as for any other scenario: what
Schemathesis calls valid or invalid is only a way to draw.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from klarna_conformance.drawing import draw
from klarna_conformance.openapi import compile_openapi, only_described
from klarna_conformance.openapi.schema_values import (
    generated_body,
    generated_key,
    within_the_order,
)
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Empty, Json, Scenario, Step
from klarna_specs.spec import Operation, Spec
from klarna_strategies.layouts import layout_plan
from klarna_strategies.steps import plainest, refund

__all__ = ["schema_scenarios", "workable_plan"]

T = TypeVar("T")
_IDS = {"order_id": "order", "capture_id": "capture", "refund_id": "refund"}
"""Stand in for the ids, which are known only when a scenario is sent."""


def schema_scenarios(spec: Spec, *, count: int, seed: int, market: str = "SE") -> list[Scenario]:
    """Up to `count` distinct scenarios of one generated call each, the same for the same seed.

    Of an operation with a body there are the values at the bounds of its schema (where there are
    too many, `seed` decides which), and random ones that keep the schema and that break it; the
    amounts of those that keep it are brought within the order, and members that are not described
    are left out. Of an operation without a body there is hardly anything to generate.
    """
    if not count:
        return []
    sources = _sources(spec, market, seed)
    simple = [scenario for source in sources if not source.has_body for scenario in source.simple()]
    with_body = sorted((s for s in sources if s.has_body), key=lambda source: source.richness)
    wanted = max(count - len(simple), (count + 1) // 2)
    made: list[Scenario] = []
    for behind, source in zip(range(len(with_body), 0, -1), with_body, strict=True):
        share = -(-(wanted - len(made)) // behind)
        made += _distinct(source.rich(min(share, 2 * source.richness)))
    return _distinct([*made, *simple])[:count]


def workable_plan(
    spec: Spec, operation: Operation, *, market: str = "SE", order_amount: int = 10_000
) -> OrderPlan:
    """The plan of an order that an operation can work on; the amount is in minor units."""
    return layout_plan(spec, operation.layout, market=market, order_amount=order_amount)


class _Source:
    """What Schemathesis generates for one operation, and the order that it is sent on."""

    def __init__(
        self, spec: Spec, schema: Any, operation: Operation, plan: OrderPlan, seed: int
    ) -> None:
        self._spec, self._operation, self._plan, self._seed = spec, operation, plan, seed
        self._described = schema[operation.path][operation.method]
        self.has_body = operation.body is not None
        # What the coverage phase of Schemathesis sends: every bound of the schema, and beyond it.
        self._at_bounds = _distinct(
            self._scenario(case)
            for case in schema.iter_coverage_cases(
                self._described,
                generation_modes=_modes(),
                generation_config=schema.config.generation,
            )
            if case.method == operation.method
        )
        self.richness = len(self._at_bounds)

    def simple(self) -> list[Scenario]:
        """The scenarios of an operation without a body."""
        return self._at_bounds

    def rich(self, wanted: int) -> list[Scenario]:
        """About `wanted` scenarios: three of four at a bound, the others random."""
        at_bounds = _spread(self._at_bounds, wanted * 3 // 4, self._seed)
        positive, negative = _modes()
        # Values that break a schema are slow to draw, and most of them are at the bounds already.
        fewer = (wanted - len(at_bounds)) // 3
        keeping = self._drawn(positive, wanted - len(at_bounds) - fewer)
        breaking = self._drawn(negative, fewer)
        return [*at_bounds, *map(self._only_described, keeping), *breaking]

    def _drawn(self, mode: Any, count: int) -> list[Scenario]:
        strategy = self._described.as_strategy(generation_mode=mode, path_parameters=_IDS)
        return [self._scenario(case) for case in draw(strategy, count=count, seed=self._seed)]

    def _scenario(self, case: Any) -> Scenario:
        step = msgspec.structs.replace(
            plainest(self._operation),
            body=generated_body(case) if self.has_body else Empty(),
            key=generated_key(case) if self._operation.changes else None,
        )
        before = () if step.refund is None else (refund(1),)
        return Scenario(plan=self._plan, steps=(*before, step))

    def _only_described(self, scenario: Scenario) -> Scenario:
        step = scenario.steps[-1]
        assert isinstance(step, Step)
        body = step.body
        if isinstance(body, Json):
            body = Json(only_described(self._spec, self._operation, body.value))
        body = within_the_order(self._spec, self._operation, body, self._plan)
        described = msgspec.structs.replace(step, body=body)
        return msgspec.structs.replace(scenario, steps=(*scenario.steps[:-1], described))


def _sources(spec: Spec, market: str, seed: int) -> list[_Source]:
    import schemathesis

    untyped: Any = schemathesis
    # The older form: of the newer one Schemathesis makes integers such as 2.0.
    document = compile_openapi(spec, version="3.0")
    # Credentials are not to be generated; the steps say them by kind.
    del document["security"]
    config = untyped.Config.from_dict({"seed": seed})
    schema = untyped.openapi.from_dict(document, config=config)
    return [
        _Source(spec, schema, operation, workable_plan(spec, operation, market=market), seed)
        for operation in spec.offered.values()
    ]


def _modes() -> tuple[Any, Any]:
    """Data that satisfies a schema, and data that breaks it."""
    from schemathesis import GenerationMode

    return GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def _spread(values: Sequence[T], wanted: int, seed: int) -> Sequence[T]:
    """At most `wanted` of the values, evenly spread, others for another seed."""
    if wanted <= 0:
        return ()
    step = -(-len(values) // wanted)
    return values[seed % step :: step] if values else ()


def _distinct(scenarios: Iterable[Scenario]) -> list[Scenario]:
    distinct = {msgspec.json.encode(each, order="deterministic"): each for each in scenarios}
    return list(distinct.values())
