"""Plans a run: which scenarios are sent, in which order, and which goals they serve."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from klarna_conformance.plan.economy import Supply, choose, covered, particular
from klarna_conformance.plan.fitting import Stock
from klarna_conformance.plan.packing import packed
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.plan.rehearsal import Rehearsed
from klarna_conformance.play.discovery import probes
from klarna_conformance.target.provisioners import PoolOrder
from klarna_specs.goals import Goal, Scope, goals
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Spec

__all__ = ["Plan", "make_plan"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The scenarios of a run in the order they are sent in, and the goals that they are to serve.

    `requests` is how many requests they take on a server that does as documented (those that make
    the orders not counted), `covering` how few would serve every goal once if nothing were scarce,
    and `unserved` the goals that no scenario of the plan serves. All three are known only of a plan
    that was rehearsed. `lacking` are those of the scenarios for which there is no order: they send
    nothing, and tell what is missing. `probes` find out what a target makes of contradictory paths;
    None are those of `discovery`.
    """

    scenarios: tuple[Scenario, ...]
    goals: tuple[Goal, ...]
    requests: int | None = None
    covering: int | None = None
    unserved: tuple[Goal, ...] = ()
    lacking: tuple[Scenario, ...] = ()
    probes: tuple[Scenario, ...] | None = None


def make_plan(
    spec: Spec,
    *,
    scope: Scope,
    seed: int,
    examples: int,
    max_requests: int | None = None,
    stock: Iterable[PoolOrder] | None = None,
    rehearsed: bool = True,
    cache: PlanningCache | None = None,
) -> Plan:
    """Enumerates and draws scenarios, and orders them so that every goal is covered early.

    `max_requests` is a budget: scenarios that do not fit any more are left out. Goals of a MUST or
    a SHOULD come first, then what is particular, then what is only reported (INFO). With a `stock`
    of orders, scenarios are fitted to these. Without either, and with everything in scope, the
    order matters little, and `rehearsed=False` saves the time. What is in the `cache` is not
    worked out again.
    """
    cache = cache or PlanningCache(None)
    wanted = goals(spec, scope)
    drawn = cache.candidates(
        spec, (scope.markets, seed, examples), lambda: _candidates(spec, scope, seed, examples)
    )
    candidates = _calling(spec, wanted, drawn)
    scarce = max_requests is not None or stock is not None
    if not rehearsed and scope.is_everything and not scarce:
        return Plan(scenarios=tuple(candidates), goals=wanted)
    useful = [each for each in cache.rehearsed(spec, candidates) if each.shown & set(wanted)]
    useful = _on_usual_orders(spec, useful)
    if max_requests is not None and stock is None:
        useful += packed(particular(spec, useful, wanted), partial(cache.rehearsed, spec))
    covering = sum(each.requests for each in covered(useful, wanted))
    supply = Supply(max_requests, None if stock is None else Stock(spec, stock))
    probing = [
        had for each in _probing(spec, useful, cache) if (had := supply.take(each, each.goals))
    ]
    staged = _staged(spec, wanted, useful, max_requests)
    chosen = choose(spec, useful, staged, supply)
    cache.keep()
    served = frozenset[Goal]().union(*(each.goals for each in chosen))
    unserved = tuple(goal for goal in wanted if goal not in served)
    lacking = () if stock is None else _scenarios(covered(useful, unserved))
    return Plan(
        scenarios=(*lacking, *_scenarios(chosen)),
        goals=wanted,
        requests=sum(each.requests for each in (*probing, *chosen)),
        covering=covering,
        unserved=unserved,
        lacking=lacking,
        probes=_scenarios(probing),
    )


def _probing(spec: Spec, useful: Iterable[Rehearsed], cache: PlanningCache) -> list[Rehearsed]:
    """The probes of what is called in the plan."""
    called = {step.operation for each in useful for step in steps_of(each.scenario)}
    probing = cache.rehearsed(spec, probes(spec))
    return [e for e in probing if called.issuperset(s.operation for s in steps_of(e.scenario))]


def _on_usual_orders(spec: Spec, useful: Sequence[Rehearsed]) -> list[Rehearsed]:
    """The scenarios; one on an order without captures serves no MUST that others serve as well.

    Some provisioners make no such orders.
    """
    usual = [each for each in useful if each.scenario.plan and each.scenario.plan.captures]
    served = frozenset[Goal]().union(*(each.goals for each in usual))
    binding = frozenset(g for g in served if spec.requirement(g.requirement).level == "MUST")
    return [
        msgspec.structs.replace(each, goals=each.goals - binding)
        if each.scenario.plan and not each.scenario.plan.captures
        else each
        for each in useful
    ]


def _staged(
    spec: Spec, wanted: tuple[Goal, ...], useful: Sequence[Rehearsed], max_requests: int | None
) -> list[tuple[Goal, ...]]:
    """The goals at once; with a budget those first that can fail or warn, or that can fail."""
    if max_requests is None:
        return [wanted]
    level = {goal: spec.requirement(goal.requirement).level for goal in wanted}
    binding = tuple(goal for goal in wanted if level[goal] != "INFO")
    if sum(each.requests for each in covered(useful, binding)) > max_requests:
        binding = tuple(goal for goal in wanted if level[goal] == "MUST")
    return [binding, wanted]


def _scenarios(rehearsed: Iterable[Rehearsed]) -> tuple[Scenario, ...]:
    return tuple(each.scenario for each in rehearsed)


def _candidates(spec: Spec, scope: Scope, seed: int, examples: int) -> Iterator[Scenario]:
    from klarna_conformance.drawing import draw
    from klarna_conformance.openapi.schema_phase import schema_scenarios
    from klarna_strategies.scenarios import scenarios
    from klarna_strategies.tables import scenario_table

    markets = scope.markets or None
    market = scope.markets[0] if scope.markets else "SE"
    seen: set[bytes] = set()
    for source in (
        scenario_table(spec, markets=markets),
        draw(scenarios(spec, markets=markets), count=examples, seed=seed),
        schema_scenarios(spec, count=examples // 2, seed=seed, market=market),
    ):
        for scenario in source:
            text = msgspec.json.encode(scenario, order="deterministic")
            if text not in seen:
                seen.add(text)
                yield scenario


def _calling(
    spec: Spec, wanted: Iterable[Goal], candidates: Iterable[Scenario]
) -> Iterator[Scenario]:
    """The scenarios that call an operation of which something is to be seen.

    Reads are made in every scenario, so where one of them is wanted all are left.
    """
    operations = {spec.requirement(name).operation for name in {g.requirement for g in wanted}}
    read = any(not spec.operations[name].changes for name in operations)
    for scenario in candidates:
        if read or any(step.operation in operations for step in steps_of(scenario)):
            yield scenario
