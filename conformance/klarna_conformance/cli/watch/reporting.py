"""What `check`, `proxy` and `mock --judge` have in common: they judge traffic of others."""

from functools import partial
from typing import TYPE_CHECKING

from klarna_conformance.cli.options import TrafficOptions, command_line

if TYPE_CHECKING:
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_conformance.network.network import Seen
    from klarna_conformance.network.serving import Server
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.watched import Watched
    from klarna_reports.record.record import Side
    from klarna_specs.spec import Spec

__all__ = ["judge_traffic", "served"]


def judge_traffic(
    spec: "Spec",
    watched: "Watched",
    redactor: "Redactor",
    judging: TrafficOptions,
    terminal: "Terminal",
    *,
    sides: "tuple[Side, ...]",
) -> int:
    """Judges traffic, writes and prints the report; answers the exit code."""
    from klarna_conformance.record.recording import Recorder
    from klarna_conformance.run.keeping import Keeper
    from klarna_conformance.traffic.watched import judged_traffic

    keeper = Keeper(spec, judging.output)
    for event in judged_traffic(
        spec,
        watched,
        Recorder(redactor),
        sides=sides,
        requirements=judging.requirements,
        strict=judging.strict,
        command=command_line(),
    ):
        keeper(event)
    summary = keeper.report()
    terminal.summary(summary, keeper.page)
    return summary.exit_code


def served(server: "Server", host: str, port: int, log_format: str) -> "Seen":
    """What a server saw until it was stopped; prints its base URL. Raises UsageError."""
    import click

    from klarna_conformance.errors import UsageError
    from klarna_conformance.network.access_log import access_log
    from klarna_conformance.network.serving import serve

    if log_format == "json":
        server.network.log = access_log(partial(click.echo, err=True))
    try:
        return serve(server, click.echo)
    except OSError as exc:
        raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
