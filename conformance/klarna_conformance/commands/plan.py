"""`plan`: what would be sent."""

from pathlib import Path

import click

from klarna_conformance.commands.options import chosen_scope, plan_options, target_argument

__all__ = ["plan"]


@click.command()
@target_argument
@plan_options
@click.option("--scenarios", is_flag=True, help="Print every scenario, as YAML.")
def plan(
    target: str,
    operations: tuple[str, ...],
    requirements: tuple[str, ...],
    markets: tuple[str, ...],
    seed: int,
    examples: int,
    max_requests: int | None,
    specs: Path | None,
    scenarios: bool,
) -> None:
    """Tell what `run` would send to TARGET, without sending anything.

    Counts scenarios, requests and goals, and names the goals that nothing in the plan serves.
    """
    import msgspec

    from klarna_conformance.planning import make_plan
    from klarna_conformance.target_file import open_target
    from klarna_specs.loader import load

    spec = load(specs)
    scope = chosen_scope(spec, operations, requirements, markets)
    facts = open_target(target, spec, seed=seed).facts
    made = make_plan(spec, scope=scope, seed=seed, examples=examples, max_requests=max_requests)
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
