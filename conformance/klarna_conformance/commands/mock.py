"""`mock`: serve the mock."""

from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.commands.options import specs_option

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
    specs: Path | None,
) -> None:
    """Serve the mock: a server that does as documented, and remembers everything.

    Prints its base URL when it accepts requests. Beside the documented paths there is a control
    API: POST /_control/orders (an order plan), POST /_control/clock ({"advance_s": N}),
    GET /_control/exchanges, POST /_control/reset.
    """
    from klarna_conformance.errors import UsageError
    from klarna_conformance.mock.app import mock_app
    from klarna_conformance.mock.serving import serve
    from klarna_conformance.mutants.making import named_mock
    from klarna_specs.loader import load

    served = named_mock(load(specs), mutant, lag_s=lag / 1000)
    app = mock_app(served, username=username, password=password, control=not no_control)
    try:
        serve(app, host=host, port=port, latency_s=latency / 1000, tell=click.echo)
    except OSError as exc:
        raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
