"""The command that replays a counterexample."""

import re
import shlex
from pathlib import PurePath

from klarna_reports.record.record import Header
from klarna_reports.record.results import ReportedFinding
from klarna_specs.profiles import DEFAULT_PROFILE

__all__ = [
    "COUNTEREXAMPLES",
    "counterexample_name",
    "own_specs",
    "replay_label",
    "replay_line",
    "replay_of",
    "script_line",
    "script_on",
]

COUNTEREXAMPLES = "counterexamples"
"""The folder of the counterexamples, in that of the run."""
_WHERE = "in the folder where the run was started"


def replay_label(finding: ReportedFinding) -> str:
    """What a report says before a replay command."""
    return f"{replay_of(finding)}, {_WHERE}"


def replay_of(finding: ReportedFinding) -> str:
    """What a replay command sends: the example of this finding, or a smaller one of another."""
    return "replay" if finding.saved else "replay a smaller example"


def counterexample_name(requirement: str) -> str:
    """The name of the file that is saved for a violated requirement."""
    return f"{re.sub(r'[^a-z0-9.-]', '-', requirement)}.yaml"


def replay_line(header: Header, requirement: str) -> str:
    """A shell command for the folder where the run was started.

    The file names its target and profile, and the command names the specs of the run if they were
    its own; for a client, it names the profile and ends with its adapter. Empty for
    watched traffic, which cannot be replayed.
    """
    if header.watched:
        return ""
    file = str(_path(header, requirement))
    specs = own_specs(header.command)
    if header.certified:
        profile = header.profile.argument
        chosen = [] if profile == DEFAULT_PROFILE else ["--profile", profile]
        replay = shlex.join(["klarna-conformance", "client", *chosen, *specs, "--replay", file])
        adapter = header.certified.adapter
        if adapter.lower().startswith(("http://", "https://")):
            return f"{replay} {shlex.join(['--http', adapter])}"
        return f"{replay} -- {adapter}"
    return shlex.join(["klarna-conformance", "replay", *specs, file])


def script_line(header: Header, requirement: str) -> str:
    """A shell command that reproduces a counterexample with curl; it starts the mock itself.

    It is for the folder where the run was started.
    """
    return shlex.join(["sh", str(_path(header, requirement).with_suffix(".sh"))])


def script_on(base_url: str, replay: str) -> str:
    """The command of the script beside the counterexample of a replay command, for a server.

    >>> script_on("http://127.0.0.1:8080", "klarna-conformance replay counterexamples/a.yaml")
    'BASE_URL=http://127.0.0.1:8080 sh counterexamples/a.sh'
    """
    file = PurePath(shlex.split(replay)[-1]).with_suffix(".sh")
    return f"BASE_URL={shlex.quote(base_url)} {shlex.join(['sh', str(file)])}"


def _path(header: Header, requirement: str) -> PurePath:
    return PurePath(header.output) / COUNTEREXAMPLES / counterexample_name(requirement)


def own_specs(command: str) -> list[str]:
    """The option with which a command named specs of its own."""
    found = re.search(r"(?:^| )--specs[= ]((?:'[^']*'|[^\s'])+)", command)
    return ["--specs", *shlex.split(found[1])] if found else []
