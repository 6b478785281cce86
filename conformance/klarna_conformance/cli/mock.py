"""`mock`: serve the mock."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import output_option, requirement_option, specs_option

if TYPE_CHECKING:
    from klarna_conformance.mock.serving import MockServer
    from klarna_conformance.network.network import Seen
    from klarna_specs.spec import Spec

__all__ = ["mock"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one by default."
)
@click.option("--username", default=defaults.USERNAME, show_default=True)
@click.option("--password", default=defaults.PASSWORD, show_default=True)
@click.option(
    "--latency", type=click.IntRange(0), default=0, help="Wait so many ms before answering."
)
@click.option(
    "--lag",
    type=click.IntRange(0),
    default=0,
    help="Let reads show only after so many ms what was done.",
)
@click.option("--no-control", is_flag=True, help="Close the control API.")
@click.option("--mutant", help="Serve this mutant or harmless variant instead (see `mutants`).")
@click.option(
    "--judge",
    is_flag=True,
    help="Judge the clients when the mock is ended (Ctrl-C, SIGTERM), and leave a report.",
)
@requirement_option
@click.option("--strict", is_flag=True, help="A recommendation that is not followed fails it.")
@output_option
@specs_option
def mock(
    host: str,
    port: int,
    username: str,
    password: str,
    latency: int,
    lag: int,
    no_control: bool,
    mutant: str | None,
    judge: bool,
    requirements: tuple[str, ...],
    strict: bool,
    output: Path,
    specs: Path | None,
) -> int:
    """Serve the mock: a server that does as documented, and remembers everything.

    Prints its base URL when it accepts requests. Beside the documented paths there is a control
    API: POST /_control/orders (an order plan), POST /_control/orders/{order_id}
    ({"fraud_status": "PENDING"}), POST /_control/clock ({"advance_s": N}),
    POST /_control/faults ({"faults": ["lost"]}: what the next calls meet),
    GET /_control/exchanges, POST /_control/reset.

    With --judge the requirements for clients are judged by what was sent, as far as that tells: it
    exits with 1 for a violation, and with 3 where something was not seen. --requirement narrows the
    question, and --strict, --output are about that too.
    """
    from klarna_conformance.cli.options import watched_sides
    from klarna_conformance.errors import UsageError
    from klarna_conformance.mock.serving import MockServer
    from klarna_conformance.network.serving import serve
    from klarna_conformance.today import today_s
    from klarna_conformance.wrong.making import named_mock
    from klarna_specs.loader import load

    if (requirements or strict) and not judge:
        raise UsageError("--requirement and --strict go with --judge")
    spec = load(specs)
    watched_sides(spec, "client", requirements)
    served = named_mock(spec, mutant, lag_s=lag / 1000)
    served.epoch_s = today_s()
    server = MockServer(
        served,
        username=username,
        password=password,
        control=not no_control,
        host=host,
        port=port,
        latency_s=latency / 1000,
        remembers=judge,
    )
    try:
        seen = serve(server, click.echo)
    except OSError as exc:
        raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    if not judge:
        return 0
    told = {username, password} - {defaults.USERNAME, defaults.PASSWORD}
    return _judged(spec, server, seen, output, requirements, strict=strict, secrets=told)


def _judged(
    spec: "Spec",
    server: "MockServer",
    seen: "Seen",
    output: Path,
    requirements: tuple[str, ...],
    *,
    strict: bool,
    secrets: set[str],
) -> int:
    from klarna_conformance.cli.terminal import Terminal
    from klarna_conformance.record.recording import Recorder
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.watched import seen_by, write_watched
    from klarna_reports.record.record import TargetFacts

    facts = TargetFacts(name="clients of the mock", base_url=server.base_url, kind="mock")
    summary = write_watched(
        spec,
        seen_by(facts, seen),
        output,
        Recorder(Redactor(secrets, public=server.base_url)),
        sides=("client",),
        requirements=requirements,
        strict=strict,
    )
    Terminal(quiet=False, color=True).summary(summary, output)
    return summary.exit_code
