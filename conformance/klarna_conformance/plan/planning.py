"""Plans a run: its scenarios, their order, and the goals that they serve."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from klarna_conformance import defaults
from klarna_conformance.plan.coverage_selection import Resources, cover, distinctive, select
from klarna_conformance.plan.dry_run import DryRun
from klarna_conformance.plan.offered import calls_not_offered, offered_only
from klarna_conformance.plan.order_matching import OrderPool
from klarna_conformance.plan.packing import packed
from klarna_conformance.plan.planning_cache import PlanningCache
from klarna_conformance.plan.shipped import Shipped, origin
from klarna_conformance.play.discovery import probes
from klarna_conformance.target.provisioners import PoolOrder
from klarna_specs.goals import Goal, Scope, goals
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Spec

__all__ = ["Plan", "made_for_package", "make_plan"]

_SOME_BUDGET = 1_000
"""A number of requests; which scenarios are packed does not depend on it."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The scenarios of a run in the order in which they are sent, and the goals to serve.

    `requests` is the number of requests on a conformant server, without those that provision
    orders; `requests_for_every_goal` is the smallest number that serves every goal once without
    limits; `unserved` are the goals that no scenario of the plan serves. All three are known only
    after a dry run. `lacking` are the scenarios without an order: they send nothing and report
    what is missing. `probes` find out which of the contradictory paths a target supports; None
    stands for those of `discovery`.
    """

    scenarios: tuple[Scenario, ...]
    goals: tuple[Goal, ...]
    requests: int | None = None
    requests_for_every_goal: int | None = None
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
    pool: Iterable[PoolOrder] | None = None,
    dry_run: bool = True,
    cache: PlanningCache | None = None,
) -> Plan:
    """Enumerates and generates scenarios, and orders them so that every goal is covered early.

    `max_requests` is a budget: scenarios that exceed it are left out. Goals of a MUST or a SHOULD
    come first, then distinctive scenarios, then goals that are only reported (INFO). With a `pool`,
    scenarios are matched to its orders. Without either, and with everything in scope, the order
    matters little, and `dry_run=False` saves the time of a dry run. Results in the `cache` are
    used again.
    """
    cache = cache or PlanningCache(None)
    wanted = goals(spec, scope)

    def candidates() -> Iterator[Scenario]:
        drawn = cache.candidates(
            spec, (scope.markets, seed, examples), lambda: _candidates(spec, scope, seed, examples)
        )
        return _calling(spec, wanted, drawn)

    if not dry_run and scope.is_everything and max_requests is None and pool is None:
        return Plan(scenarios=tuple(candidates()), goals=wanted)

    def selected() -> Plan:
        orders = None if pool is None else OrderPool(spec, pool)
        return _selected(spec, wanted, candidates(), max_requests, orders, cache)

    if pool is not None:  # its orders are other ones after each run
        return selected()
    return cache.kept("plan", Plan, spec, (scope, seed, examples, max_requests), selected)


def _selected(
    spec: Spec,
    wanted: tuple[Goal, ...],
    candidates: Iterable[Scenario],
    max_requests: int | None,
    pool: OrderPool | None,
    cache: PlanningCache,
) -> Plan:
    """The plan after a dry run of the candidates."""
    useful = [each for each in cache.dry_runs(spec, candidates) if each.shown & set(wanted)]
    useful = _on_usual_orders(spec, useful)
    if max_requests is not None and pool is None:
        useful += packed(distinctive(spec, useful, wanted), partial(cache.dry_runs, spec))
    for_every_goal = sum(each.requests for each in cover(useful, wanted))
    resources = Resources(max_requests, pool)
    probing = [
        had for each in _probing(spec, useful, cache) if (had := resources.take(each, each.goals))
    ]
    staged = _staged(spec, wanted, useful, max_requests)
    chosen = select(spec, useful, staged, resources)
    cache.keep(spec)
    served = frozenset[Goal]().union(*(each.goals for each in chosen))
    unserved = tuple(goal for goal in wanted if goal not in served)
    lacking = () if pool is None else _scenarios(cover(useful, unserved))
    return Plan(
        scenarios=(*lacking, *_scenarios(chosen)),
        goals=wanted,
        requests=sum(each.requests for each in (*probing, *chosen)),
        requests_for_every_goal=for_every_goal,
        unserved=unserved,
        lacking=lacking,
        probes=_scenarios(probing),
    )


def made_for_package(spec: Spec) -> Shipped:
    """What the package holds of the default plan: for runs with and without a budget."""
    cache = PlanningCache(None)
    made = tuple(_candidates(spec, Scope(), defaults.SEED, defaults.EXAMPLES))
    for budget in (None, _SOME_BUDGET):
        _selected(spec, goals(spec), made, budget, None, cache)
    return Shipped(origin=origin(spec), candidates=made, dry_runs=cache.table(spec))


def _probing(spec: Spec, useful: Iterable[DryRun], cache: PlanningCache) -> list[DryRun]:
    """The probes of the operations that the plan calls."""
    called = {step.operation for each in useful for step in steps_of(each.scenario)}
    probing = cache.dry_runs(spec, probes(spec))
    return [e for e in probing if called.issuperset(s.operation for s in steps_of(e.scenario))]


def _on_usual_orders(spec: Spec, useful: Sequence[DryRun]) -> list[DryRun]:
    """The scenarios; those on orders without captures serve no MUST that others serve as well.

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
    spec: Spec, wanted: tuple[Goal, ...], useful: Sequence[DryRun], max_requests: int | None
) -> list[tuple[Goal, ...]]:
    """All goals at once; with a budget first those that can fail or warn, or only the MUSTs."""
    if max_requests is None:
        return [wanted]
    level = {goal: spec.requirement(goal.requirement).level for goal in wanted}
    binding = tuple(goal for goal in wanted if level[goal] != "INFO")
    if sum(each.requests for each in cover(useful, binding)) > max_requests:
        binding = tuple(goal for goal in wanted if level[goal] == "MUST")
    return [binding, wanted]


def _scenarios(runs: Iterable[DryRun]) -> tuple[Scenario, ...]:
    return tuple(each.scenario for each in runs)


def _candidates(spec: Spec, scope: Scope, seed: int, examples: int) -> Iterator[Scenario]:
    from klarna_conformance.drawing import draw
    from klarna_conformance.openapi.schema_phase import schema_scenarios
    from klarna_strategies.drawn_scenarios import scenarios
    from klarna_strategies.tables import scenario_table

    markets = scope.markets or None
    market = scope.markets[0] if scope.markets else "SE"
    seen: set[bytes] = set()
    for source in (
        offered_only(spec, scenario_table(spec, markets=markets)),
        calls_not_offered(spec, scope),
        offered_only(spec, draw(scenarios(spec, markets=markets), count=examples, seed=seed)),
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
    """The scenarios that call an operation with a wanted goal.

    Every scenario reads, so all remain if a goal of a read is wanted.
    """
    operations = {spec.requirement(name).operation for name in {g.requirement for g in wanted}}
    read = any(not spec.operations[name].changes for name in operations)
    for scenario in candidates:
        if read or any(step.operation in operations for step in steps_of(scenario)):
            yield scenario
