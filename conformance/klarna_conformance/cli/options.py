"""Options that several commands share, and what is made of them."""

import importlib
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance import defaults
from klarna_conformance.cli import completing
from klarna_conformance.cli.completing import Complete
from klarna_conformance.cli.defaults_file import as_arguments

if TYPE_CHECKING:
    from klarna_reports.record.record import Side
    from klarna_specs.goals import Scope
    from klarna_specs.spec import Spec

__all__ = [
    "DURATION",
    "FILE",
    "FOLDER",
    "NAMES",
    "RATE",
    "SHARD",
    "PlanOptions",
    "TrafficOptions",
    "chosen_scope",
    "color_option",
    "command_line",
    "format_option",
    "formats_option",
    "grouped",
    "host_option",
    "loaded",
    "log_format_option",
    "names_option",
    "no_cache_option",
    "operation_option",
    "output_option",
    "plan_options",
    "port_option",
    "profile_option",
    "seed_option",
    "side_option",
    "specs_option",
    "strict_option",
    "target_argument",
    "targets_argument",
    "terminal_option",
    "traffic_options",
    "watched_sides",
    "workers_option",
]


class _Read(click.ParamType[Any]):
    """A value that a function of a module reads from text; its ValueError is the message."""

    def __init__(self, name: str, module: str, function: str, *, integer: bool = False) -> None:
        self.name = name
        self.json_types = ["integer", "string"] if integer else ["string"]
        self._module = module
        self._function = function

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str | int):
            return value
        try:
            return getattr(importlib.import_module(self._module), self._function)(str(value))
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


class _Names(click.ParamType[tuple[str, ...]]):
    """Comma-separated names, without empty ones."""

    name = "text"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        del param, ctx
        return tuple(name.strip() for name in value.split(",") if name.strip())


DURATION = _Read("duration", "klarna_conformance.limits", "duration_s")
"""An option such as `10m`, passed on in seconds."""
RATE = _Read("rate", "klarna_conformance.limits", "rate_per_s")
"""An option such as `20/s`, passed on as requests a second."""
SHARD = _Read("shard", "klarna_conformance.sharding", "shard")
"""An option such as `1/4` or `auto`, passed on as a `Shard`."""
_WORKERS = _Read("workers", "klarna_conformance.executors.workers", "workers", integer=True)
NAMES = _Names()
"""An option of comma-separated names, passed on as a tuple."""
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

target_argument = click.argument("target", default="mock", shell_complete=completing.targets)
targets_argument = click.argument(
    "targets", metavar="[TARGET]...", nargs=-1, shell_complete=completing.targets
)
specs_option = click.option(
    "--specs",
    type=FOLDER,
    help="Use the specs in this folder instead of the built-in ones.",
)
profile_option = click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=completing.profiles,
    help="Provider or edition: klarna (default), klarna-2024, kustom, or a profile file (YAML).",
)
output_option = click.option(
    "--output",
    type=FOLDER,
    default=defaults.OUTPUT,
    show_default=True,
    help="Folder for the journal, the report and the other files.",
)
seed_option = click.option(
    "--seed",
    default=defaults.SEED,
    show_default=True,
    help="Random seed for generated scenarios.",
)
no_cache_option = click.option(
    "--no-cache", is_flag=True, help="Plan anew: neither read nor write the cache of plans."
)
strict_option = click.option("--strict", is_flag=True, help="Treat SHOULD violations as failures.")
side_option = click.option(
    "--side",
    type=click.Choice(["server", "client", "both"]),
    default="both",
    show_default=True,
    help="Which side of the traffic to judge.",
)
host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="KLARNA_CONFORMANCE_HOST",
    show_envvar=True,
    help="Address to listen on.",
)
port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    envvar="KLARNA_CONFORMANCE_PORT",
    show_envvar=True,
    help="Port to listen on; a free one by default.",
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["none", "json"]),
    default="none",
    show_default=True,
    help="Log each request on standard error, one JSON object a line (docs/service.md).",
)
_quiet_option = click.option("--quiet", is_flag=True, help="Print only the verdict.")
_color_option = click.option("--no-color", is_flag=True, help="Print without colors.")


