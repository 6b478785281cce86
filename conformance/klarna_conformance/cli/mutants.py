"""`mutants`: run the suite against mutants and harmless variants of servers or clients."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance import defaults
from klarna_conformance.cli import completing
from klarna_conformance.cli.defaults_file import given
from klarna_conformance.cli.options import (
    FILE,
    SHARD,
    color_option,
    loaded,
    names_option,
    no_cache_option,
    profile_option,
    seed_option,
    specs_option,
    workers_option,
)

if TYPE_CHECKING:
    from klarna_conformance.campaign.servers import Trial
    from klarna_conformance.cli.output.terminal import Terminal

__all__ = ["mutants"]


@click.command()
@click.option("--clients", is_flag=True, help="Test clients instead of servers.")
@names_option(
    "--mutant", "ids", of="these mutants or harmless variants (ids)", complete=completing.mutants
)
@names_option("--class", "kinds", of="servers of these classes")
@click.option(
    "--shard",
    type=SHARD,
    help="Run part I of N, for example 1/4, or `auto`: the part of this CI job (docs/ci.md).",
)
@seed_option
@click.option(
    "--examples",
    type=click.IntRange(0),
    show_default=f"{defaults.EXAMPLES}, for clients {defaults.CLIENT_EXAMPLES}",
    help="Number of random scenarios.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    help="Use the plan of a run with this limit on requests.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Continue after a mutant is detected, to find all requirements that detect it.",
)
@click.option(
    "--output",
    type=FILE,
    default=Path("mutants.json"),
    show_default=True,
    help="Output file for the matrix of requirements and mutants (JSON).",
)
@workers_option("one process per core")
@no_cache_option
@profile_option
@specs_option
@color_option
def mutants(
    clients: bool,
    ids: tuple[str, ...],
    kinds: tuple[str, ...],
    shard: Any,
    seed: int,
    examples: int | None,
    max_requests: int | None,
    full: bool,
    output: Path,
    workers: Any,
    no_cache: bool,
    profile: str | None,
    specs: Path | None,
    terminal: "Terminal",
) -> int:
    """Measure which defects the suite detects.

    A mutant is a server with one deliberate defect; the requirement that it violates must detect
    it. A harmless variant differs only where the documentation is silent; nothing may detect it.
    With --clients, clients are tested instead of servers. Exits with 1 if a mutant survives or a
    harmless variant is reported.
    """
    from klarna_conformance.executors.workers import Workers

    workers = workers or Workers.one_per_core()
    if clients:
        _refuse_server_options()
        from klarna_conformance.campaign.choosing import choose_clients
        from klarna_conformance.campaign.clients import ClientCampaign, try_clients

        drawn = defaults.CLIENT_EXAMPLES if examples is None else examples
        wrong = choose_clients(ids=ids, shard=shard)
        campaign = ClientCampaign(seed=seed, examples=drawn, specs=specs, full=full)
        trials_done = try_clients(wrong, campaign, workers)
        return _reported(terminal, wrong, trials_done, seed, drawn, output)
    from klarna_conformance.campaign.choosing import choose
    from klarna_conformance.campaign.servers import Campaign, try_mutants
    from klarna_specs.profiles import DEFAULT_PROFILE

    drawn = defaults.EXAMPLES if examples is None else examples
    chosen = choose(loaded(specs, profile), ids=ids, kinds=kinds, shard=shard)
    of_servers = Campaign(
        seed=seed,
        examples=drawn,
        max_requests=max_requests,
        no_cache=no_cache,
        specs=specs,
        profile=profile or DEFAULT_PROFILE,
        full=full,
    )
    trials_done = try_mutants(chosen, of_servers, workers)
    return _reported(terminal, chosen, trials_done, seed, drawn, output)


def _refuse_server_options() -> None:
    from klarna_conformance.errors import UsageError

    if given("kinds"):
        raise UsageError("--class cannot be used with --clients; use --mutant")
    if given("max_requests"):
        raise UsageError("--max-requests cannot be used with --clients")
    if given("profile"):
        raise UsageError("--profile cannot be used with --clients")


def _reported(
    terminal: "Terminal",
    chosen: Sequence[object],
    trials_done: Iterable["Trial"],
    seed: int,
    examples: int,
    output: Path,
) -> int:
    """Prints each trial, and the score; answers the exit code."""
    import msgspec

    from klarna_conformance.campaign.servers import Trials
    from klarna_conformance.errors import writable

    done: list[Trial] = []
    with terminal.testing(len(chosen)) as report:
        for trial in trials_done:
            done.append(trial)
            report(trial)
    trials = Trials(seed=seed, examples=examples, trials=tuple(done))
    with writable(output):
        output.write_bytes(msgspec.json.format(msgspec.json.encode(trials)))
    terminal.trials(trials, output)
    return 1 if trials.survivors or trials.false_alarms else 0
