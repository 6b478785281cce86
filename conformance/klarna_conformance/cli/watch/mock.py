"""`mock`: serve the mock."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klarna_conformance import defaults
from klarna_conformance.cli import completing
from klarna_conformance.cli.defaults_file import given
from klarna_conformance.cli.options import (
    FOLDER,
    TrafficOptions,
    color_option,
    grouped,
    host_option,
    log_format_option,
    port_option,
    traffic_options,
    watched_sides,
)

if TYPE_CHECKING:
    from klarna_conformance.calibration.latency import Latency
    from klarna_conformance.cli.output.terminal import Terminal
    from klarna_conformance.mock.server import Mock
    from klarna_conformance.mock.serving import MockServer
    from klarna_specs.spec import Spec

__all__ = ["mock"]


_OPTIONS = (
    host_option,
    port_option,
    click.option(
        "--username", default=defaults.USERNAME, show_default=True, help="Valid username."
    ),
    click.option(
        "--password", default=defaults.PASSWORD, show_default=True, help="Valid password."
    ),
    click.option(
        "--latency", type=click.IntRange(0), default=0, help="Delay of every response, in ms."
    ),
    click.option(
        "--lag",
        type=click.IntRange(0),
        default=0,
        help="Eventual consistency: reads show a change only after this many ms.",
    ),
    click.option("--no-control", is_flag=True, help="Disable the control API."),
    click.option(
        "--mutant",
        shell_complete=completing.mutants,
        help="Serve this mutant or harmless variant instead (see `mutants`).",
    ),
    click.option(
        "--like",
        metavar="DIR",
        type=FOLDER,
        help="Take each choice that the documentation leaves open as the target of this record "
        "did.",
    ),
    click.option(
        "--like-latency",
        is_flag=True,
        help="With --like: respond as fast as that target, with latencies drawn from the record.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MockOptions:
    """The options that decide how the mock behaves, and where."""

    host: str
    port: int
    username: str
    password: str
    latency: int
    lag: int
    no_control: bool
    mutant: str | None
    like: Path | None
    like_latency: bool

    def server(self, spec: "Spec", *, remembers: bool) -> "MockServer":
        """The server; raises UsageError for options that exclude each other."""
        from klarna_conformance.errors import UsageError
        from klarna_conformance.mock.serving import MockServer
        from klarna_conformance.today import today_s
        from klarna_conformance.wrong.making import named_mock

        if self.like_latency and self.like is None:
            raise UsageError("--like-latency needs --like")
        if self.like is not None and self.mutant is not None:
            raise UsageError("--like and --mutant exclude each other")
        latency_s: float | Latency = self.latency / 1000
        if self.like is None:
            mock = named_mock(spec, self.mutant, lag_s=self.lag / 1000)
        else:
            mock, recorded_s = _calibrated(spec, self.like, self.lag / 1000, latency_s)
            latency_s = recorded_s if self.like_latency else latency_s
        mock.epoch_s = today_s()
        return MockServer(
            mock,
            username=self.username,
            password=self.password,
            control=not self.no_control,
            host=self.host,
            port=self.port,
            latency_s=latency_s,
            remembers=remembers,
        )


@click.command()
@partial(grouped, name="serving", group=_MockOptions, options=_OPTIONS)
@click.option(
    "--judge", is_flag=True, help="Judge the clients when the mock is stopped, and write a report."
)
@log_format_option
@traffic_options
@color_option
def mock(
    serving: _MockOptions,
    judge: bool,
    log_format: str,
    judging: TrafficOptions,
    terminal: "Terminal",
) -> int:
    """Serve the mock, a stateful server that does as documented.

    Prints its base URL when it accepts requests; stop it with Ctrl-C or SIGTERM: requests
    in flight are answered. Besides the documented paths it has a control API:
    POST /_control/orders (an order plan),
    POST /_control/orders/{order_id} ({"fraud_status": "PENDING"}), POST /_control/clock
    ({"advance_s": N}), POST /_control/faults ({"faults": ["lost"]}: faults of the next requests),
    GET /_control/exchanges, GET /_control/health, POST /_control/reset.

    With --like the mock is calibrated: a correct server that behaves as the recorded one in every
    other way. What was judged FAIL there is not imitated. What the record does not show is printed
    on standard error.

    With --judge the clients are judged by the requests that they sent. Exit code 1 means a
    violation, 3 that a requirement was not exercised. --requirement, --strict and --output apply to
    --judge.
    """
    from klarna_conformance.cli.watch.reporting import judge_traffic, served
    from klarna_conformance.errors import UsageError
    from klarna_conformance.record.redaction import Redactor
    from klarna_conformance.traffic.watched import seen_by
    from klarna_reports.record.record import TargetFacts

    if (given("requirements") or given("strict")) and not judge:
        raise UsageError("--requirement and --strict need --judge")
    spec = judging.load()
    sides = watched_sides(spec, "client", judging.requirements)
    server = serving.server(spec, remembers=judge)
    seen = served(server, serving.host, serving.port, log_format)
    if not judge:
        return 0
    facts = TargetFacts(name="clients of the mock", base_url=server.base_url, kind="mock")
    own = {serving.username, serving.password} - {defaults.USERNAME, defaults.PASSWORD}
    redactor = Redactor(own, public=server.base_url)
    return judge_traffic(spec, seen_by(facts, seen), redactor, judging, terminal, sides=sides)


def _calibrated(spec: "Spec", like: Path, lag_s: float, other_s: float) -> "tuple[Mock, Latency]":
    """A mock that behaves as the target of a record, and that target's latencies."""
    from klarna_conformance.calibration.behaving import behaviour
    from klarna_conformance.calibration.latency import Latency
    from klarna_conformance.calibration.learning import calibration_of
    from klarna_conformance.calibration.limits import limits_of
    from klarna_conformance.mock.server import Mock

    calibration = calibration_of(spec, like)
    mock = Mock(spec, lag_s=lag_s, deviation=behaviour(spec, calibration))
    for line in limits_of(spec, calibration):
        click.echo(line, err=True)
    return mock, Latency(spec, calibration.elapsed_s, other_s)
