"""Caches the results of planning in the user's cache folder.

The name of a file identifies everything that its content depends on: the code of this project, the
specs, and the libraries that generate and judge. A file that cannot be read is computed again.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from typing import Any

import msgspec
from platformdirs import user_cache_path

from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_specs.goals import Goal
from klarna_specs.scenario import Scenario
from klarna_specs.spec import Spec

__all__ = ["DIRECTORY_VARIABLE", "PlanningCache"]

DIRECTORY_VARIABLE = "KLARNA_CONFORMANCE_CACHE"
"""The environment variable with another folder than the user's; empty disables the cache."""
_FILES = 24
"""The number of files that are kept: the most recently used ones."""
_MOST_DRY_RUNS = 20_000
"""The maximum number of dry runs in a file; a larger file is not written."""
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


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """A dry run; a goal is its index in the file's list of goals."""

    goals: tuple[int, ...]
    shown: tuple[int, ...]
    requests: int
    outcomes: tuple[str, ...]


class _DryRuns(msgspec.Struct, array_like=True):
    """Dry runs by the digest of their scenario."""

    goals: list[Goal] = []
    entries: dict[str, _Entry] = {}


class PlanningCache:
    """Candidates and dry runs in a folder; None disables the cache."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._dry_runs: dict[Path, _DryRuns] = {}
        self._unwritten: set[Path] = set()

    @classmethod
    def of_user(cls) -> "PlanningCache":
        """The cache in the user's folder, or in the one that the environment variable names."""
        named = os.environ.get(DIRECTORY_VARIABLE)
        if named is None:
            return cls(user_cache_path("klarna-conformance"))
        return cls(Path(named) if named else None)

    def candidates(
        self, spec: Spec, parameters: Sequence[object], make: Callable[[], Iterable[Scenario]]
    ) -> tuple[Scenario, ...]:
        """The scenarios that `make` generates with these parameters."""
        path = self._path("candidates", spec, *map(repr, parameters))
        kept = _read(path, tuple[Scenario, ...])
        if kept is None:
            kept = tuple(make())
            _write(path, kept)
        return kept

    def dry_runs(self, spec: Spec, scenarios: Iterable[Scenario]) -> list[DryRun]:
        """The dry run of each scenario; those in the cache are used again."""
        path = self._path("dry-runs", spec)
        if path is None:
            return dry_run(spec, scenarios)
        if path not in self._dry_runs:
            self._dry_runs[path] = _read(path, _DryRuns) or _DryRuns()
        kept = self._dry_runs[path]
        named = [(_name(scenario), scenario) for scenario in scenarios]
        missing = {name: each for name, each in named if name not in kept.entries}
        if missing:
            _add(kept, dict(zip(missing, dry_run(spec, missing.values()), strict=True)))
            self._unwritten.add(path)
        return [_decoded(scenario, kept.entries[name], kept.goals) for name, scenario in named]

    def keep(self) -> None:
        """Writes the dry runs since the last call."""
        for path in self._unwritten:
            kept = self._dry_runs[path]
            if len(kept.entries) <= _MOST_DRY_RUNS:
                _write(path, kept)
        self._unwritten.clear()

    def _path(self, kind: str, spec: Spec, *parameters: str) -> Path | None:
        if self._directory is None:
            return None
        name = _digest(_state(), spec.fingerprint, *parameters)
        return self._directory / f"{kind}-{name}.json"


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
    return _digest(*parts)


def _digest(*parts: str) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _name(scenario: Scenario) -> str:
    return _digest(msgspec.json.encode(scenario, order="deterministic").decode())


def _add(kept: _DryRuns, fresh: Mapping[str, DryRun]) -> None:
    place = {goal: number for number, goal in enumerate(kept.goals)}

    def places(goals: Iterable[Goal]) -> tuple[int, ...]:
        return tuple(place.setdefault(goal, len(place)) for goal in sorted(goals))

    for name, each in fresh.items():
        entry = _Entry(places(each.goals), places(each.shown), each.requests, each.outcomes)
        kept.entries[name] = entry
    kept.goals = list(place)


def _decoded(scenario: Scenario, entry: _Entry, goals: Sequence[Goal]) -> DryRun:
    return DryRun(
        scenario=scenario,
        goals=frozenset(goals[place] for place in entry.goals),
        shown=frozenset(goals[place] for place in entry.shown),
        requests=entry.requests,
        outcomes=entry.outcomes,
    )


def _read(path: Path | None, of: Any) -> Any:
    """The content of a file; None if there is none, or if it is damaged."""
    if path is None:
        return None
    try:
        checksum, content = path.read_bytes().split(b"\n", 1)
        if checksum != _checksum(content):
            return None
        kept = msgspec.json.decode(content, type=of)
        os.utime(path)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    return kept


def _write(path: Path | None, value: object) -> None:
    """Writes a whole file or none; if that fails, planning only takes longer."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            content = msgspec.json.encode(value)
            file.write(_checksum(content) + b"\n" + content)
        Path(file.name).replace(path)
        for old in sorted(path.parent.iterdir(), key=_used, reverse=True)[_FILES:]:
            old.unlink(missing_ok=True)


def _checksum(content: bytes) -> bytes:
    return blake2b(content).hexdigest().encode()


def _used(path: Path) -> float:
    return path.stat().st_mtime
