"""Judges the exchanges of a record again, as server or client, as they were judged before."""

from collections.abc import Iterator

import msgspec

from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.judge.client.traffic import judge_traffic
from klarna_conformance.judge.server import judge
from klarna_conformance.run.events import (
    CounterexampleFound,
    Event,
    Excused,
    Finished,
    NotJudged,
    Planned,
    ScenarioFinished,
    Started,
)
from klarna_reports.record.record import PROBE, Played, Record
from klarna_specs.spec import Spec

__all__ = ["judged_again"]


def judged_again(spec: Spec, record: Record) -> Iterator[Event]:
    """The events of the recorded run, with the findings of this version's judges.

    A scenario without exchanges keeps its findings, and excuses are kept.
    """
    yield Started(record.header)
    if record.plan is not None:
        yield Planned(len(record.plan.scenarios), record.plan.scenarios)
    for played in _again(spec, record):
        yield CounterexampleFound(played) if played.shrunk_from else ScenarioFinished(played)
    if record.excuses:
        yield Excused(record.excuses)
    if record.unjudged:
        yield NotJudged(record.unjudged)
    if record.footer is not None:
        yield Finished(record.footer)


def _again(spec: Spec, record: Record) -> Iterator[Played]:
    known = KeyBook()
    for played in record.played:
        side = played.client
        if not played.exchanges and not (side and side.episodes):
            yield played
            continue
        if side is None:
            findings = judge(spec, record.header.target, played.orders, played.exchanges)
            if played.id.startswith(PROBE):
                findings = tuple(each for each in findings if each.interpretation)
        elif side.episodes:
            alone = bool(played.shrunk_from)
            judged = judge_client(spec, side, played.exchanges, KeyBook() if alone else known)
            findings, known = judged.findings, known if alone else judged.keys
        else:
            judged = judge_traffic(spec, played.exchanges, side.marks, known)
            findings, known = judged.findings, judged.keys | known
        yield msgspec.structs.replace(played, findings=findings)
