"""SARIF 2.1.0 for code scanning services: requirements as rules, deviations as results.

The services recognize known results by their fingerprint.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import ReportedFinding, RequirementResult, Summary
from klarna_reports.summary.replay import replay_label
from klarna_reports.words.requirement_page import requirement_page

__all__ = ["sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final[dict[Verdict, Literal["error", "warning", "note"]]] = {
    "FAIL": "error",
    "ERROR": "error",
    "NOT_RUN": "error",
    "KNOWN": "warning",
    "WARN": "warning",
}


def sarif(summary: Summary) -> str:
    """The summary as a SARIF log of one run, as JSON text.

    An unverified MUST is a result too; without one it would count as passed.
    """
    rules = [_rule(result) for result in summary.requirements]
    places = {result.id: index for index, result in enumerate(summary.requirements)}
    run = {
        "tool": {
            "driver": {
                "name": "klarna-conformance",
                "version": summary.versions.get("klarna-conformance", ""),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"klarna-conformance/{summary.run_id}"},
        "invocations": [
            {
                "commandLine": summary.command,
                "executionSuccessful": not summary.errors and not summary.stopped,
                "exitCode": summary.exit_code,
            }
        ],
        "results": [
            *(_result(finding, places) for finding in summary.findings),
            *_unseen(summary, places),
        ],
        "properties": {"verdict": summary.headline, "reason": summary.reason},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(result: RequirementResult) -> dict[str, Any]:
    page = requirement_page(result.id)
    return {
        "id": result.id,
        "name": _pascal(result.id),
        "shortDescription": {"text": result.statement},
        "help": {"text": f"{result.level}, {result.source}: {result.section or result.operation}"},
        **({"helpUri": page} if page else {}),
        "defaultConfiguration": {"level": "error" if result.level == "MUST" else "warning"},
        "properties": {"level": result.level, "operation": result.operation},
    }


def _result(finding: ReportedFinding, places: dict[str, int]) -> dict[str, Any]:
    compared = f"expected {finding.expected}, observed {finding.observed}"
    text = finding.sentence or compared
    times = f"(observed {finding.count} times, in {finding.scenario})"
    replay = f"; {replay_label(finding)}: {finding.replay}" if finding.replay else ""
    known = finding.verdict == "KNOWN"
    return {
        "ruleId": finding.requirement,
        "ruleIndex": places[finding.requirement],
        "level": _LEVELS.get(finding.verdict, "note"),
        "message": {"text": f"{text} {times}{replay}"},
        "locations": [_location(finding.requirement)],
        "partialFingerprints": {"klarnaConformance/v1": finding.fingerprint},
        **({"suppressions": [{"kind": "external"}]} if known else {}),
    }


def _unseen(summary: Summary, places: dict[str, int]) -> Iterator[dict[str, Any]]:
    for result in summary.requirements:
        if result.verdict == "NOT_RUN" and result.level == "MUST":
            yield {
                "ruleId": result.id,
                "ruleIndex": places[result.id],
                "kind": "review",
                "level": "none",
                "message": {"text": f"NOT_RUN: {result.reason}"},
                "locations": [_location(result.id)],
            }


def _location(requirement: str) -> dict[str, Any]:
    """A result needs a file: the journal, because a server has none."""
    return {
        "physicalLocation": {"artifactLocation": {"uri": "journal.ndjson"}},
        "logicalLocations": [{"name": requirement, "kind": "resource"}],
    }


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
