"""`check`: judge recorded traffic."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance.cli.options import (
    FILE,
    TrafficOptions,
    side_option,
    terminal_option,
    traffic_options,
    watched_sides,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal

__all__ = ["check"]


@click.command()
@click.argument("file", type=FILE)
@side_option
@traffic_options
@terminal_option
def check(file: Path, side: str, judging: TrafficOptions, terminal: "Terminal") -> int:
    """Judge recorded traffic, without sending anything.

    The server and the client are judged by the traffic in FILE: a HAR file, a VCR cassette, or
    WireMock mappings. Each order is judged from the first request that reads it; the report lists
    the traffic that could not be judged. A requirement that the traffic does not exercise is
    NOT_RUN, so recorded traffic is rarely enough for CONFORMANT: expect exit code 3, or 1 for a
    violation. Use --requirement to judge only what the traffic contains.
    """
    from klarna_conformance.cli.watch.reporting import judge_traffic
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.recorded import origin_of, traffic_facts
    from klarna_conformance.traffic.traffic_file import read_traffic
    from klarna_conformance.traffic.watched import Watched

    traffic = read_traffic(file)
    spec = judging.load(origin_of(traffic))
    sides = watched_sides(spec, side, judging.requirements)
    facts = traffic_facts(spec, traffic, name=file.name)
    watched = Watched(facts=facts, traffic=tuple(traffic))
    return judge_traffic(spec, watched, Redactor(()), judging, terminal, sides=sides)
