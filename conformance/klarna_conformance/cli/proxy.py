"""`proxy`: judge what passes through."""

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

__all__ = ["proxy"]


@click.command()
@click.argument("upstream")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one by default."
)
@side_option
@requirement_option
@click.option(
    "--no-look", is_flag=True, help="Do not read orders in between; hardly any server can be judged"
)
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails it.")
@output_option
@quiet_option
@color_option
@specs_option
def proxy(
    upstream: str,
    host: str,
    port: int,
    side: str,
    requirements: tuple[str, ...],
    no_look: bool,
    strict: bool,
    output: Path,
    quiet: bool,
    no_color: bool,
    specs: Path | None,
) -> int:
    """Stand between a client and UPSTREAM (a URL, a playground's name or a target file).

    Prints its base URL, which the client is given instead of the server's; it passes everything on
    with the client's own credentials. Before the first call on an order, and after each that could
    change it, it reads the order. When it is ended (Ctrl-C, SIGTERM) both sides are judged, as
    far as what passed through tells: it exits with 1 for a violation, and with 3 where something
    was not seen. --requirement narrows the question.
    """
    import msgspec

    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.errors import UsageError
    from klarna_conformance.network.serving import serve
    from klarna_conformance.record.recording import Recorder
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.proxying import ProxyServer, upstream_of
    from klarna_conformance.traffic.recorded import traffic_facts
    from klarna_conformance.traffic.watched import seen_by, write_watched
    from klarna_specs.loader import load

    spec = load(specs)
    sides = watched_sides(spec, side, requirements)
    there = upstream_of(upstream)
    server = ProxyServer(spec, there, looks=not no_look, host=host, port=port)
    try:
        seen = serve(server, click.echo)
    except OSError as exc:
        raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    passed = tuple(sorted(server.passed, key=lambda each: each.began_s))
    facts = msgspec.structs.replace(
        traffic_facts(spec, passed, name=there.name), base_url=there.base_url
    )
    summary = write_watched(
        spec,
        msgspec.structs.replace(seen_by(facts, seen), upstream=passed),
        output,
        Recorder(Redactor(server.secrets, public=there.base_url)),
        sides=sides,
        requirements=requirements,
        strict=strict,
    )
    Terminal(quiet=quiet, color=not no_color).summary(summary, output)
    return summary.exit_code