def formats_option(*names: str, shown: str = "Format of the printed output.") -> Callable[..., Any]:
    """The option for the format of what is printed; the first one is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help=shown,
    )


format_option = formats_option("text", "json")


def workers_option(default: str) -> Callable[..., Any]:
    """The option for where work is done; `default` says where without it."""
    return click.option(
        "--workers",
        type=_WORKERS,
        metavar="N|dask://HOST:PORT",
        help=f"Number of processes, or the scheduler of a Dask cluster; by default {default}.",
    )


def names_option(
    *flags: str, of: str, only: str = "Only", complete: Complete | None = None
) -> Callable[..., Any]:
    """An option that names things `of` a kind: repeatable, and comma-separated.

    The last of the flags is the name of the parameter, a tuple; empty if the option is not given.
    """
    shown = f"{only} {of}; repeatable, or comma-separated."
    return click.option(
        *flags, multiple=True, type=NAMES, callback=_joined, help=shown, shell_complete=complete
    )


def _joined(
    context: click.Context, option: click.Parameter, given: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    names = tuple(name for names in given for name in names)
    if given and not names:
        raise click.BadParameter("it names nothing", context, option)
    return tuple(dict.fromkeys(names))


operation_option = names_option(
    "--operation",
    "--operations",
    "operations",
    of="these operations (operationIds)",
    complete=completing.operations,
)
_requirement_option = names_option(
    "--requirement",
    "requirements",
    of="these requirements (ids)",
    complete=completing.requirements,
)
_PLAN_OPTIONS = (
    operation_option,
    _requirement_option,
    names_option(
        "--market",
        "markets",
        of="these markets (country codes)",
        complete=completing.markets,
    ),
    seed_option,
    click.option(
        "--examples",
        type=click.IntRange(0),
        default=defaults.EXAMPLES,
        show_default=True,
        help="Number of random scenarios, in addition to the enumerated ones.",
    ),
    click.option("--max-requests", type=click.IntRange(1), help="Limit on the number of requests."),
    no_cache_option,
    profile_option,
    specs_option,
)
_TRAFFIC_OPTIONS = (
    _requirement_option,
    strict_option,
    output_option,
    profile_option,
    specs_option,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options that decide what is sent; `max_requests` is None where nothing limits it."""

    operations: tuple[str, ...]
    requirements: tuple[str, ...]
    markets: tuple[str, ...]
    seed: int
    examples: int
    max_requests: int | None
    no_cache: bool
    profile: str | None
    specs: Path | None

    def load(self, target: str) -> "tuple[Spec, Scope]":
        """The specs for a target, and the scope within; raises UsageError for an unknown name."""
        spec = loaded(self.specs, self.profile, target)
        return spec, chosen_scope(spec, self.operations, self.requirements, self.markets)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficOptions:
    """The options for judging traffic that others send."""

    requirements: tuple[str, ...]
    strict: bool
    output: Path
    profile: str | None
    specs: Path | None

    def load(self, target: str = "mock") -> "Spec":
        """The specs for a target."""
        return loaded(self.specs, self.profile, target)


def loaded(specs: Path | None, profile: str | None, target: str = "mock") -> "Spec":
    """The specs in a folder under the profile that is named, or that a target belongs to."""
    from klarna_conformance.target.chosen_profile import profile_of
    from klarna_specs.loader import load

    return load(specs, profile_of(target, profile))


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that decide what is sent; the command gets them as one `PlanOptions`."""
    return grouped(command, "plan", PlanOptions, _PLAN_OPTIONS)


def traffic_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for judging traffic; the command gets them as one `TrafficOptions`."""
    return grouped(command, "judging", TrafficOptions, _TRAFFIC_OPTIONS)


def color_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--no-color; the command gets a `Terminal`."""

    @wraps(command)
    def with_color(no_color: bool, **options: Any) -> Any:
        from klarna_conformance.cli.output.terminal import Terminal

        return command(terminal=Terminal(quiet=False, color=not no_color), **options)

    return _color_option(with_color)


def terminal_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--quiet and --no-color; the command gets a `Terminal`, quiet as well with --format json."""

    @wraps(command)
    def with_terminal(quiet: bool, no_color: bool, **options: Any) -> Any:
        from klarna_conformance.cli.output.terminal import Terminal

        silent = quiet or options.get("form") == "json"
        return command(terminal=Terminal(quiet=silent, color=not no_color), **options)

    return _quiet_option(_color_option(with_terminal))


def grouped(
    command: Callable[..., Any],
    name: str,
    group: type[Any],
    options: tuple[Callable[..., Any], ...],
) -> Callable[..., Any]:
    """A command with these options; it gets them as one value of a dataclass, by this name."""
    names = [field.name for field in fields(group)]

    @wraps(command)
    def with_group(**given: Any) -> Any:
        return command(**{name: group(**{each: given.pop(each) for each in names})}, **given)

    for option in reversed(options):
        with_group = option(with_group)
    return with_group


def command_line() -> str:
    """The command line of this process, to be recorded.

    It has the options from the defaults file too, and the shard that `auto` stands for, so that it
    depends on neither the file nor the variables of a CI.
    """
    context, given = click.get_current_context(), sys.argv[1:]
    if options := as_arguments(context):
        after = given.index(str(context.info_name)) + 1
        given = ["--no-defaults", *given[:after], *options, *given[after:]]
    whole = shlex.join(["klarna-conformance", *given])
    return re.sub(r"--shard[ =]auto\b", f"--shard {context.params.get('shard')}", whole)


def chosen_scope(
    spec: "Spec",
    operations: tuple[str, ...] = (),
    requirements: tuple[str, ...] = (),
    markets: tuple[str, ...] = (),
) -> "Scope":
    """The scope with these names; raises UsageError for an unknown one."""
    from klarna_conformance.errors import UsageError, check_names
    from klarna_specs.goals import Scope

    excluded = {each.requirement.id: each.reason for each in spec.inapplicable}
    for name in requirements:
        if name in excluded:
            raise UsageError(f"{name} does not apply under {spec.profile.name}: {excluded[name]}")
    check_names("operation", operations, spec.operations)
    check_names("requirement", requirements, [each.id for each in spec.requirements])
    check_names("market", markets, spec.markets)
    return Scope(operations=operations, requirements=requirements, markets=markets)


def watched_sides(spec: "Spec", side: str, requirements: tuple[str, ...]) -> "tuple[Side, ...]":
    """The sides of traffic to judge; raises UsageError for requirements of neither."""
    from klarna_conformance.errors import check_names
    from klarna_specs.client.requirements import client_spec

    chosen: dict[str, tuple[Side, ...]] = {
        "server": ("server",),
        "client": ("client",),
        "both": ("server", "client"),
    }
    judged = spec if side == "server" else client_spec(spec, servers=side == "both")
    check_names("requirement", requirements, [each.id for each in judged.requirements])
    return chosen[side]
