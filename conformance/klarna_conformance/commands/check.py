"""`check`: judge recorded traffic."""

from pathlib import Path

import click

from klarna_conformance.commands.options import output_option, specs_option

__all__ = ["check"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@output_option
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails it.")
@specs_option
def check(file: Path, output: Path, strict: bool, specs: Path | None) -> int:
    """Judge the server by the traffic that FILE (HAR) recorded, and send nothing.

    Each order is judged from when it was first read. What the traffic does not show is NOT_RUN, and
    so recorded traffic is rarely enough for CONFORMANT: it exits with 3, or 1 for a violation.
    """
    import sys

    from klarna_conformance.har_file import read_har
    from klarna_conformance.recorded import judged_orders, traffic_facts
    from klarna_conformance.running import recorded_header
    from klarna_conformance.terminal import Terminal
    from klarna_reports.journal import FILE_NAME, Journal, read_journal
    from klarna_reports.record import Footer
    from klarna_reports.render import discard_renderings, write_renderings
    from klarna_specs.loader import load

    spec = load(specs)
    traffic = read_har(file)
    facts = traffic_facts(spec, traffic, name=file.name)
    discard_renderings(output)
    command = " ".join(["klarna-conformance", *sys.argv[1:]])
    sent = 0
    with Journal(output) as journal:
        journal.write(recorded_header(spec, facts, command=command, strict=strict))
        for played in judged_orders(spec, facts, traffic):
            sent += len(played.exchanges)
            journal.write(played)
        journal.write(Footer(wall_s=0.0, requests_sent=sent))
    summary = write_renderings(output, spec, read_journal(output / FILE_NAME))
    Terminal(quiet=False, color=True).summary(summary, output)
    return summary.exit_code
