"""What commands print: the progress of a run, and a summary with its failures."""

import shlex
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from klarna_conformance.cli.output.campaign_tables import by_class, by_requirement, misjudged, score
from klarna_conformance.play.counterexample_file import failure_of, is_verified
from klarna_conformance.run.events import (
    Consumer,
    CounterexampleFound,
    Event,
    Planning,
    ScenarioFinished,
    Stopped,
)
from klarna_conformance.run.progress import Progress
from klarna_reports.formats.comparison_text import totals
from klarna_reports.record.record import Played, TargetFacts
from klarna_reports.record.results import ReportedFinding
from klarna_reports.summary.changes import Changes
from klarna_reports.summary.replay import replay_of
from klarna_reports.summary.summary import Cause, Summary
from klarna_reports.words.exchange_lines import exchange_lines, order_lines, whole_exchange
from klarna_reports.words.finding_sentence import finding_sentence
from klarna_reports.words.printable import inert
from klarna_reports.words.wording import day, moment
from klarna_specs.profiles import DEFAULT_PROFILE

if TYPE_CHECKING:
    from klarna_conformance.campaign.servers import Trial, Trials
    from klarna_conformance.play.counterexample_file import Counterexample
    from klarna_conformance.run.several import SeveralRuns
    from klarna_specs.spec import Spec

__all__ = ["Terminal"]

_STYLES = {
    "CONFORMANT": "bold green",
    "CONFORMANT WITH KNOWN DEVIATIONS": "bold green",
    "NONCONFORMANT": "bold red",
    "NOT FULLY VERIFIED": "bold yellow",
    "INTERNAL ERROR": "bold magenta",
}
_SHOWN = 12
_UNSEEN_SHOWN = 5
_LOGGED_EVERY = 50
"""After so many trials a log gets a line."""
_UNWRAPPED = 100_000
"""The width where nobody reads along: programs, files and logs get whole lines."""
_MARK = "| "
"""Before a line that would be a workflow command only because the text was wrapped there."""

_EVERYBODYS = "client.retries"
_OF_TRAFFIC = ("order.changed-elsewhere", "order.refused-as-read")
"""Requirements whose INFO says what a recording cannot decide, or what its client could know."""
"""Every client retries or does not, so that this is no news."""


