"""Matches scenarios to the orders of a pool, each of which can be used once."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.target.provisioners import PoolOrder
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec
from klarna_strategies.rebasing import rebased

__all__ = ["OrderPool"]

_MOST_KINDS = 6
"""The number of kinds of orders that are considered for a scenario, the most similar first."""
_MOST_MISMATCHES = 200
"""After this many scenarios without a matching order the search ends, because it takes time."""


class OrderPool:
    """The unused orders of a pool; an order that was matched to a scenario is removed."""

    def __init__(self, spec: Spec, orders: Iterable[PoolOrder]) -> None:
        self._spec = spec
        self._orders = list(orders)
        self._mismatches = 0

    def matched(self, run: DryRun, wanted: frozenset[Goal]) -> DryRun | None:
        """The scenario on orders of the pool, which are then used; None if no order matches.

        An order matches if the scenario serves at least one of the wanted goals on it.
        """
        plans = [p for p in (run.scenario.plan, run.scenario.other) if p]
        if not plans:
            return run
        if not self._orders or self._mismatches == _MOST_MISMATCHES:
            return None
        aims = run.goals & wanted
        best: tuple[DryRun, list[PoolOrder]] | None = None
        for orders in self._alike(plans):
            for each in self._dry_runs(run, orders):
                if best is None or len(each.goals & aims) > len(best[0].goals & aims):
                    best = each, orders
            if best and best[0].goals >= aims:
                break
        if best is None or (aims and not best[0].goals & aims):
            self._mismatches += 1
            return None
        for order in best[1]:
            self._orders.remove(order)
        return best[0]

    def _alike(self, plans: Sequence[OrderPlan]) -> Iterator[list[PoolOrder]]:
        """Orders for all plans of a scenario: the most similar ones, one kind after the other."""
        first, *others = plans
        kinds: set[object] = set()
        for order in sorted(self._orders, key=lambda each: _distance(each, first)):
            kind = msgspec.structs.replace(order, order_id="", captures=())
            kind = kind, tuple(capture.captured_amount for capture in order.captures)
            if kind in kinds or order.payment_method != first.payment_method:
                continue
            if len(kinds) == _MOST_KINDS:
                return
            kinds.add(kind)
            left = [each for each in self._orders if each is not order]
            rest = [
                min(alike, key=lambda each: _distance(each, plan))
                for plan in others
                if (alike := [e for e in left if e.payment_method == plan.payment_method])
            ]
            if len(rest) == len(others):
                yield [order, *rest]

    def _dry_runs(self, run: DryRun, orders: list[PoolOrder]) -> Iterable[DryRun]:
        bases = [order.plan for order in orders]
        scenario = run.scenario
        if [scenario.plan, scenario.other][: len(bases)] == bases:
            return [run]
        matching = [
            each
            for each in rebased(scenario, *bases)
            if all(
                order.serves(plan) and not plan.problem
                for order, plan in zip(orders, (each.plan, each.other), strict=False)
                if plan
            )
        ]
        return dry_run(self._spec, matching)


def _distance(order: PoolOrder, plan: OrderPlan) -> tuple[bool, bool, bool, int]:
    """How much an order differs from a plan; captures that it already has count least."""
    captures = tuple(capture.captured_amount for capture in order.captures)
    return (
        order.market != plan.market,
        order.order_amount != plan.order_amount,
        captures != plan.captures[: len(captures)] or order.authorization != "open",
        -len(captures),
    )
