"""An in-toto statement (v1) with the test-result predicate (v0.1) over the files of a report.

https://in-toto.io/attestation/test-result/v0.1
"""

import json
from collections.abc import Mapping
from typing import Literal

from klarna_reports.record.results import RequirementResult, Summary
from klarna_specs.spec import Spec

__all__ = ["PREDICATE_TYPE", "STATEMENT_TYPE", "in_toto"]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
_Listed = Literal["passedTests", "warnedTests", "failedTests"]


def in_toto(spec: Spec, summary: Summary, digests: Mapping[str, str]) -> str:
    """The statement as JSON; `digests` are the SHA-256 of the files that it is about, by name.

    Its configuration are the spec files. Requirements that do not apply are in no list, and neither
    are recommendations that could not be verified.
    """
    tests: dict[_Listed, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for result in summary.requirements:
        if listed := _listed(result, strict=summary.strict):
            tests[listed].append(result.id)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": d}} for name, d in digests.items()],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": _result(summary, warned=bool(tests["warnedTests"])),
            "configuration": [
                {"name": f"specs/{name}", "digest": {"sha256": digest}}
                for name, digest in spec.files.items()
            ],
            **tests,
        },
    }
    return json.dumps(statement, indent=2) + "\n"


def _listed(result: RequirementResult, *, strict: bool) -> _Listed | None:
    match result.verdict:
        case "PASS" | "INFO":
            return "passedTests"
        case "KNOWN":
            return "warnedTests"
        case "WARN":
            return "failedTests" if strict else "warnedTests"
        case "NOT_RUN":
            return "failedTests" if result.level == "MUST" else None
        case "FAIL" | "ERROR":
            return "failedTests"
        case "NOT_APPLICABLE":
            return None


def _result(summary: Summary, *, warned: bool) -> Literal["PASSED", "WARNED", "FAILED"]:
    if summary.exit_code:
        return "FAILED"
    return "WARNED" if warned else "PASSED"
