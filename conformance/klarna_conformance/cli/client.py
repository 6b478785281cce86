"""`client`: certify a client."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import (
    DURATION,
    command_line,
    output_option,
    seed_option,
    specs_option,
    strict_option,
    terminal_option,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.terminal import Terminal

__all__ = ["client"]


@click.command()
@click.argument("adapter", nargs=-1, required=True)
@click.option("--operations", help="Comma-separated operations (operationIds); all by default.")
@click.option("--faults", help="Comma-separated kinds of faults, or `none`; all by default.")
@seed_option
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=defaults.CLIENT_EXAMPLES,
    show_default=True,
    help="Number of random scenarios, in addition to the enumerated ones.",
)
@click.option("--max-time", type=DURATION, help="Time limit, for example 5m.")
@click.option(
    "--timeout",
    type=DURATION,
    default="1s",
    show_default=True,
    help="Request timeout that the client is asked to use.",
)
@click.option(
    "--outcome-time",
    type=DURATION,
    help="Time limit for the outcome of a command; by default 30 timeouts, at least 60s.",
)
@strict_option
@click.option("--no-shrink", is_flag=True, help="Do not search for smaller counterexamples.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Replay only this counterexample, without a certificate; writes to OUTPUT/replay.",
)
@terminal_option
@output_option
@specs_option
def client(
    adapter: tuple[str, ...],
    operations: str | None,
    faults: str | None,
    seed: int,
    examples: int,
    max_time: float | None,
    timeout: float,
    outcome_time: float | None,
    strict: bool,
    no_shrink: bool,
    replay: Path | None,
    terminal: "Terminal",
    output: Path,
    specs: Path | None,
) -> int:
    """Certify a client through its adapter.

    The program ADAPTER (for example `client -- python adapter.py`) gets commands and lets the
    client carry them out against the mock, while network faults are injected. The client is judged
    by its requests, by the final state of the orders, and by the outcomes that it reports.
    docs/client-certification.md describes how to write an adapter.
    """
    from klarna_conformance.certify.certifying import CertifyOptions, certify
    from klarna_conformance.certify.process_adapter import ProcessAdapter
    from klarna_conformance.certify.saved import read_saved, save_counterexamples, sentences
    from klarna_conformance.network.network import Tempo
    from klarna_conformance.run.keeping import Keeper, keep
    from klarna_reports.render import WITH_EVERY_CERTIFICATION, WITH_EVERY_RUN
    from klarna_specs.client.faults import FAULT_KINDS
    from klarna_specs.client.requirements import client_operations
    from klarna_specs.loader import load

    spec = load(specs)
    saved = read_saved(spec, replay) if replay else None
    options = CertifyOptions(
        seed=seed,
        operations=_chosen("operation", operations, client_operations(spec)),
        faults=() if faults == "none" else _chosen("fault", faults, FAULT_KINDS),
        examples=examples,
        time_s=max_time,
        tempo=Tempo(
            timeout_s=timeout,
            hold_s=4 * timeout,
            slow_s=0.4 * timeout,
            command_s=outcome_time or max(Tempo().command_s, 30 * timeout),
        ),
        strict=strict,
        shrink=not no_shrink,
        command=command_line(),
        adapter=shlex.join(adapter),
        only=saved.scenario if saved else None,
        shows=saved.requirement if saved else "",
    )
    folder = output / "replay" if saved else output
    formats = WITH_EVERY_RUN if saved else WITH_EVERY_CERTIFICATION
    keeper = Keeper(spec, folder, formats=formats)
    program = ProcessAdapter(adapter, command_s=options.tempo.command_s)
    with terminal.following() as follow:
        summary = keep(lambda: certify(spec, program, options), keeper, follow)
    save_counterexamples(folder / "counterexamples", keeper.record, summary)
    terminal.certified(summary, sentences(keeper.record, summary), folder)
    return summary.exit_code


def _chosen(what: str, text: str | None, existing: tuple[str, ...]) -> tuple[str, ...]:
    from klarna_conformance.errors import UsageError, check_names

    if text is None:
        return existing
    named = tuple(name.strip() for name in text.split(",") if name.strip())
    if not named:
        raise UsageError(f"--{what}s names no {what}; there are {', '.join(existing)}")
    check_names(what, named, existing)
    return named
