"""Files of accepted deviations: read, checked against the specs, and suggested."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from klarna_conformance.errors import readable, unknown_name, writable
from klarna_reports.record.record import AcceptedDeviation
from klarna_reports.record.results import ReportedFinding, Summary
from klarna_reports.words.printable import printable
from klarna_specs.file_schema import file_schema
from klarna_specs.shaping import shaped
from klarna_specs.spec import Spec
from klarna_specs.yaml_text import parse_yaml

__all__ = ["deviations_schema", "read_deviations", "save_suggestions", "suggested_deviations"]

_SUGGESTED_DAYS = 30
_PLACEHOLDER = "FILL IN"
"""What the owner and the reason of a suggested entry begin with."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deviations: tuple[AcceptedDeviation, ...]


def read_deviations(path: Path, spec: Spec) -> tuple[AcceptedDeviation, ...]:
    """The entries of a file; raises UsageError with the line of the problem."""
    with readable(path):
        text = parse_yaml(str(path), path.read_text(encoding="utf-8"))
        deviations = shaped(text, _File).deviations
        known = [requirement.id for requirement in spec.requirements]
        for index, deviation in enumerate(deviations):
            place = ("deviations", index)
            if deviation.requirement not in known:
                problem = unknown_name("requirement", deviation.requirement, known)
                raise text.error((*place, "requirement"), problem)
            if not (deviation.reason.strip() and deviation.owner.strip()):
                raise text.error(place, "an accepted deviation needs a reason and an owner")
            for member in ("reason", "owner"):
                if getattr(deviation, member).startswith(_PLACEHOLDER):
                    problem = f"fill in the {member}: this is still the placeholder"
                    raise text.error((*place, member), problem)
    return deviations


def deviations_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of files of accepted deviations."""
    return file_schema(_File, "deviations", "Accepted deviations of klarna-conformance")


def suggested_deviations(summary: Summary, today: date) -> str:
    """A file with the failures of a run, as YAML, each with its finding as a comment.

    It is refused until owner and reason are filled in.
    """
    failed = [f for f in summary.findings if f.verdict == "FAIL"]
    first = {(f.requirement, f.fingerprint): f for f in reversed(failed)}
    named = dict.fromkeys((f.requirement, f.fingerprint) for f in failed)
    expires = today + timedelta(days=_SUGGESTED_DAYS)
    lines = [line for each in named for line in _entry(first[each], expires)]
    return "\n".join(["deviations:" if lines else "deviations: []", *lines]) + "\n"


def save_suggestions(path: Path, summary: Summary, today: date) -> bool:
    """Writes the suggested file, unless nothing failed; answers whether it did.

    Raises UnwritableError, also for a file that exists: it may be filled in already.
    """
    if not any(finding.verdict == "FAIL" for finding in summary.findings):
        return False
    with writable(path, "--suggest-deviations"), path.open("x", encoding="utf-8") as file:
        file.write(suggested_deviations(summary, today))
    return True


def _entry(finding: ReportedFinding, expires: date) -> Iterator[str]:
    sentence = finding.sentence or f"expected {finding.expected}, observed {finding.observed}"
    yield f"  # {printable(' '.join(sentence.split()))}"
    yield f"  - requirement: {json.dumps(finding.requirement)}"
    yield f"    fingerprint: {json.dumps(finding.fingerprint)}"
    yield f"    reason: {json.dumps(f'{_PLACEHOLDER}: why this is accepted')}"
    yield f"    owner: {json.dumps(f'{_PLACEHOLDER}: who accepts it')}"
    yield f"    expires: {json.dumps(f'{expires}')}"
