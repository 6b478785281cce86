"""Options that several commands share, and what is made of them."""

import difflib
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance import defaults

if TYPE_CHECKING:
    from klarna_reports.record.record import Side
    from klarna_specs.goals import Scope
    from klarna_specs.spec import Spec

__all__ = [
    "DURATION",
    "RATE",
    "SHARD",
    "PlanOptions",
    "chosen_scope",
    "color_option",
    "format_option",
    "known_names",
    "output_option",
    "plan_options",
    "quiet_option",
    "requirement_option",
    "side_option",
    "specs_option",
    "target_argument",
    "watched_sides",
]


class _Read(click.ParamType[Any]):
    """A value that a function of a module reads from text; its ValueError says what is wrong."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self._module = module

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return getattr(importlib.import_module(self._module), self.name)(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


DURATION = _Read("duration_s", "klarna_conformance.limits")
"""An option such as `10m`, handed on in seconds."""
RATE = _Read("rate_per_s", "klarna_conformance.limits")
"""An option such as `20/s`, handed on as requests a second."""
SHARD = _Read("shard", "klarna_conformance.sharding")
"""An option such as `1/4`, handed on as a `Shard`."""

target_argument = click.argument("target", default="mock")
specs_option = click.option(
    "--specs",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder with specs to use instead of the built-in ones.",
)
output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=defaults.OUTPUT,
    show_default=True,
    help="The folder for journal, report and the other files.",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print: text to read, or JSON for a program.",
)
quiet_option = click.option("--quiet", is_flag=True, help="Print the verdict only.")
color_option = click.option("--no-color", is_flag=True, help="Print without colours.")
requirement_option = click.option(
    "--requirement", "requirements", multiple=True, help="Only this requirement (id)."
)
side_option = click.option(
    "--side",
    type=click.Choice(["server", "client", "both"]),
    default="both",
    show_default=True,
    help="Whom to judge.",
)
_PLAN_OPTIONS = (
    click.option(
        "--operation", "operations", multiple=True, help="Only this operation (operationId)."
    ),
    requirement_option,
    click.option("--market", "markets", multiple=True, help="Only this market (ISO code)."),
    click.option("--seed", default=defaults.SEED, show_default=True, help="Draws the scenarios."),
    click.option(
        "--examples",
        type=click.IntRange(0),
        default=defaults.EXAMPLES,
        show_default=True,
        help="How many scenarios are drawn beside the enumerated ones.",
    ),
    click.option("--max-requests", type=click.IntRange(1), help="Send no more requests than this."),
    specs_option,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a command line says of the plan; `max_requests` is None where nothing bounds it."""

    operations: tuple[str, ...]
    requirements: tuple[str, ...]
    markets: tuple[str, ...]
    seed: int
    examples: int
    max_requests: int | None
    specs: Path | None

    def load(self) -> "tuple[Spec, Scope]":
        """The specs, and the scope within them; raises UsageError for a name that is in neither."""
        from klarna_specs.loader import load

        spec = load(self.specs)
        return spec, chosen_scope(spec, self.operations, self.requirements, self.markets)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that decide what is sent; the command gets them as one `PlanOptions`."""

    @wraps(command)
    def with_plan(**options: Any) -> Any:
        names = PlanOptions.__dataclass_fields__
        plan = PlanOptions(**{name: options.pop(name) for name in names})
        return command(plan=plan, **options)

    for option in reversed(_PLAN_OPTIONS):
        with_plan = option(with_plan)
    return with_plan


def chosen_scope(
    spec: "Spec",
    operations: tuple[str, ...] = (),
    requirements: tuple[str, ...] = (),
    markets: tuple[str, ...] = (),
) -> "Scope":
    """The scope that these names tell; raises UsageError for one that does not exist."""
    from klarna_specs.goals import Scope

    known_names("operation", operations, spec.operations)
    known_names("requirement", requirements, [each.id for each in spec.requirements])
    known_names("market", markets, spec.markets)
    return Scope(operations=operations, requirements=requirements, markets=markets)


def watched_sides(spec: "Spec", side: str, requirements: tuple[str, ...]) -> "tuple[Side, ...]":
    """Which sides of traffic to judge; raises UsageError for requirements that are of neither."""
    from klarna_specs.client.requirements import client_spec

    chosen: dict[str, tuple[Side, ...]] = {
        "server": ("server",),
        "client": ("client",),
        "both": ("server", "client"),
    }
    judged = spec if side == "server" else client_spec(spec, servers=side == "both")
    known_names("requirement", requirements, [each.id for each in judged.requirements])
    return chosen[side]


def known_names(what: str, named: tuple[str, ...], existing: Iterable[str]) -> None:
    """Raises UsageError for a name that does not exist, with those that are like it."""
    from klarna_conformance.errors import UsageError

    names = list(existing)
    for name in named:
        if name not in names:
            folded = {existing.casefold(): existing for existing in names}
            near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
            close = [folded[match] for match in near]
            meant = f"did you mean {' or '.join(close)}?" if close else "`list` shows them all"
            raise UsageError(f"there is no {what} {name!r}; {meant}")
