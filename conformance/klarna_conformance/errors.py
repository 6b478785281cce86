"""The errors of a run, in the order of its steps.

The command line is read (`UsageError`, exit 2), the specs are loaded (`klarna_specs.SpecError`,
exit 2), the output folder is created (`UnwritableError`, exit 2), the target is checked
(`PreflightError`, exit 4), the run is planned (`PlanningTimeoutError`, exit 3). From then on
whatever a target does is a finding, and any exception is a defect of this program (exit 5).
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from klarna_specs.errors import SpecFileError

__all__ = [
    "AdapterError",
    "ConformanceError",
    "PlanningTimeoutError",
    "PreflightError",
    "UnwritableError",
    "UsageError",
    "WorkerError",
    "cannot_write",
    "check_names",
    "readable",
    "unknown_name",
    "writable",
]

_ALL, _LISTED = 40, 8
"""How many existing names a message lists if that is all of them, and otherwise."""


class ConformanceError(Exception):
    """A run cannot start or continue; the message says why and what to do."""

    exit_code = 5


class UsageError(ConformanceError):
    """The command line, a file or a folder is invalid."""

    exit_code = 2


class UnwritableError(UsageError):
    """A file or folder of the output cannot be written."""


class PlanningTimeoutError(ConformanceError):
    """The time limit of a run was exceeded before its first request."""

    exit_code = 3


class PreflightError(ConformanceError):
    """The target is unreachable, refuses the credentials, or provides no orders."""

    exit_code = 4


class WorkerError(ConformanceError):
    """A process that sends a part of a run ended unexpectedly."""


class AdapterError(ConformanceError):
    """The adapter of a client violates the protocol; that says nothing about the client."""

    exit_code = 2


def cannot_write(path: Path | str, exc: OSError) -> str:
    """The sentence for a file or folder that cannot be written."""
    return f"cannot write to {path}: {exc.strerror or exc}"


@contextmanager
def readable(path: Path) -> Generator[None]:
    """While a file of the user is read: raises UsageError if that fails, or for a wrong line."""
    try:
        yield
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is not UTF-8") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc


@contextmanager
def writable(path: Path, option: str = "--output") -> Generator[None]:
    """Raises UnwritableError where something cannot be written; `option` chose the path."""
    try:
        yield
    except OSError as exc:
        raise UnwritableError(f"{cannot_write(path, exc)}; choose another {option}") from exc


def unknown_name(what: str, name: str, existing: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with similar ones."""
    import difflib

    names = list(dict.fromkeys(existing))
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=3)
    if near:
        hint = f"did you mean {' or '.join(folded[each] for each in near)}?"
    else:
        more = f" and {len(names) - _LISTED} more" if len(names) > _ALL else ""
        hint = f"there are {', '.join(names[:_LISTED] if more else names)}{more}"
    return f"there is no {what} {name!r}; {hint}"


def check_names(what: str, named: Iterable[str], existing: Iterable[str]) -> None:
    """Raises UsageError for a name that does not exist."""
    names = list(existing)
    for name in named:
        if name not in names:
            raise UsageError(unknown_name(what, name, names))
