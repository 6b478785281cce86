"""Caches the results of planning in the user's cache folder; those of the default plan are shipped.

The name of a file identifies everything that its content depends on: the code of this project, the
specs, and the libraries that generate and judge. A file that cannot be read is computed again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from typing import TypeVar

import msgspec

from klarna_conformance import defaults
from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.plan.dry_run_table import DryRunTable
from klarna_conformance.plan.shipped import Shipped, shipped
from klarna_specs.cache_files import cache_folder, digest, read_cached, write_cached
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["DEFAULT_PARAMETERS", "PlanningCache"]

T = TypeVar("T")
DEFAULT_PARAMETERS = ((), defaults.SEED, defaults.EXAMPLES)
"""The markets, the seed and the number of random scenarios of the candidates in the package."""

_MOST_DRY_RUNS = 20_000
"""The maximum number of dry runs in a file; a larger file is not written."""
_BATCH = 100
"""So many dry runs are kept if planning ends early."""
_PACKAGES = ("klarna_specs", "klarna_strategies", "klarna_reports", "klarna_conformance")
_SUFFIXES = (".json", ".py", ".yaml")
_LIBRARIES = (
    "common-expression-language",
    "hypothesis",
    "json5",
    "jsonschema-rs",
    "msgspec",
    "schemathesis",
)


class PlanningCache:
    """Candidates, dry runs and plans in a folder, None for no folder.

    `of_package` is what the package holds for the specs; nothing by default. `follow` gets the
    number of scenarios that were generated or dry-run so far; what it raises ends the planning.
    """

    def __init__(
        self,
        directory: Path | None,
        of_package: Callable[[Spec], Shipped | None] = lambda _: None,
        follow: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._directory = directory
        self._follow = follow
        self._steps = 0
        self._of_package = of_package
        self._dry_runs: dict[str, DryRunTable] = {}
        self._unwritten: set[str] = set()

    @classmethod
    def of_user(
        cls, *, disabled: bool = False, follow: Callable[[int], object] = lambda _: None
    ) -> "PlanningCache":
        """The cache in the user's folder, or in the one that the environment variable names.

        If it is `disabled`, everything is computed, and nothing is written.
        """
        if disabled:
            return cls(None, follow=follow)
        return cls(cache_folder(), shipped, follow)

    def candidates(
        self, spec: Spec, parameters: Sequence[object], make: Callable[[], Iterable[Scenario]]
    ) -> tuple[Scenario, ...]:
        """The scenarios that `make` generates with these parameters: markets, seed, number."""
        if tuple(parameters) == DEFAULT_PARAMETERS and (held := self._of_package(spec)):
            return held.candidates
        return self.kept(
            "candidates",
            tuple[Scenario, ...],
            spec,
            parameters,
            lambda: tuple(self._followed(make())),
        )

    def kept(
        self,
        kind: str,
        shape: type[T],
        spec: Spec,
        parameters: Sequence[object],
        make: Callable[[], T],
    ) -> T:
        """What `make` answers for these parameters; it is of this shape."""
        path = self._path(kind, spec, *map(repr, parameters))
        kept = _read(path, shape)
        if kept is None:
            kept = make()
            _write(path, kept)
        return kept

    def dry_runs(self, spec: Spec, scenarios: Iterable[Scenario]) -> list[DryRun]:
        """The dry run of each scenario; those in the cache are used again."""
        wanted = list(scenarios)
        table = self.table(spec)
        missing = table.missing(wanted)
        try:
            for start in range(0, len(missing), _BATCH):
                table.add(dry_run(spec, self._followed(missing[start : start + _BATCH])))
                self._unwritten.add(spec.fingerprint)
        except Exception:
            self.keep(spec)  # planning that is started again continues from here
            raise
        return table.of(wanted)

    def _followed(self, scenarios: Iterable[Scenario]) -> Iterator[Scenario]:
        for scenario in scenarios:
            self._steps += 1
            self._follow(self._steps)
            yield scenario

    def keep(self, spec: Spec) -> None:
        """Writes the dry runs since the last call."""
        if spec.fingerprint in self._unwritten:
            table = self.table(spec)
            if len(table.entries) <= _MOST_DRY_RUNS:
                _write(self._path("dry-runs", spec), table)
            self._unwritten.remove(spec.fingerprint)

    def table(self, spec: Spec) -> DryRunTable:
        """The dry runs that are known."""
        table = self._dry_runs.get(spec.fingerprint)
        if table is None:
            table = _read(self._path("dry-runs", spec), DryRunTable)
            if table is None:
                held = self._of_package(spec)
                table = _copy(held.dry_runs) if held else DryRunTable()
            self._dry_runs[spec.fingerprint] = table
        return table

    def _path(self, kind: str, spec: Spec, *parameters: str) -> Path | None:
        if self._directory is None:
            return None
        name = digest(_state(), spec.fingerprint, *parameters)
        return self._directory / f"{kind}-{name}.json"


def _copy(table: DryRunTable) -> DryRunTable:
    return DryRunTable(list(table.goals), dict(table.entries))


@cache
def _state() -> str:
    """Identifies the code and the libraries of this process."""
    parts = [python_version(), *map(version, _LIBRARIES)]
    for package in _PACKAGES:
        found = find_spec(package)
        for root in (found and found.submodule_search_locations) or ():
            for path in sorted(Path(root).rglob("*")):
                if path.suffix in _SUFFIXES:
                    parts.append(blake2b(path.read_bytes()).hexdigest())
    return digest(*parts)


def _read(path: Path | None, shape: type[T]) -> T | None:
    """The content of a file; None if there is none, or if it is damaged."""
    content = read_cached(path)
    try:
        return None if content is None else msgspec.json.decode(content, type=shape)
    except (ValueError, msgspec.MsgspecError):
        return None


def _write(path: Path | None, value: object) -> None:
    write_cached(path, msgspec.json.encode(value))
