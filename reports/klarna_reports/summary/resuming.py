"""The command that completes a run that ended early."""

import shlex
from collections.abc import Iterable, Iterator

__all__ = ["resume_line"]

_TOO_SMALL = "too small"
_LIMITS = {"budget of requests": "--max-requests", "the time is used up": "--max-time"}
"""The limits, by words of the reason why a run ended."""
_NO_USE = "an internal error"


def resume_line(command: str, stopped: str) -> str:
    """The command that completes a run, from its own command and from why it ended early.

    It lacks the limit that ended the run, which would end it again. A run whose plan was cut to the
    limit has to start anew; otherwise it resumes. Empty for a record that no `run` wrote.

    >>> resume_line("klarna-conformance run --max-requests 9", "the budget of requests is used up")
    'klarna-conformance run --resume'
    """
    words = _words(command)
    name = next((word for word in words[1:] if not word.startswith("-")), "")
    if name != "run" or not stopped or stopped == _NO_USE:
        return ""
    option = next((option for why, option in _LIMITS.items() if why in stopped), "")
    kept = [word for word in _without(option, words) if word != "--resume"]
    return shlex.join(kept if _TOO_SMALL in stopped else [*kept, "--resume"])


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # recorded by an earlier version, without quotes
        return command.split()


def _without(option: str, words: Iterable[str]) -> Iterator[str]:
    remaining = iter(words)
    for word in remaining:
        if word == option:
            next(remaining, None)
        elif not option or not word.startswith(f"{option}="):
            yield word
