"""CTRF, a test result format that dashboards read: one test per requirement."""

import json
from collections import Counter
from datetime import datetime
from typing import Any, Literal

from klarna_reports.record.results import RequirementResult, Summary

__all__ = ["ctrf"]

_Status = Literal["passed", "failed", "skipped", "pending", "other"]


def ctrf(summary: Summary) -> str:
    """The summary as CTRF JSON. Only requirements with the verdict PASS have passed."""
    start = _start_ms(summary)
    tests = [_test(result, strict=summary.strict) for result in summary.requirements]
    counted = Counter(test["status"] for test in tests)
    states = ("passed", "failed", "skipped", "pending", "other")
    report = {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {
                "name": "klarna-conformance",
                "version": summary.versions.get("klarna-conformance", ""),
            },
            "summary": {
                "tests": len(tests),
                **{state: counted[state] for state in states},
                "start": start,
                "stop": start + round(summary.wall_s * 1000),
            },
            "tests": tests,
            "environment": {
                "appName": summary.target.name,
                "extra": {"verdict": summary.headline, "reason": summary.reason},
            },
        },
    }
    return json.dumps(report, indent=2) + "\n"


def _test(result: RequirementResult, *, strict: bool) -> dict[str, Any]:
    return {
        "name": result.id,
        "status": _status(result, strict=strict),
        "duration": 0,
        "suite": [result.operation],
        "message": result.reason or result.statement,
        "tags": [result.level, result.verdict],
        "rawStatus": result.verdict,
    }


def _status(result: RequirementResult, *, strict: bool) -> _Status:
    match result.verdict:
        case "PASS":
            return "passed"
        case "FAIL" | "ERROR":
            return "failed"
        case "WARN":
            return "failed" if strict else "other"
        case "NOT_RUN":
            # Dashboards are green with skipped tests, and an unverified MUST must not be green.
            return "failed" if result.level == "MUST" else "skipped"
        case "NOT_APPLICABLE":
            return "skipped"
        case "INFO" | "KNOWN":
            return "other"


def _start_ms(summary: Summary) -> int:
    try:
        return round(datetime.fromisoformat(summary.started_at).timestamp() * 1000)
    except ValueError:
        return 0
