"""Judges recordings that a test writes."""

import json
from collections.abc import Sequence
from pathlib import Path

from klarna_conformance.cli.options import watched_sides
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.run.keeping import Keeper
from klarna_conformance.traffic.recorded import traffic_facts
from klarna_conformance.traffic.traffic_file import read_traffic
from klarna_conformance.traffic.watched import Watched, judged_traffic
from klarna_reports.record.results import Summary
from klarna_specs.loader import load

from .recorded_calls import Entry, har

SPEC = load()
SHOP = "https://shop.example"
BOUND = "refund.within-captured-amount"


def judged(folder: Path, text: str, side: str = "server") -> Summary:
    """The verdicts from a recording with this text; the report is in the same folder."""
    file = folder / "traffic"
    file.write_text(text)
    traffic = read_traffic(file)
    facts = traffic_facts(SPEC, traffic, name=file.name)
    watched, sides = Watched(facts=facts, traffic=tuple(traffic)), watched_sides(SPEC, side, ())
    keeper = Keeper(SPEC, folder / "report")
    for event in judged_traffic(SPEC, watched, Recorder(Redactor(())), sides=sides):
        keeper(event)
    return keeper.report()


def checked(
    folder: Path, entries: Sequence[Entry], base: str = SHOP, side: str = "server"
) -> Summary:
    """The verdicts from a HAR file with these entries."""
    return judged(folder, json.dumps(har(entries, base)), side)


def deviating(summary: Summary) -> set[tuple[str, str]]:
    """The requirements that are violated, each after its verdict."""
    bad = (r for r in summary.requirements if r.verdict in ("FAIL", "WARN"))
    return {(r.verdict, r.id) for r in bad}
