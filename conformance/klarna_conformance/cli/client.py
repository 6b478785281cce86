"""`client`: certify a client."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli import completing
from klarna_conformance.cli.options import (
    DURATION,
    FILE,
    command_line,
    loaded,
    names_option,
    operation_option,
    output_option,
    profile_option,
    seed_option,
    specs_option,
    strict_option,
    terminal_option,
    workers_option,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_conformance.executors.workers import Workers

__all__ = ["client"]


@click.command()
@click.argument("adapter", nargs=-1)
@click.option(
    "--http",
    metavar="URL",
    help="Send the commands to this service, in place of a program ADAPTER.",
)
@operation_option
@names_option(
    "--fault",
    "--faults",
    "faults",
    of="these kinds of faults, or `none`",
    complete=completing.faults,
)
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
    help="Request timeout that the client should use.",
)
@click.option(
    "--outcome-time",
    type=DURATION,
    help="Time limit for the outcome of a command; by default 30 timeouts, at least 60s.",
)
@workers_option("one; each has a copy of the client")
@strict_option
@click.option("--no-shrink", is_flag=True, help="Do not search for smaller counterexamples.")
@click.option(
    "--replay",
    type=FILE,
    help="Replay only this counterexample, without a certificate; writes to OUTPUT/replay.",
)
@terminal_option
@output_option
@profile_option
@specs_option
def client(
    adapter: tuple[str, ...],
    http: str | None,
    operations: tuple[str, ...],
    faults: tuple[str, ...],
    seed: int,
    examples: int,
    max_time: float | None,
    timeout: float,
    outcome_time: float | None,
    workers: "Workers | None",
    strict: bool,
    no_shrink: bool,
    replay: Path | None,
    terminal: "Terminal",
    output: Path,
    profile: str | None,
    specs: Path | None,
) -> int:
    """Certify a client through its adapter.

    The program ADAPTER (for example `client -- python adapter.py`) gets commands and lets the
    client carry them out against the mock, while network faults are injected. The client is judged
    by its requests, by the final state of the orders, and by the outcomes that it reports.
    docs/client-certification.md describes how to write an adapter.
    """
    if bool(adapter) == bool(http):
        wrong = "not both" if adapter else "one is missing"
        raise click.UsageError(
            f"a client has one adapter, a command after `--` or the URL of --http: {wrong}"
        )
    from klarna_conformance.certify.certificate import WantedCertificate, certify_client
    from klarna_conformance.executors.workers import Workers

    wanted = WantedCertificate(
        adapter=adapter,
        http=http,
        operations=operations or None,
        faults=faults or None,
        seed=seed,
        examples=examples,
        max_time_s=max_time,
        timeout_s=timeout,
        outcome_time_s=outcome_time,
        strict=strict,
        shrink=not no_shrink,
        replay=replay,
        command=command_line(),
        workers=workers or Workers(),
    )
    with terminal.following() as follow:
        certificate = certify_client(loaded(specs, profile), wanted, output, follow)
    terminal.certified(certificate.summary, certificate.sentences, certificate.folder)
    return certificate.summary.exit_code
