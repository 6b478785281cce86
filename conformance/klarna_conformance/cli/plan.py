"""`plan`: what would be sent."""

from typing import TYPE_CHECKING, Any

import click

from klarna_conformance.cli.options import (
    PlanOptions,
    format_option,
    plan_options,
    target_argument,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from klarna_conformance.plan.planning import Plan
    from klarna_specs.spec import Spec

__all__ = ["plan"]


@click.command()
@target_argument
@plan_options
@click.option("--scenarios", is_flag=True, help="Print every scenario as YAML.")
@click.option("--orders", is_flag=True, help="List the required orders.")
@format_option
def plan(target: str, plan: PlanOptions, scenarios: bool, orders: bool, form: str) -> None:
    """Show what `run` would send to TARGET, without sending anything.

    Counts scenarios, requests and goals, and lists the goals that the plan does not cover. For a
    target with a pool of orders it lists the orders that are missing from the pool; --orders lists
    all orders that the plan requires.
    """
    import msgspec

    from klarna_conformance.plan.planning import make_plan
    from klarna_conformance.plan.planning_cache import PlanningCache
    from klarna_conformance.target.opening import open_target

    spec, scope = plan.load(target)
    opened = open_target(target, spec, seed=plan.seed)
    budgets = filter(None, (plan.max_requests, opened.limits.requests))
    made = make_plan(
        spec,
        scope=scope,
        seed=plan.seed,
        examples=plan.examples,
        max_requests=min(budgets, default=None),
        pool=opened.pool,
        cache=PlanningCache.of_user(disabled=plan.no_cache),
    )
    if form == "json":
        values = _as_json(spec, made, opened.facts.name, scenarios=scenarios)
        click.echo(msgspec.json.format(msgspec.json.encode(values)))
        return
    if scenarios:
        for number, each in enumerate(made.scenarios, 1):
            click.echo(f"# s{number:04}\n---")
            click.echo(msgspec.yaml.encode(each).decode())
    for line in _lines(spec, made, opened.facts.name, orders=orders):
        click.echo(line)


def _as_json(spec: "Spec", made: "Plan", name: str, *, scenarios: bool) -> dict[str, Any]:
    from klarna_conformance.plan.required_orders import required_orders

    return {
        "target": name,
        "scenarios": made.scenarios if scenarios else len(made.scenarios),
        "requests": made.requests,
        "requests_for_every_goal": made.requests_for_every_goal,
        "goals": len(made.goals),
        "unserved": [
            {"requirement": name, "level": spec.requirement(name).level, "aspects": aspects}
            for name, aspects in _by_requirement(made).items()
        ],
        "orders": required_orders(_had(made)),
        "missing_orders": required_orders(made.lacking),
    }


def _lines(spec: "Spec", made: "Plan", name: str, *, orders: bool) -> "Iterator[str]":
    from klarna_conformance.plan.required_orders import required_orders
    from klarna_reports.summary.reasons import listed

    served = len(made.goals) - len(made.unserved)
    had, missing = required_orders(_had(made)), required_orders(made.lacking)
    yield (
        f"{name}: {len(made.scenarios) - len(made.lacking)} scenarios on "
        f"{sum(order.count for order in had)} orders, about {made.requests} requests, "
        f"{served} of {len(made.goals)} goals"
    )
    yield (
        f"Every goal once takes {made.requests_for_every_goal} requests. A smaller plan prefers "
        "what servers often get wrong to goals that are only reported (INFO)."
    )
    if made.unserved:
        yield "Not covered, so these requirements cannot be verified:"
    for requirement, aspects in _by_requirement(made).items():
        yield f"  {spec.requirement(requirement).level:<6} {requirement}: {listed(aspects)}"
    if missing:
        yield "Orders to create for these (the amount may differ):"
        yield from map(_order, missing)
    if orders:
        yield "Required orders (the run captures, releases and cancels them itself):"
        yield from map(_order, had)


def _had(made: "Plan") -> tuple[Any, ...]:
    return made.scenarios[len(made.lacking) :]


def _by_requirement(made: "Plan") -> dict[str, list[str]]:
    missing: dict[str, list[str]] = {}
    for goal in made.unserved:
        missing.setdefault(goal.requirement, []).append(goal.aspect)
    return missing


def _order(order: Any) -> str:
    return (
        f"  {order.count:>4} x {order.market} {order.order_amount} {order.currency} "
        f"{order.payment_method}"
    )
