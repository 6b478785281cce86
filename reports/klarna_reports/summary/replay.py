"""The command that replays a counterexample."""

import re
import shlex

from klarna_reports.record.results import Summary

__all__ = ["counterexample_name", "replay_line"]


def counterexample_name(requirement: str) -> str:
    """The name of the file, in `counterexamples/`, that is saved for a violated requirement."""
    return f"{re.sub(r'[^a-z0-9.-]', '-', requirement)}.yaml"


def replay_line(summary: Summary, requirement: str, *, adapter: str = "") -> str:
    """A shell command for the folder of the report, against the target of the run.

    For a client, it ends with the command of its adapter.
    """
    if adapter:
        file = f"counterexamples/{counterexample_name(requirement)}"
        return f"klarna-conformance client --replay {file} -- {adapter}"
    words = ["klarna-conformance", "replay", f"counterexamples/{counterexample_name(requirement)}"]
    if not summary.target.is_mock:
        words += ["--target", summary.target.base_url]
    elif mutant := _mutant(summary.command):
        words += ["--mutant", mutant]
    return shlex.join(words)


def _mutant(command: str) -> str:
    found = re.search(r"--mutant[= ](\S+)", command)
    return found[1] if found else ""
