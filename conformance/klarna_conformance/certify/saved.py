"""The saved counterexamples of a client: written, read, and as sentences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import UsageError, readable, unknown_name, writable
from klarna_reports.record.record import Played, Record
from klarna_reports.record.results import ReportedFinding
from klarna_reports.summary.replay import counterexample_name
from klarna_reports.summary.summary import Summary
from klarna_reports.words.client_wording import scenario_of
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import client_operations
from klarna_specs.file_schema import file_schema
from klarna_specs.shaping import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["SavedScenario", "read_saved", "save_counterexamples", "saved_schema", "sentences"]


_UNVERIFIED = " It may need the commands before it."


class SavedScenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counterexample of a client: enough to read it, and to replay it.

    One that is not `shrunk` is the smallest scenario of the certification in which the violation
    occurred; a client that was just started may not show it.
    """

    requirement: str
    statement: str
    told: str
    expected: str
    shrunk: bool = True
    scenario: ClientScenario


def read_saved(spec: Spec, path: Path) -> SavedScenario:
    """A saved counterexample; raises UsageError with the line of the problem."""
    with readable(path):
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        saved: SavedScenario = shaped(text, SavedScenario)
    if problem := _problem(spec, saved):
        raise UsageError(f"{path}: {problem}")
    return saved


def _problem(spec: Spec, saved: SavedScenario) -> str:
    """Why it cannot be replayed; empty if it can."""
    known = {
        "requirement": [each.id for each in spec.client_requirements],
        "operation": client_operations(spec),
        "market": spec.markets,
    }
    named = (
        ("requirement", saved.requirement),
        *(("operation", command.operation) for command in saved.scenario.commands),
        *(("market", plan.market) for plan in saved.scenario.orders),
    )
    unknown = next(((what, name) for what, name in named if name not in known[what]), None)
    return unknown_name(*unknown, known[unknown[0]]) if unknown else saved.scenario.problem


def saved_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of saved counterexamples of clients."""
    title = "Counterexample of a client of klarna-conformance"
    return file_schema(SavedScenario, "client-counterexample", title)


def save_counterexamples(directory: Path, record: Record, summary: Summary) -> None:
    """Writes the counterexample of each violated requirement; raises UnwritableError."""
    statements = {result.id: result.statement for result in summary.requirements}
    failed = {f.requirement: f for f in summary.findings if f.verdict == "FAIL" and f.saved}
    played = _played(record, failed)
    with writable(directory):
        for requirement, finding in failed.items():
            if (found := played.get(finding.scenario)) and found.client:
                directory.mkdir(parents=True, exist_ok=True)
                saved = SavedScenario(
                    requirement=requirement,
                    statement=statements[requirement],
                    told=_reported(found, finding),
                    expected=finding.expected,
                    shrunk=bool(found.shrunk_from),
                    scenario=scenario_of(found.client),
                )
                path = directory / counterexample_name(requirement)
                path.write_bytes(msgspec.yaml.encode(saved))


def sentences(record: Record, summary: Summary) -> dict[str, str]:
    """For each requirement that was not met, what the client did, as a sentence."""
    first = {finding.requirement: finding for finding in reversed(summary.findings)}
    played = _played(record, first)
    return {
        requirement: _reported(played[finding.scenario], finding)
        for requirement, finding in first.items()
        if finding.scenario in played
    }


def _reported(played: Played, finding: ReportedFinding) -> str:
    """What the client did, and whether that was seen only where others had come before."""
    unverified = finding.verdict == "FAIL" and not played.shrunk_from
    return f"{finding.sentence}{_UNVERIFIED * unverified}"


def _played(record: Record, findings: Mapping[str, ReportedFinding]) -> dict[str, Played]:
    wanted = {finding.scenario for finding in findings.values()}
    return {each.id: each for each in record.played if each.id in wanted and each.client}
