"""`check`: judge recorded traffic."""

from pathlib import Path

import click

from klarna_conformance.cli.options import (
    color_option,
    output_option,
    quiet_option,
    requirement_option,
    side_option,
    specs_option,
    watched_sides,
)

__all__ = ["check"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@side_option
@requirement_option
@output_option
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails it.")
@quiet_option
@color_option
@specs_option
def check(
    file: Path,
    side: str,
    requirements: tuple[str, ...],
    output: Path,
    strict: bool,
    quiet: bool,
    no_color: bool,
    specs: Path | None,
) -> int:
    """Judge server and client by the traffic that FILE recorded, and send nothing.

    FILE is a HAR file, a VCR cassette, or WireMock mappings. Each order is judged from when it was
    first read; what is not judged is listed. What the traffic does not show is NOT_RUN, and
    so recorded traffic is rarely enough for CONFORMANT: it exits with 3, or 1 for a violation.
    --requirement narrows the question to what can be answered.
    """
    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.record.recording import Recorder
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.recorded import traffic_facts
    from klarna_conformance.traffic.traffic_file import read_traffic
    from klarna_conformance.traffic.watched import Watched, write_watched
    from klarna_specs.loader import load

    spec = load(specs)
    sides = watched_sides(spec, side, requirements)
    traffic = read_traffic(file)
    facts = traffic_facts(spec, traffic, name=file.name)
    watched = Watched(facts=facts, traffic=tuple(traffic))
    summary = write_watched(
        spec,
        watched,
        output,
        Recorder(Redactor(())),
        sides=sides,
        requirements=requirements,
        strict=strict,
    )
    Terminal(quiet=quiet, color=not no_color).summary(summary, output)
    return summary.exit_code
