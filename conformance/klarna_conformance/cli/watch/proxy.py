"""`proxy`: judge the traffic between a client and a server."""

from typing import TYPE_CHECKING

import click

from klarna_conformance.cli import completing
from klarna_conformance.cli.options import (
    TrafficOptions,
    host_option,
    log_format_option,
    port_option,
    side_option,
    terminal_option,
    traffic_options,
    watched_sides,
)

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal

__all__ = ["proxy"]


@click.command()
@click.argument("upstream", shell_complete=completing.targets)
@host_option
@port_option
@side_option
@click.option(
    "--no-look", is_flag=True, help="Do not read orders; most server requirements need that."
)
@log_format_option
@traffic_options
@terminal_option
def proxy(
    upstream: str,
    host: str,
    port: int,
    side: str,
    no_look: bool,
    log_format: str,
    judging: TrafficOptions,
    terminal: "Terminal",
) -> int:
    """Judge the traffic between a client and a server.

    The proxy forwards requests to UPSTREAM: a URL, the name of a playground, or a target file. It
    prints its base URL; configure it in the client in place of the server's. Requests are forwarded
    with the client's credentials. The proxy also reads each order before the first request about
    it, and after each request that can change it. Stop it with Ctrl-C or SIGTERM to get the report.
    Exit code 1 means a violation, 3 that a requirement was not exercised; use --requirement to
    judge only some.
    """
    import msgspec

    from klarna_conformance.cli.watch.reporting import judge_traffic, served
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.proxying import ProxyServer, upstream_of
    from klarna_conformance.traffic.recorded import traffic_facts
    from klarna_conformance.traffic.watched import seen_by

    spec = judging.load(upstream)
    sides = watched_sides(spec, side, judging.requirements)
    there = upstream_of(upstream, spec.profile)
    server = ProxyServer(spec, there, reads=not no_look, host=host, port=port)
    seen = served(server, host, port, log_format)
    passed = tuple(sorted(server.passed, key=lambda each: each.began_s))
    facts = traffic_facts(spec, passed, name=there.name)
    facts = msgspec.structs.replace(facts, base_url=there.base_url)
    watched = msgspec.structs.replace(seen_by(facts, seen), upstream=passed)
    redactor = Redactor(server.secrets, public=there.base_url)
    return judge_traffic(spec, watched, redactor, judging, terminal, sides=sides)
