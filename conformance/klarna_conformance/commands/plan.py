"""`plan`: what would be sent."""

import click

from klarna_conformance.commands.options import PlanOptions, plan_options, target_argument

__all__ = ["plan"]


@click.command()
@target_argument
@plan_options
@click.option("--scenarios", is_flag=True, help="Print every scenario, as YAML.")
def plan(target: str, plan: PlanOptions, scenarios: bool) -> None:
    """Tell what `run` would send to TARGET, without sending anything.

    Counts scenarios, requests and goals, and names the goals that nothing in the plan serves.
    """
    import msgspec

    from klarna_conformance.opening import open_target
    from klarna_conformance.planning import make_plan

    spec, scope = plan.load()
    facts = open_target(target, spec, seed=plan.seed).facts
    made = make_plan(
        spec,
        scope=scope,
        seed=plan.seed,
        examples=plan.examples,
        max_requests=plan.max_requests,
    )
    if scenarios:
        for number, each in enumerate(made.scenarios, 1):
            click.echo(f"# s{number:04}\n---")
            click.echo(msgspec.yaml.encode(each).decode())
    click.echo(
        f"{facts.name}: {len(made.scenarios)} scenarios, about {made.requests} requests, "
        f"{len(made.goals) - len(made.unserved)} of {len(made.goals)} goals"
    )
    for goal in made.unserved:
        click.echo(f"  not served: {goal}")
