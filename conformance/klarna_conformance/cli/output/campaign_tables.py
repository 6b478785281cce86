"""The results of a campaign in tables and lines: by requirement, by class, and the score."""

import statistics
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from klarna_conformance.campaign.servers import Trial, Trials

__all__ = ["by_class", "by_requirement", "misjudged", "score"]


def score(trials: "Trials") -> str:
    """How many mutants were detected, and how many harmless variants were reported."""
    wrong = [trial for trial in trials.trials if not trial.harmless]
    killed = len(wrong) - len(trials.survivors)
    steps = [trial.steps for trial in wrong if trial.steps is not None]
    return (
        f"{killed} of {len(wrong)} mutants killed, {len(trials.false_alarms)} false alarms "
        f"on {len(trials.trials) - len(wrong)} harmless variants, "
        f"median counterexample {statistics.median(steps) if steps else 0:g} steps"
    )


def misjudged(trial: "Trial") -> str:
    """An unexpected result as a line: a false alarm, a survivor or an error."""
    if trial.error:
        return f"ERROR {trial.id}: {trial.error}"
    if trial.harmless:
        return f"FALSE ALARM {trial.id}: {', '.join(trial.killed_by)}"
    others = f" (only by {', '.join(trial.killed_by)})" if trial.killed_by else ""
    return f"SURVIVED {trial.id}: not detected by {' or '.join(trial.caught_by)}{others}"


def by_requirement(trials: "Trials") -> Table:
    """For each requirement its mutants, and how many requests and steps detect them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("requirement", overflow="fold")
    for name in ("killed", "of", "requests", "steps"):
        table.add_column(name, justify="right")
    wrong = [trial for trial in trials.trials if not trial.harmless]
    for requirement in sorted({name for trial in wrong for name in trial.caught_by}):
        of = [trial for trial in wrong if requirement in trial.caught_by]
        killed = [trial for trial in of if requirement in trial.killed_by]
        first = [t.requests_to_kill for t in killed if t.requests_to_kill is not None]
        steps = [trial.steps for trial in killed if trial.steps is not None]
        table.add_row(
            Text(requirement),
            str(len(killed)),
            str(len(of)),
            f"{statistics.median(first):g}" if first else "",
            str(max(steps)) if steps else "",
        )
    return table


def by_class(trials: "Trials") -> Table:
    """For each class of servers or clients, how many were detected, and how soon."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("class")
    for name in ("killed", "of", "false alarms", "of", "requests to kill"):
        table.add_column(name, justify="right")
    for kind in dict.fromkeys(trial.kind for trial in trials.trials):
        of = [trial for trial in trials.trials if trial.kind == kind]
        wrong = [trial for trial in of if not trial.harmless]
        harmless = [trial for trial in of if trial.harmless]
        first = [t.requests_to_kill for t in wrong if t.requests_to_kill is not None]
        table.add_row(
            kind,
            str(sum(trial.as_wanted for trial in wrong)) if wrong else "",
            str(len(wrong)) if wrong else "",
            str(sum(not trial.as_wanted for trial in harmless)) if harmless else "",
            str(len(harmless)) if harmless else "",
            f"{statistics.median(first):g}" if first else "",
        )
    return table
