"""`client`: certify a client."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import DURATION, output_option, specs_option

if TYPE_CHECKING:
    from klarna_conformance.certify.certifying import CertifyOptions
    from klarna_conformance.certify.saved import SavedScenario
    from klarna_conformance.cli.terminal import Terminal
    from klarna_specs.spec import Spec

__all__ = ["client"]


@click.command()
@click.argument("adapter", nargs=-1, required=True)
@click.option("--operations", help="Comma-separated operations (operationIds); all by default.")
@click.option("--faults", help="Comma-separated kinds of faults; `none` for none, all by default.")
@click.option("--seed", default=defaults.SEED, show_default=True, help="Draws the scenarios.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=defaults.CLIENT_EXAMPLES,
    show_default=True,
    help="How many scenarios are drawn beside those of the table.",
)
@click.option("--max-time", type=DURATION, help="Start nothing after so long, such as 5m.")
@click.option(
    "--timeout",
    type=DURATION,
    default="1s",
    show_default=True,
    help="How long the client is advised to wait for an answer.",
)
@click.option(
    "--outcome-time",
    type=DURATION,
    help="After so long without an outcome the client counts as mute; 30 timeouts, 60s or more.",
)
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails it.")
@click.option("--no-shrink", is_flag=True, help="Do not look for smaller counterexamples.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Play only this counterexample, without a certificate; the record goes to OUTPUT/replay.",
)
@click.option("--quiet", is_flag=True, help="Print the verdict only.")
@click.option("--no-color", is_flag=True, help="Print without colours.")
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
    quiet: bool,
    no_color: bool,
    output: Path,
    specs: Path | None,
) -> int:
    """Certify the client that the program ADAPTER drives: `client -- python adapter.py`.

    The client is told to do things, its calls meet faults of the network, and what it sends, what
    is booked in the end and what it tells is judged. docs/client-certification.md tells how to
    write an adapter.
    """
    from klarna_conformance.certify.certifying import CertifyOptions
    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.network.network import Tempo
    from klarna_specs.client.faults import FAULT_KINDS
    from klarna_specs.client.requirements import client_operations
    from klarna_specs.loader import load

    spec = load(specs)
    saved = _saved(spec, replay) if replay else None
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
        command=" ".join(["klarna-conformance", *sys.argv[1:]]),
        adapter=shlex.join(adapter),
        only=saved.scenario if saved else None,
        shows=saved.requirement if saved else "",
    )
    folder = output / "replay" if replay else output
    return _certified(spec, adapter, options, folder, Terminal(quiet=quiet, color=not no_color))


def _chosen(what: str, told: str | None, existing: tuple[str, ...]) -> tuple[str, ...]:
    from klarna_conformance.cli.options import known_names
    from klarna_conformance.errors import UsageError

    if told is None:
        return existing
    named = tuple(name.strip() for name in told.split(",") if name.strip())
    if not named:
        raise UsageError(f"--{what}s names no {what}; there are {', '.join(existing)}")
    known_names(what, named, existing)
    return named


def _saved(spec: "Spec", path: Path) -> "SavedScenario":
    from klarna_conformance.certify.saved import read_saved

    return read_saved(spec, path)


def _certified(
    spec: "Spec",
    command: tuple[str, ...],
    options: "CertifyOptions",
    output: Path,
    terminal: "Terminal",
) -> int:
    import asyncio

    from klarna_conformance.certify.certifying import certify
    from klarna_conformance.certify.process_adapter import ProcessAdapter
    from klarna_conformance.certify.saved import write_certified
    from klarna_conformance.errors import UsageError
    from klarna_reports.record.journal import FILE_NAME, Journal
    from klarna_reports.render import discard_renderings

    began: list[Journal] = []

    def journal() -> Journal:
        try:
            discard_renderings(output)
            began.append(Journal(output))
        except OSError as exc:
            raise UsageError(
                f"cannot write to {output}: {exc.strerror or exc}; choose --output"
            ) from exc
        return began[0]

    adapter = ProcessAdapter(command, command_s=options.tempo.command_s)
    work = certify(spec, adapter, options, journal, terminal.played, terminal.progress)
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        if not began or not (output / FILE_NAME).stat().st_size:
            raise click.Abort from None
        terminal.interrupted()
    kept = write_certified(spec, output, certificate=options.only is None)
    terminal.certified(kept.summary, kept.sentences, output)
    return kept.summary.exit_code
