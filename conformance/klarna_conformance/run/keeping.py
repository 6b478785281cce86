"""Consumers of events that keep them: the files of a run, or a record in memory."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryFile
from typing import assert_never

import msgspec

from klarna_conformance.errors import UnwritableError, writable
from klarna_conformance.play.counterexample_file import (
    Counterexample,
    read_counterexample,
    save_missing,
)
from klarna_conformance.play.curl_script import save_script
from klarna_conformance.run.events import (
    Consumer,
    CounterexampleFound,
    Event,
    Excused,
    Finished,
    NotJudged,
    Planned,
    Planning,
    ScenarioFinished,
    Started,
    Stopped,
)
from klarna_reports.formats.run_json import read_run_json
from klarna_reports.record.journal import FILE_NAME, Journal, read_journal
from klarna_reports.record.record import (
    Excuses,
    Footer,
    Header,
    Line,
    Played,
    Record,
    UnjudgedTraffic,
)
from klarna_reports.record.record import Planned as PlanLine
from klarna_reports.record.results import Summary
from klarna_reports.render import (
    FORMATS,
    WITH_EVERY_RUN,
    Format,
    add_to_history,
    discard_renderings,
    write_renderings,
)
from klarna_reports.summary.changes import Changes, changes_since
from klarna_reports.summary.replay import COUNTEREXAMPLES, counterexample_name, own_specs
from klarna_reports.summary.summary import summarise
from klarna_specs.spec import Spec

__all__ = ["Keeper", "collected", "consume", "keep", "keep_counterexamples", "reported"]


class Keeper:
    """Writes the journal and the counterexamples of a run as they come, and its report afterwards.

    Raises UnwritableError, which names `option`, where the folder cannot be written.
    """

    def __init__(
        self,
        spec: Spec,
        folder: Path,
        *,
        option: str = "--output",
        formats: Collection[Format] = WITH_EVERY_RUN,
        previous: Summary | None = None,
    ) -> None:
        self.folder = folder
        self.changes: Changes | None = None
        """What changed since the `previous` run, or the last one in the folder; None before the
        report, and without such a run."""
        self.page: tuple[Path, ...] = ()
        """The path of `report.html` once it is written."""
        self.note = ""
        """Why there was nothing to resume, although that was wanted."""
        self._previous = previous
        self._spec = spec
        self._option = option
        self._formats = formats
        self._journal: Journal | None = None

    @property
    def began(self) -> bool:
        """Whether there is a record to report."""
        return self._journal is not None

    @property
    def record(self) -> Record:
        """What the journal holds."""
        journal = self._journal
        return journal.record() if journal else read_journal(self.folder / FILE_NAME)

    def create(self) -> None:
        """Creates the folder, or makes sure that it can be written; a new one is ignored by git."""
        with writable(self.folder, self._option):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not any(self.folder.iterdir()):
                (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
            with TemporaryFile(dir=self.folder):
                pass

    def prepare(self, *, resume: bool = False) -> Record | None:
        """Creates the folder; answers the record to resume, if there is one.

        The files of an earlier run remain until this one has started.
        """
        self.create()
        journal = self.folder / FILE_NAME
        with writable(self.folder, self._option):
            begun = resume and journal.exists() and journal.stat().st_size
            earlier = self.record if begun else None
        if resume and earlier is None:
            self.note = f"There was nothing to resume in {self.folder}: this is a new run."
        elif earlier and earlier.footer and not earlier.footer.stopped:
            self.note = f"The run in {self.folder} was complete: nothing was left to send."
        return earlier

    def __call__(self, event: Event) -> None:
        """Writes an event."""
        with writable(self.folder, self._option):
            self._keep(event)

    def report(self) -> Summary:
        """Writes the report and the counterexamples that are missing; answers the summary."""
        with writable(self.folder, self._option):
            record, before = self.record, self._previous
            summary = write_renderings(
                self.folder, self._spec, record, self._formats, previous=before
            )
            self.page = (self.folder / FORMATS["html"],)
            self.changes = changes_since(before, summary)
            keep_counterexamples(self.folder, self._spec, record, summary)
            add_to_history(self.folder, summary)
            return summary

    def summary(self) -> Summary:
        """The summary of the journal, without a report."""
        return summarise(self._spec, self.record)

    def _keep(self, event: Event) -> None:
        if isinstance(event, Started):
            if not event.resumed:
                self._previous = self._previous or read_run_json(self.folder / FORMATS["json"])
                discard_renderings(self.folder)
            self._journal = Journal(self.folder, resume=event.resumed)
        if self._journal is None:  # it ended before it started
            return
        for line in _lines(event):
            self._journal.write(self._placed(line))
        match event:
            case CounterexampleFound(saved=Counterexample() as saved):
                saved.save(self.folder / COUNTEREXAMPLES)
            case Finished():
                self._journal.close()
            case _:
                pass

    def _placed(self, line: Line) -> Line:
        """The line as kept here; a header says where that is."""
        if not isinstance(line, Header):
            return line
        return msgspec.structs.replace(line, output=str(self.folder))


def _lines(event: Event) -> Iterator[Line]:
    """The lines of an event in a journal."""
    match event:
        case Planning() | Started(resumed=True) | Stopped():
            return
        case Started(header):
            yield header
        case Planned(scenarios=scenarios):
            if scenarios is not None:
                yield PlanLine(scenarios=scenarios)
        case ScenarioFinished(played) | CounterexampleFound(played):
            yield played
        case Excused(findings):
            yield Excuses(findings=findings)
        case NotJudged(traffic):
            yield UnjudgedTraffic(traffic=traffic)
        case Finished(footer):
            yield footer
        case _:
            assert_never(event)


def keep_counterexamples(folder: Path, spec: Spec, record: Record, summary: Summary) -> None:
    """Writes the counterexamples that the folder of a report lacks, and their scripts.

    They are of the scenarios that the report shows.
    """
    directory, header = folder / COUNTEREXAMPLES, record.header
    shown: dict[str, str] = {}
    for finding in summary.findings:
        if finding.saved:
            shown[finding.requirement] = finding.scenario
    if not shown or header.certified or header.watched:
        return
    save_missing(directory, spec, record, shown)
    for requirement in shown:
        path = directory / counterexample_name(requirement)
        if path.exists() and not path.with_suffix(".sh").exists():
            saved = read_counterexample(path)
            specs = own_specs(header.command)
            save_script(path.with_suffix(".sh"), spec, header.target, saved, specs=specs)


def keep(events: Callable[[], AsyncGenerator[Event]], keeper: Keeper, follow: Consumer) -> Summary:
    """Keeps events to their end, and writes the report; `follow` gets them too.

    Once there is a record, an interruption or a full disk ends the events, and their results so
    far are reported.
    """
    try:
        asyncio.run(consume(events(), keeper, follow))
    except KeyboardInterrupt:
        if not keeper.began:
            raise
    except UnwritableError as exc:
        if not keeper.began:
            raise
        follow(Stopped(str(exc)))
    return reported(keeper, follow)


def reported(keeper: Keeper, follow: Consumer) -> Summary:
    """Writes the report; the summary alone if the disk is full, which `follow` gets to know."""
    try:
        return keeper.report()
    except UnwritableError as exc:
        follow(Stopped(str(exc)))
        return keeper.summary()


async def consume(events: AsyncGenerator[Event], *consumers: Consumer) -> None:
    """Gives each event to each of the consumers; what they raise ends the events."""
    async with aclosing(events):
        async for event in events:
            for consumer in consumers:
                consumer(event)


def collected(events: Iterable[Event]) -> Record:
    """A record of events in memory, instead of in a folder."""
    collected = [line for event in events for line in _lines(event)]
    return Record(
        header=next(line for line in collected if isinstance(line, Header)),
        plan=next((line for line in collected if isinstance(line, PlanLine)), None),
        played=tuple(line for line in collected if isinstance(line, Played)),
        excuses=tuple(
            each for line in collected if isinstance(line, Excuses) for each in line.findings
        ),
        unjudged=tuple(
            each for line in collected if isinstance(line, UnjudgedTraffic) for each in line.traffic
        ),
        footer=next((line for line in collected if isinstance(line, Footer)), None),
    )
