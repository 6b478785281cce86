"""`mutants`: run the suite against every mutant and harmless variant, of servers or of clients."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import SHARD, specs_option

if TYPE_CHECKING:
    from klarna_conformance.campaign.servers import Trial, Trials

__all__ = ["mutants"]


@click.command()
@click.option("--clients", is_flag=True, help="Put the wrong and harmless clients to the test.")
@click.option("--mutant", "ids", multiple=True, help="Only this mutant or harmless one (id).")
@click.option("--class", "kinds", multiple=True, help="Only this class of servers.")
@click.option("--shard", type=SHARD, help="Only the I-th of N parts, such as 1/4.")
@click.option("--seed", default=defaults.SEED, show_default=True, help="Draws the scenarios.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    show_default=f"{defaults.EXAMPLES}, for clients {defaults.CLIENT_EXAMPLES}",
    help="How many scenarios are drawn.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    help="Try what a run of so many requests sends to a server.",
)
@click.option("--full", is_flag=True, help="Go on when a mutant is caught: by whom else is it?")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("mutants.json"),
    show_default=True,
    help="The file for the matrix requirement x mutant.",
)
@specs_option
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
    specs: Path | None,
) -> int:
    """Run the suite against every mutant and harmless variant, and tell what it detects.

    A mutant is a server that is wrong in one way; it has to be caught by the requirement that it
    breaks. A harmless variant differs only where the documentation is silent; nothing may catch it.
    With --clients the same is done with clients instead of servers: each is certified.
    Exits with 1 where a mutant survives or a harmless variant is caught.
    """
    if clients:
        _refuse_what_is_of_servers(kinds, max_requests)
        from klarna_conformance.campaign.choosing import choose_clients
        from klarna_conformance.campaign.clients import ClientCampaign, try_clients

        drawn = defaults.CLIENT_EXAMPLES if examples is None else examples
        wrong = choose_clients(ids=ids, shard=shard)
        campaign = ClientCampaign(seed=seed, examples=drawn, specs=specs, full=full)
        tried = try_clients(wrong, campaign)
        return _told(wrong, tried, seed, drawn, output)
    from klarna_conformance.campaign.choosing import choose
    from klarna_conformance.campaign.servers import Campaign, try_mutants

    drawn = defaults.EXAMPLES if examples is None else examples
    chosen = choose(ids=ids, kinds=kinds, shard=shard)
    of_servers = Campaign(
        seed=seed, examples=drawn, max_requests=max_requests, specs=specs, full=full
    )
    return _told(chosen, try_mutants(chosen, of_servers), seed, drawn, output)


def _refuse_what_is_of_servers(kinds: tuple[str, ...], max_requests: int | None) -> None:
    from klarna_conformance.errors import UsageError

    if kinds:
        raise UsageError("clients have no classes: use --mutant with --clients, not --class")
    if max_requests is not None:
        raise UsageError("clients send as they like: --max-requests cannot be used with --clients")


def _told(
    chosen: Sequence[object], tried: Iterable["Trial"], seed: int, examples: int, output: Path
) -> int:
    """Tells of each trial as it is done, and of all in the end; answers the exit code."""
    from klarna_conformance.campaign.servers import Trials
    from klarna_conformance.cli.terminal import Terminal

    terminal = Terminal(quiet=False, color=True)
    done: list[Trial] = []
    with terminal.progress(len(chosen), "Trying"):
        for trial in tried:
            done.append(trial)
            terminal.trial(trial)
    trials = Trials(seed=seed, examples=examples, trials=tuple(done))
    _write(trials, output)
    terminal.trials(trials, output)
    return 1 if trials.survivors or trials.false_alarms else 0


def _write(trials: "Trials", output: Path) -> None:
    import msgspec

    from klarna_conformance.errors import UsageError

    try:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(trials)))
    except OSError as exc:
        raise UsageError(f"cannot write {output}: {exc.strerror or exc}; choose --output") from exc
