"""Judges the exchanges of a record again, as server or client, as they were judged before."""

from collections.abc import Iterator

import msgspec

from klarna_conformance.judge.client.judging import judge_client, keys_used
from klarna_conformance.judge.client.traffic import judge_traffic, keys_of_traffic
from klarna_conformance.judge.server import judge
from klarna_conformance.run.events import (
    CounterexampleFound,
    Event,
    Finished,
    Planned,
    ScenarioFinished,
    Started,
)
from klarna_reports.record.record import Finding, Played, Record
from klarna_specs.spec import Spec

__all__ = ["judged_again"]


def judged_again(spec: Spec, record: Record) -> Iterator[Event]:
    """The events of the recorded run, with the findings of this version's judges.

    A scenario without exchanges keeps its findings.
    """
    yield Started(record.header)
    if record.plan is not None:
        yield Planned(len(record.plan.scenarios), record.plan.scenarios)
    for played in _again(spec, record):
        yield CounterexampleFound(played) if played.shrunk_from else ScenarioFinished(played)
    if record.footer is not None:
        yield Finished(record.footer)


def _again(spec: Spec, record: Record) -> Iterator[Played]:
    used: dict[str, str] = {}
    for played in record.played:
        side = played.client
        if not played.exchanges and not (side and side.episodes):
            yield played
            continue
        findings: tuple[Finding, ...]
        if side is None:
            findings = judge(spec, record.header.target, played.orders, played.exchanges)
        elif side.episodes:
            alone = bool(played.shrunk_from)
            findings = judge_client(spec, side, played.exchanges, {} if alone else used)
            used = used if alone else {**used, **keys_used(spec, side, played.exchanges)}
        else:
            findings = judge_traffic(spec, played.exchanges, side.marks, used)
            used = {**keys_of_traffic(spec, played.exchanges), **used}
        yield msgspec.structs.replace(played, findings=findings)
