"""Shell completion of the names that options and arguments take.

It must be quick: it loads the specs from the cache, and none of the libraries that send requests.
"""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, FishComplete

from klarna_specs.errors import SpecError

if TYPE_CHECKING:
    from klarna_specs.spec import Spec

__all__ = [
    "Complete",
    "WholeFishComplete",
    "faults",
    "markets",
    "mutants",
    "operations",
    "profiles",
    "requirements",
    "targets",
]

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""The `shell_complete` of a parameter."""


class WholeFishComplete(FishComplete):
    """Completion in fish; the script of click drops what comes after a comma."""

    source_template = FishComplete.source_template.replace('split ","', 'split --max 1 ","')


_WATCHING = ("check", "mock", "proxy")
"""The commands that judge clients by the same option as servers."""
_Named = Iterable[tuple[str, str]]
"""Names, each with what it stands for."""


def _completing(named: Callable[[click.Context], _Named], *, or_file: bool = False) -> Complete:
    """Completes the last one of comma-separated names; broken specs complete nothing."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        many = isinstance(parameter, click.Option) and parameter.multiple
        before, comma, last = incomplete.rpartition(",") if many else ("", "", incomplete)
        found: list[CompletionItem] = []
        with contextlib.suppress(SpecError):
            found = [
                CompletionItem(f"{before}{comma}{name}", help=meaning)
                for name, meaning in named(context)
                if name.startswith(last)
            ]
        # First, because bash drops what comes before it; files are offered if no name fits.
        return [CompletionItem(incomplete, type="file"), *found] if or_file else found

    return complete


def _operations(context: click.Context) -> _Named:
    certifiable = context.info_name == "client"
    every = _spec(context).operations.items()
    return ((name, each.summary) for name, each in every if each.client or not certifiable)


def _requirements(context: click.Context) -> _Named:
    spec = _spec(context)
    of_clients = spec.client_requirements if context.info_name in _WATCHING else ()
    return ((each.id, each.statement) for each in (*spec.requirements, *of_clients))


def _markets(context: click.Context) -> _Named:
    return ((name, each.currency) for name, each in sorted(_spec(context).markets.items()))


def _spec(context: click.Context) -> "Spec":
    from klarna_specs.loader import load
    from klarna_specs.profiles import DEFAULT_PROFILE

    specs: Path | None = context.params.get("specs")
    return load(specs, context.params.get("profile") or DEFAULT_PROFILE)


def _profiles(context: click.Context) -> _Named:
    from klarna_specs.profiles import packaged_profiles

    del context
    return ((each.name, each.title) for each in packaged_profiles())


def _targets(context: click.Context) -> _Named:
    from klarna_specs.profiles import packaged_profiles

    del context
    return [("mock", ""), *(p for each in packaged_profiles() for p in each.presets.items())]


def _mutants(context: click.Context) -> _Named:
    from klarna_conformance.wrong.catalogue import harmless_variants, mutants

    del context
    return ((each.id, each.description) for each in (*mutants(), *harmless_variants()))


def _faults(context: click.Context) -> _Named:
    from klarna_specs.client.faults import FAULT_KINDS

    del context
    return ((name, "") for name in (*FAULT_KINDS, "none"))


operations = _completing(_operations)
requirements = _completing(_requirements)
markets = _completing(_markets)
profiles = _completing(_profiles, or_file=True)
targets = _completing(_targets, or_file=True)
mutants = _completing(_mutants)
faults = _completing(_faults)
