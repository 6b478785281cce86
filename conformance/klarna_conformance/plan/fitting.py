"""Fits scenarios to the orders that there are, each of which can be used once."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from klarna_conformance.plan.rehearsal import Rehearsed, rehearse
from klarna_conformance.target.provisioners import PoolOrder
from klarna_specs.goals import Goal
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec
from klarna_strategies.rebasing import rebased

__all__ = ["Stock"]

_TRIED_KINDS = 6
"""Orders of so many kinds are tried for a scenario, the likeliest first."""
_MISFITS = 200
"""After so many scenarios that fitted no order none is tried any more, for that takes time."""


class Stock:
    """The unused orders of a pool; what a scenario was fitted to is no longer in it."""

    def __init__(self, spec: Spec, orders: Iterable[PoolOrder]) -> None:
        self._spec = spec
        self._orders = list(orders)
        self._misfits = 0

    def fitted(self, rehearsed: Rehearsed, wanted: frozenset[Goal]) -> Rehearsed | None:
        """The scenario on orders of the stock, which it uses up; None where it fits none of them.

        It fits where it serves at least one of the goals that it is wanted for.
        """
        plans = [p for p in (rehearsed.scenario.plan, rehearsed.scenario.other) if p]
        if not plans:
            return rehearsed
        if not self._orders or self._misfits == _MISFITS:
            return None
        aims = rehearsed.goals & wanted
        best: tuple[Rehearsed, list[PoolOrder]] | None = None
        for orders in self._alike(plans):
            for each in self._rehearsed(rehearsed, orders):
                if best is None or len(each.goals & aims) > len(best[0].goals & aims):
                    best = each, orders
            if best and best[0].goals >= aims:
                break
        if best is None or (aims and not best[0].goals & aims):
            self._misfits += 1
            return None
        for order in best[1]:
            self._orders.remove(order)
        return best[0]

    def _alike(self, plans: Sequence[OrderPlan]) -> Iterator[list[PoolOrder]]:
        """Orders for all the plans of a scenario: for each the likeliest, kind after kind."""
        first, *others = plans
        kinds: set[object] = set()
        for order in sorted(self._orders, key=lambda each: _distance(each, first)):
            kind = msgspec.structs.replace(order, order_id="", captures=())
            kind = kind, tuple(capture.captured_amount for capture in order.captures)
            if kind in kinds or order.payment_method != first.payment_method:
                continue
            if len(kinds) == _TRIED_KINDS:
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

    def _rehearsed(self, rehearsed: Rehearsed, orders: list[PoolOrder]) -> Iterable[Rehearsed]:
        bases = [order.plan for order in orders]
        scenario = rehearsed.scenario
        if [scenario.plan, scenario.other][: len(bases)] == bases:
            return [rehearsed]
        fitting = [
            each
            for each in rebased(scenario, *bases)
            if all(
                order.serves(plan) and not plan.problem
                for order, plan in zip(orders, (each.plan, each.other), strict=False)
                if plan
            )
        ]
        return rehearse(self._spec, fitting)


def _distance(order: PoolOrder, plan: OrderPlan) -> tuple[bool, bool, bool, int]:
    """How unlike an order is to what a plan needs; what is already done of it counts least."""
    captures = tuple(capture.captured_amount for capture in order.captures)
    return (
        order.market != plan.market,
        order.order_amount != plan.order_amount,
        captures != plan.captures[: len(captures)] or order.authorization != "open",
        -len(captures),
    )