class Terminal:
    """Prints progress to stderr and the summary to stdout; `clock` returns seconds."""

    def __init__(
        self, *, quiet: bool, color: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        plain = None if color else False
        self._out = Console(force_terminal=plain, no_color=not color, highlight=False)
        self._err = Console(
            stderr=True, force_terminal=plain, no_color=not color, highlight=False, quiet=quiet
        )
        for console in (self._out, self._err):
            if not console.file.isatty():
                console.width = _UNWRAPPED
        self._quiet = quiet
        self._clock = clock

    @contextmanager
    def following(self) -> Generator[Consumer]:
        """A consumer of events that shows the progress of a run: a bar, or lines in a log."""
        with self._bar("Planning", None) as (bar, task):
            yield self._follower(bar, task)

    @contextmanager
    def following_each(self) -> Generator[Callable[[Sequence[str]], Sequence[Consumer]]]:
        """Consumers of the events of several runs, by the names of their targets."""
        with self._bars() as bar:
            yield lambda names: [
                self._follower(bar, bar.add_task(f"{name}: Planning", total=None), f"{name}: ")
                for name in names
            ]

    def _follower(self, bar: RichProgress, task: TaskID, before: str = "") -> Consumer:
        progress = Progress(self._clock)

        def follow(event: Event) -> None:
            progress(event)
            if isinstance(event, Stopped):
                text = f"{before}Stopped: {event.reason}. The results so far are kept."
                self._err.print(Text(inert(text)))
            if isinstance(event, Planning | ScenarioFinished | CounterexampleFound):
                total = progress.total or None
                bar.update(task, total=total, completed=progress.done)
                bar.update(task, description=f"{before}{progress.doing}")
                if (line := progress.line()) and not self._err.is_terminal:
                    self._err.print(Text(f"{before}{line}"))

        return follow

    @contextmanager
    def testing(self, total: int) -> Generator[Callable[["Trial"], None]]:
        """A consumer of trials that shows the progress, and names unexpected results."""
        count = 0
        with self._bar("Testing", total) as (bar, task):

            def report(trial: "Trial") -> None:
                nonlocal count
                count += 1
                bar.advance(task)
                if not self._err.is_terminal and count % _LOGGED_EVERY == 0:
                    self._err.print(f"{count} tested")
                if not trial.as_wanted:
                    self._err.print(Text(misjudged(trial)))

            yield report

    @contextmanager
    def _bar(self, doing: str, total: int | None) -> Generator[tuple[RichProgress, TaskID]]:
        with self._bars() as bar:
            yield bar, bar.add_task(doing, total=total)

    @contextmanager
    def _bars(self) -> Generator[RichProgress]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        bar = RichProgress(*columns, console=self._err, transient=True)
        bar.disable = not self._err.is_terminal or self._quiet
        with bar:
            yield bar

    def trials(self, trials: "Trials", path: Path) -> None:
        """Prints the score by requirement and class, the survivors and the false alarms."""
        self._out.print(by_requirement(trials))
        self._out.print()
        self._out.print(by_class(trials))
        for trial in (*trials.survivors, *trials.false_alarms):
            self._out.print(Text(misjudged(trial), style="bold red"))
        self._out.print(Text(score(trials)))
        self._out.print(Text(f"Matrix: {path}"))

    def exchanges(self, spec: "Spec", played: Played, *, verbose: bool) -> None:
        """Prints the order and the exchanges of a scenario, the `verbose` ones as they were."""
        for line in order_lines(played.scenario):
            self._print(line)
        for line, exchange in zip(exchange_lines(spec, played), played.exchanges, strict=True):
            self._print(line)
            for part in whole_exchange(exchange) if verbose else ():
                self._print(f"       {part}")

    def replayed(
        self, spec: "Spec", saved: "Counterexample", played: Played, facts: TargetFacts
    ) -> None:
        """Prints the violations of a replayed counterexample, and whether its own is among them."""
        failed = [f for f in played.findings if f.verdict in ("FAIL", "WARN")]
        for found in sorted(failed, key=lambda f: f.requirement != saved.requirement):
            style = _STYLES["NONCONFORMANT"] if found.verdict == "FAIL" else "bold"
            self._print(f"{found.verdict} {found.requirement}", style)
            requirement = spec.requirement(found.requirement)
            self._print(f"  {finding_sentence(spec, requirement, played, found)}")
        name = saved.requirement
        own = failure_of(spec, played, name, ("FAIL", "WARN"))
        if own is None and not is_verified(spec, played, name):
            why = "no call breaks its rule alone" if name in spec.rules else "it did not apply"
            text = f"{name} is not verified by this replay: {why}. To verify it:"
            self._print(text, _STYLES["NOT FULLY VERIFIED"])
            self._print_command(_run_line(saved, facts))
        elif own is None:
            if not any(each.verdict == "FAIL" for each in failed):
                self._print("No requirement is violated.", _STYLES["CONFORMANT"])
            self._print(f"{name} is not violated in this replay.")
        if (facts.argument, facts.mutant) != (saved.target, saved.mutant):
            was = f"{saved.target}, mutant {saved.mutant}" if saved.mutant else saved.target
            self._print(f"This is another target ({facts.name}) than the one it failed on ({was}).")

    def summary(
        self, summary: Summary, files: Sequence[Path], changes: Changes | None = None
    ) -> None:
        """Prints the operations, the failures, the verdict, and the files that were written.

        Then how many requirements are fixed and broken, and the command that completes the run.
        """
        if not self._quiet:
            self._out.print(_operations(summary))
            self._print_findings(summary)
        verdict = (summary.headline, _style(summary))
        self._print_parts(verdict, (f" {summary.reason}", ""))
        if not self._quiet:
            totals = (
                f"{summary.exchanges} requests judged in {summary.scenarios} scenarios, "
                f"{summary.wall_s:.1f} s, seed {summary.seed}"
            )
            self._out.print(Text(totals))
            for file in files:
                self._print(f"{'Report' if file.suffix == '.html' else 'Written'}: {file}")
            if changes:
                self._print(_since(changes))
            if summary.resume:
                self._print(f"The run ended early: {summary.stopped}. To complete it:")
                self._print_command(summary.resume)

    def several(self, runs: "SeveralRuns") -> None:
        """Prints the verdict and the report of each target, and the page that compares them."""
        for each in runs.targets:
            summary = each.summary
            verdict, style = (
                (summary.headline, _style(summary)) if summary else ("NOT TESTED", "bold yellow")
            )
            reason = summary.reason if summary else each.problem
            self._print_parts((f"{each.name}: ", ""), (verdict, style), (f" {reason}", ""))
            if not self._quiet:
                for page in each.keeper.page:
                    self._print(f"  Report: {page}")
            self.note(each.keeper.note)
        self._print(totals(runs.comparison))
        if not self._quiet:
            self._print(f"Comparison: {runs.page}")

    def note(self, text: str) -> None:
        """Prints a note, if there is one, where results are not read."""
        if text:
            self._err.print(Text(inert(text)))

    def certified(self, summary: Summary, sentences: Mapping[str, str], directory: Path) -> None:
        """Prints what a client did wrong, the verdict, and the path of the certificate."""
        first = {finding.requirement: finding for finding in reversed(summary.findings)}
        if not self._quiet:
            for verdict in ("FAIL", "WARN"):
                for result in (r for r in summary.requirements if r.verdict == verdict):
                    self._print(f"{verdict} {result.id}", "bold")
                    self._print(f"  {result.statement}")
                    if result.id in sentences:
                        self._print(f"  {sentences[result.id]}")
                    if finding := first.get(result.id):
                        self._print_command(finding.replay, _replay_label(finding))
            for result in summary.requirements:
                unseen = result.verdict == "NOT_RUN" and result.level == "MUST"
                if unseen or (result.verdict == "INFO" and result.id != _EVERYBODYS):
                    self._print(f"{result.verdict} {result.id}: {result.reason}")
        self._print_parts((summary.verdict, _STYLES[summary.verdict]), (f" {summary.reason}", ""))
        if not self._quiet:
            sent = f"{summary.requests_sent} requests in {summary.scenarios} scenarios"
            self._print(f"{sent}, {summary.wall_s:.1f} s, seed {summary.seed}")
            self._print(f"Report: {directory / 'report.html'}")
            if (certificate := directory / "certificate.html").exists():  # none of a replay
                self._print(f"Certificate: {certificate}")

    def _print_findings(self, summary: Summary) -> None:
        for verdict in ("ERROR", "FAIL", "KNOWN", "WARN"):
            chosen = [r for r in summary.requirements if r.verdict == verdict and not r.beside]
            causes = {cause.root: (place, cause) for place, cause in enumerate(summary.causes)}
            chosen.sort(key=lambda r: causes[r.id][0] if r.id in causes else 0)
            for result in chosen[:_SHOWN]:
                self._print(f"{verdict} {result.id}", "bold")
                finding = next((f for f in summary.findings if f.requirement == result.id), None)
                self._print(f"  {finding.sentence if finding else result.reason}")
                self._print(f"  Required: {result.statement}")
                if finding and result.id in causes and verdict == "FAIL":
                    self._print_cause(summary, causes[result.id][1], finding)
                elif finding and verdict == "WARN":
                    self._print_command(finding.replay, _replay_label(finding))
            if len(chosen) > _SHOWN:
                self._print(f"{len(chosen) - _SHOWN} more {verdict}: see the report")
        for result in summary.requirements:
            if result.verdict == "INFO" and result.id in _OF_TRAFFIC:
                self._print(f"INFO {result.id}: {result.reason}")
        unseen = [r for r in summary.requirements if r.verdict == "NOT_RUN" and r.level == "MUST"]
        for result in unseen[:_UNSEEN_SHOWN]:
            self._print(f"NOT_RUN {result.id}: {result.reason}")
        if len(unseen) > _UNSEEN_SHOWN:
            self._print(f"{len(unseen) - _UNSEEN_SHOWN} more NOT_RUN: see the report")
        for deviation in summary.deviations:
            if deviation.expires.isoformat() < summary.started_at[:10]:
                accepted = f"the accepted deviation {deviation.name} on {day(deviation.expires)}"
                self._print(f"EXPIRED {accepted} (owner: {deviation.owner})", "bold")
        for each in summary.unjudged[:_SHOWN]:
            requests = "1 request" if each.count == 1 else f"{each.count} requests"
            self._print(f"NOT JUDGED {requests} (first {each.request}): {each.reason}")
        if len(summary.unjudged) > _SHOWN:
            self._print(f"{len(summary.unjudged) - _SHOWN} more NOT JUDGED: see the report")
        for error in summary.errors[:_SHOWN]:
            self._print(f"ERROR {error}")

    def _print_cause(self, summary: Summary, cause: Cause, finding: ReportedFinding) -> None:
        if others := cause.requirements[1:]:
            warned = {r.id for r in summary.requirements if r.verdict == "WARN"}
            named = (f"{name} (WARN)" if name in warned else name for name in others)
            self._print(f"  Probably for the same cause: {', '.join(named)}")
        self._print_command(cause.replay, _replay_label(finding))

    def _print_command(self, command: str, label: str = "") -> None:
        """Prints a command to be copied: on one line, however long it is."""
        if command:
            self._out.print(Text(inert(f"  {label}{command}")), soft_wrap=True)

    def _print(self, text: str, style: str = "") -> None:
        self._print_parts((text, style))

    def _print_parts(self, *parts: tuple[str, str]) -> None:
        """Prints text that may come from outside: wrapped, and no line of it is a command."""
        text = Text.assemble(*((inert(part), style) for part, style in parts))
        for line in text.wrap(self._out, self._out.width - len(_MARK)):
            line.rstrip()
            begins = inert(line.plain) != line.plain
            self._out.print(Text(_MARK) + line if begins else line, soft_wrap=True)


def _replay_label(finding: ReportedFinding) -> str:
    return f"{replay_of(finding).capitalize()}: "


def _run_line(saved: "Counterexample", facts: TargetFacts) -> str:
    """The command that tests the requirement of a counterexample on a target."""
    mutant = ("--mutant", facts.mutant) if facts.mutant else ()
    profile = () if saved.profile == DEFAULT_PROFILE else ("--profile", saved.profile)
    command = ("klarna-conformance", "run", facts.argument, *mutant, *profile)
    return shlex.join((*command, "--requirement", saved.requirement))


def _since(changes: Changes) -> str:
    """What changed since an earlier run, in one line."""
    fixed, broken, changed = (len(changes.of_kind(k)) for k in ("fixed", "broken", "changed"))
    beside = f", {changed} changed" if changed else ""
    caveats = " ".join(("", *changes.caveats))
    return (
        f"{fixed} fixed, {broken} broken{beside} since {moment(changes.old_started_at)}.{caveats}"
    )


def _style(summary: Summary) -> str:
    """The style of a verdict; a good one in a selected scope has another color than a full one."""
    part = not summary.in_full and not summary.exit_code
    return "bold cyan" if part else _STYLES[summary.verdict]


def _operations(summary: Summary) -> Table:
    verdicts = ("PASS", "FAIL", "WARN", "INFO", "NOT_RUN")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("operation")
    for verdict in (*verdicts, "judged"):
        table.add_column(verdict, justify="right")
    counts: dict[str, Counter[str]] = {}
    evidence: Counter[str] = Counter()
    for result in summary.requirements:
        counts.setdefault(result.operation, Counter())[result.verdict] += 1
        evidence[result.operation] = max(evidence[result.operation], result.evidence)
    for operation, found in counts.items():
        cells = [str(found[verdict] or "") for verdict in verdicts]
        table.add_row(operation, *cells, str(evidence[operation]))
    return table
