"""Findings as a judge makes them."""

from typing import Any

from klarna_reports.record.record import Finding

RULE = "refund.within-captured-amount"


def finding(verdict: str = "FAIL", requirement: str = RULE, **others: Any) -> Finding:
    """A finding at the first exchange; a deviation expects a refusal by default."""
    said = {} if verdict == "PASS" else {"expected": "a refusal", "observed": "the refund was made"}
    members = {"requirement": requirement, "verdict": verdict, "exchange": 0, **said, **others}
    return Finding(**members)
