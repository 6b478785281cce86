"""`junit.xml`: one test suite per operation, one test case per requirement.

Tools treat a skipped case as passed, so an unverified MUST is an error.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from klarna_reports.record.results import ReportedFinding, RequirementResult, Summary
from klarna_reports.summary.replay import replay_label

__all__ = ["junit"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def junit(summary: Summary) -> str:
    """The summary as JUnit XML; it passes if and only if the run's exit code is 0."""
    name = "klarna-conformance" + ("" if summary.in_full else f": {summary.headline}")
    root = Element("testsuites", {"name": _text(name), "time": f"{summary.wall_s:.3f}"})
    findings: defaultdict[str, list[ReportedFinding]] = defaultdict(list)
    for finding in summary.findings:
        findings[finding.requirement].append(finding)
    for operation, results in _by_operation(summary.requirements).items():
        suite = SubElement(root, "testsuite", {"name": _text(operation)})
        properties = SubElement(suite, "properties")
        SubElement(properties, "property", {"name": "profile", "value": _text(summary.profile)})
        for result in results:
            _add_case(suite, result, findings[result.id], strict=summary.strict)
    if summary.exit_code and root.find(".//failure") is None and root.find(".//error") is None:
        _add_run(root, summary)
    for element in (*root.findall("testsuite"), root):
        _count(element)
    indent(root)
    return _DECLARATION + tostring(root, encoding="unicode") + "\n"


def _by_operation(
    results: Iterable[RequirementResult],
) -> dict[str, list[RequirementResult]]:
    suites: defaultdict[str, list[RequirementResult]] = defaultdict(list)
    for result in results:
        suites[result.operation].append(result)
    return suites


def _add_case(
    suite: Element, result: RequirementResult, findings: list[ReportedFinding], *, strict: bool
) -> None:
    names = {"classname": _text(result.operation), "name": _text(result.id)}
    case = SubElement(suite, "testcase", names)
    match result.verdict:
        case "PASS":
            return
        case "FAIL" | "ERROR":
            tag = "failure" if result.verdict == "FAIL" else "error"
            _add(case, tag, result, findings)
        case "WARN" if strict:
            _add(case, "failure", result, findings)
        case "NOT_RUN" if result.level == "MUST":
            _add(case, "error", result, findings)
        case "NOT_RUN" | "NOT_APPLICABLE":
            SubElement(case, "skipped", {"message": _text(f"{result.verdict}: {result.reason}")})
        case "WARN" | "INFO" | "KNOWN":
            note = SubElement(case, "system-out")
            note.text = _text(f"{result.verdict}: {_details(result, findings)}")


def _add(
    case: Element, tag: str, result: RequirementResult, findings: list[ReportedFinding]
) -> None:
    message = result.reason or result.statement
    element = SubElement(case, tag, {"type": result.verdict, "message": _text(message)})
    element.text = _text(_details(result, findings))


def _details(result: RequirementResult, findings: list[ReportedFinding]) -> str:
    where = f"{result.statement} ({result.level}, {result.source}: {result.section or '-'})"
    parts = [where, *(_finding_text(finding) for finding in findings)]
    if not findings:
        parts.append(result.reason)
    if result.unlisted:
        parts.append(f"and {result.unlisted} more findings")
    return "\n\n".join(parts)


def _finding_text(finding: ReportedFinding) -> str:
    lines = (
        finding.sentence,
        f"expected: {finding.expected}",
        f"observed: {finding.observed}",
        f"scenario: {finding.scenario}, observed {finding.count} times",
        finding.curl,
        f"{replay_label(finding)}: {finding.replay}" if finding.replay else "",
    )
    return "\n".join(filter(None, lines))


def _add_run(root: Element, summary: Summary) -> None:
    suite = SubElement(root, "testsuite", {"name": "run"})
    case = SubElement(suite, "testcase", {"classname": "run", "name": "run.verdict"})
    about = {"type": summary.headline, "message": _text(summary.reason)}
    error = SubElement(case, "error", about)
    error.text = _text("\n".join((summary.stopped, *summary.errors)))


def _count(element: Element) -> None:
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in counted.items():
        element.set(attribute, str(len(element.findall(f".//{tag}"))))


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
