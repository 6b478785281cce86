"""Judges the exchanges of a record again, by the judge of the side that they were judged by."""

from collections.abc import Iterator

import msgspec

from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.judge.client.traffic import judge_traffic
from klarna_conformance.judge.server import judge
from klarna_reports.record.record import Played, Record
from klarna_specs.spec import Spec

__all__ = ["judged_again"]


def judged_again(spec: Spec, record: Record) -> Record:
    """The record with the findings of today's judges in place of its own.

    What has no exchanges is left as it is, such as what a client was excused from.
    """
    return msgspec.structs.replace(record, played=tuple(_again(spec, record)))


def _again(spec: Spec, record: Record) -> Iterator[Played]:
    known = KeyBook()
    for played in record.played:
        side = played.client
        if not played.exchanges and not (side and side.episodes):
            yield played
            continue
        if side is None:
            findings = judge(spec, record.header.target, played.orders, played.exchanges)
        elif side.episodes:
            alone = bool(played.shrunk_from)
            judged = judge_client(spec, side, played.exchanges, KeyBook() if alone else known)
            findings, known = judged.findings, known if alone else known | judged.keys
        else:
            judged = judge_traffic(spec, played.exchanges, side.marks, known)
            findings, known = judged.findings, judged.keys | known
        yield msgspec.structs.replace(played, findings=findings)
