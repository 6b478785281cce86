"""Plans a run: which scenarios are sent, in which order, and which goals they serve."""

from collections.abc import Iterable, Iterator

import msgspec

from klarna_conformance.rehearsal import Rehearsed, rehearse
from klarna_specs.goals import Goal, Scope, goals
from klarna_specs.scenario import Scenario, steps_of
from klarna_specs.spec import Spec

__all__ = ["Plan", "make_plan"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The scenarios of a run in the order they are sent in, and the goals that they are to serve.

    `requests` is how many requests they take on a server that does as documented (those that make
    the orders not counted), and `unserved` the goals that none of them serves; both are known only
    of a plan that was rehearsed.
    """

    scenarios: tuple[Scenario, ...]
    goals: tuple[Goal, ...]
    requests: int | None = None
    unserved: tuple[Goal, ...] = ()


def make_plan(
    spec: Spec,
    *,
    scope: Scope,
    seed: int,
    examples: int,
    max_requests: int | None = None,
    rehearsed: bool = True,
) -> Plan:
    """Enumerates and draws scenarios, and orders them so that every goal is covered early.

    `max_requests` is a budget: scenarios that do not fit any more are left out. Without one, and
    with everything in scope, the order matters little, and `rehearsed=False` saves the time.
    """
    wanted = goals(spec, scope)
    candidates = _calling(spec, wanted, _candidates(spec, scope, seed, examples))
    if not rehearsed and scope.is_everything and max_requests is None:
        return Plan(scenarios=tuple(candidates), goals=wanted)
    useful = [each for each in rehearse(spec, candidates) if each.goals & set(wanted)]
    chosen = _within(_greedily(useful, set(wanted)), max_requests)
    served = frozenset[Goal]().union(*(each.goals for each in chosen))
    return Plan(
        scenarios=tuple(each.scenario for each in chosen),
        goals=wanted,
        requests=sum(each.requests for each in chosen),
        unserved=tuple(goal for goal in wanted if goal not in served),
    )


def _candidates(spec: Spec, scope: Scope, seed: int, examples: int) -> Iterator[Scenario]:
    from klarna_conformance.drawing import draw
    from klarna_conformance.schema_phase import schema_scenarios
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


def _greedily(candidates: list[Rehearsed], wanted: set[Goal]) -> Iterator[Rehearsed]:
    """The fewest requests for the most goals first; then the rest as they came."""
    missing = set(wanted)
    pool = list(candidates)
    while missing:
        best = max(pool, key=lambda each: len(each.goals & missing) / each.requests, default=None)
        if best is None or not best.goals & missing:
            break
        missing -= best.goals
        pool.remove(best)
        yield best
    yield from pool


def _within(scenarios: Iterable[Rehearsed], budget: int | None) -> tuple[Rehearsed, ...]:
    if budget is None:
        return tuple(scenarios)
    chosen: list[Rehearsed] = []
    for each in scenarios:
        if each.requests <= budget:
            chosen.append(each)
            budget -= each.requests
    return tuple(chosen)
