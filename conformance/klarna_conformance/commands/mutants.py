"""`mutants`: run the suite against every mutant and harmless variant."""

from pathlib import Path
from typing import Any

import click

from klarna_conformance import defaults
from klarna_conformance.commands.options import SHARD, specs_option

__all__ = ["mutants"]


@click.command()
@click.option("--mutant", "ids", multiple=True, help="Only this mutant or harmless variant (id).")
@click.option("--class", "kinds", multiple=True, help="Only this class of them.")
@click.option("--shard", type=SHARD, help="Only the I-th of N parts, such as 1/4.")
@click.option("--seed", default=defaults.SEED, show_default=True, help="Draws the scenarios.")
@click.option("--examples", type=click.IntRange(0), default=defaults.EXAMPLES, show_default=True)
@click.option(
    "--max-requests", type=click.IntRange(1), help="Try what a run of so many requests sends."
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
    ids: tuple[str, ...],
    kinds: tuple[str, ...],
    shard: Any,
    seed: int,
    examples: int,
    max_requests: int | None,
    full: bool,
    output: Path,
    specs: Path | None,
) -> int:
    """Run the suite against every mutant and harmless variant, and tell what it detects.

    A mutant is a server that is wrong in one way; it has to be caught by the requirement that it
    breaks. A harmless variant differs only where the documentation is silent; nothing may catch it.
    Exits with 1 where a mutant survives or a harmless variant is caught.
    """
    import msgspec

    from klarna_conformance.errors import UsageError
    from klarna_conformance.mutants.campaign import Campaign, Trial, Trials, try_mutants
    from klarna_conformance.mutants.choosing import choose
    from klarna_conformance.terminal import Terminal

    chosen = choose(ids=ids, kinds=kinds, shard=shard)
    terminal = Terminal(quiet=False, color=True)
    done: list[Trial] = []
    with terminal.progress(len(chosen), "Trying"):
        campaign = Campaign(
            seed=seed, examples=examples, max_requests=max_requests, specs=specs, full=full
        )
        for trial in try_mutants(chosen, campaign):
            done.append(trial)
            terminal.trial(trial)
    trials = Trials(seed=seed, examples=examples, trials=tuple(done))
    try:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(trials)))
    except OSError as exc:
        raise UsageError(f"cannot write {output}: {exc.strerror or exc}; choose --output") from exc
    terminal.trials(trials, output)
    return 1 if trials.survivors or trials.false_alarms else 0
