"""What is kept of a certification: counterexamples, `run.json`, JUnit, the certificate."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from klarna_conformance.errors import UsageError
from klarna_reports.record.journal import FILE_NAME, read_journal
from klarna_reports.record.record import Played
from klarna_reports.render import WITH_EVERY_CERTIFICATION, WITH_EVERY_RUN, write_renderings
from klarna_reports.summary.replay import counterexample_name
from klarna_reports.summary.summary import Summary
from klarna_reports.words.client_wording import played_sentence, scenario_of
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import client_operations, client_requirements
from klarna_specs.errors import SpecFileError
from klarna_specs.loader import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["Kept", "SavedScenario", "read_saved", "write_certified"]


class SavedScenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counterexample of a client: enough to read it, and to play it again."""

    requirement: str
    statement: str
    told: str
    expected: str
    scenario: ClientScenario


def read_saved(spec: Spec, path: Path) -> SavedScenario:
    """A saved counterexample; raises UsageError with the line of what is wrong."""
    try:
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        saved: SavedScenario = shaped(text, SavedScenario)
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    except SpecFileError as exc:
        raise UsageError(str(exc)) from exc
    if problem := _problem(spec, saved):
        raise UsageError(f"{path}: {problem}")
    return saved


def _problem(spec: Spec, saved: SavedScenario) -> str:
    """Why it cannot be played; empty where it can."""
    known = {
        "requirement": [each.id for each in client_requirements(spec)],
        "operation": client_operations(spec),
        "market": spec.markets,
    }
    named = (
        ("requirement", saved.requirement),
        *(("operation", command.operation) for command in saved.scenario.commands),
        *(("market", plan.market) for plan in saved.scenario.orders),
    )
    unknown = next(((what, name) for what, name in named if name not in known[what]), None)
    return f"there is no {unknown[0]} {unknown[1]!r}" if unknown else saved.scenario.problem


class Kept(NamedTuple):
    """What was written: the summary, and of each deviation the sentence that tells it."""

    summary: Summary
    sentences: dict[str, str]


def write_certified(spec: Spec, directory: Path, *, certificate: bool = True) -> Kept:
    """Writes everything beside the journal in this folder; a replay has no certificate.

    Raises UsageError where it cannot be written.
    """
    record = read_journal(directory / FILE_NAME)
    formats = WITH_EVERY_CERTIFICATION if certificate else WITH_EVERY_RUN
    try:
        summary = write_renderings(directory, spec, record, formats)
        _save(directory / "counterexamples", record.played, summary)
    except OSError as exc:
        raise UsageError(
            f"cannot write to {directory}: {exc.strerror or exc}; choose --output"
        ) from exc
    return Kept(summary, _sentences(record.played, summary))


def _save(directory: Path, scenarios: Sequence[Played], summary: Summary) -> None:
    """Writes the first counterexample of each violated requirement."""
    statements = {result.id: result.statement for result in summary.requirements}
    failed = {f.requirement: f for f in reversed(summary.findings) if f.verdict == "FAIL"}
    wanted = {finding.scenario for finding in failed.values()}
    played = {each.id: each for each in scenarios if each.id in wanted and each.client}
    for requirement, finding in failed.items():
        side = played[finding.scenario].client if finding.scenario in played else None
        if side is not None:
            directory.mkdir(parents=True, exist_ok=True)
            saved = SavedScenario(
                requirement=requirement,
                statement=statements[requirement],
                told=played_sentence(played[finding.scenario], finding.observed),
                expected=finding.expected,
                scenario=scenario_of(side),
            )
            path = directory / counterexample_name(requirement)
            path.write_bytes(msgspec.yaml.encode(saved))


def _sentences(scenarios: Sequence[Played], summary: Summary) -> dict[str, str]:
    first = {finding.requirement: finding for finding in reversed(summary.findings)}
    wanted = {finding.scenario for finding in first.values()}
    played = {each.id: each for each in scenarios if each.id in wanted and each.client}
    return {
        requirement: played_sentence(played[finding.scenario], finding.observed)
        for requirement, finding in first.items()
        if finding.scenario in played
    }
