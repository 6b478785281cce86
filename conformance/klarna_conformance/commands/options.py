"""Options that several commands share, and what is made of them."""

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance import defaults

if TYPE_CHECKING:
    from klarna_specs.goals import Scope
    from klarna_specs.spec import Spec

__all__ = ["chosen_scope", "plan_options", "specs_option", "target_argument"]

target_argument = click.argument("target", default="mock")
specs_option = click.option(
    "--specs",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder with specs to use instead of the built-in ones.",
)
_PLAN_OPTIONS = (
    click.option(
        "--operation", "operations", multiple=True, help="Only this operation (operationId)."
    ),
    click.option(
        "--requirement", "requirements", multiple=True, help="Only this requirement (id)."
    ),
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


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that decide what is sent."""
    for option in reversed(_PLAN_OPTIONS):
        command = option(command)
    return command


def chosen_scope(
    spec: "Spec",
    operations: tuple[str, ...],
    requirements: tuple[str, ...],
    markets: tuple[str, ...],
) -> "Scope":
    """The scope that the options name; raises UsageError for a name that does not exist."""
    from klarna_specs.goals import Scope

    _known("operation", operations, spec.operations)
    _known("requirement", requirements, [requirement.id for requirement in spec.requirements])
    _known("market", markets, spec.markets)
    return Scope(operations=operations, requirements=requirements, markets=markets)


def _known(what: str, named: tuple[str, ...], existing: Iterable[str]) -> None:
    from klarna_conformance.errors import UsageError

    names = list(existing)
    for name in named:
        if name not in names:
            folded = {existing.casefold(): existing for existing in names}
            near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
            close = [folded[match] for match in near]
            meant = f"did you mean {' or '.join(close)}?" if close else "`list` shows them all"
            raise UsageError(f"there is no {what} {name!r}; {meant}")
