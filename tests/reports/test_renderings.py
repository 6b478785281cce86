"""SARIF, CTRF, Markdown, annotations, a badge, HAR and tests: valid, whatever the record holds."""

import ast
import base64
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest
import xmlschema
from sarif_pydantic import Sarif

from klarna_reports.formats.badge import badge
from klarna_reports.formats.ctrf import ctrf
from klarna_reports.formats.har import har
from klarna_reports.formats.junit import junit
from klarna_reports.formats.markdown import annotations, changes_markdown, markdown
from klarna_reports.formats.sarif import sarif
from klarna_reports.record.record import Finding
from klarna_reports.record.results import EXIT_CODES
from klarna_reports.render import FORMATS, write_renderings
from klarna_reports.summary.changes import changes_between
from klarna_reports.summary.summary import summarise
from klarna_reports.words.reproducing import pytest_file
from klarna_specs.exchange import Failure, Payload

RULE = "refund.within-captured-amount"
HOSTILE = (
    'x|y`z` <script>alert(1)</script> "]]>" \'\'\' """\n::error::owned%0A\r\n'
    "](javascript:alert(1)) \x00\x1b[31m \udcff \u202e"
)

_COUNT = {"type": "integer", "minimum": 0}
CTRF = {
    "type": "object",
    "required": ["reportFormat", "specVersion", "results"],
    "properties": {
        "reportFormat": {"const": "CTRF"},
        "results": {
            "required": ["tool", "summary", "tests"],
            "properties": {
                "tool": {"required": ["name"]},
                "summary": {
                    "required": [
                        "tests",
                        "passed",
                        "failed",
                        "skipped",
                        "pending",
                        "other",
                        "start",
                        "stop",
                    ],
                    "additionalProperties": _COUNT,
                },
                "tests": {
                    "items": {
                        "required": ["name", "status", "duration"],
                        "properties": {
                            "status": {"enum": ["passed", "failed", "skipped", "pending", "other"]}
                        },
                    }
                },
            },
        },
    },
}


@pytest.fixture
def failing(record, played):
    finding = Finding(
        requirement=RULE, verdict="FAIL", exchange=0, expected=HOSTILE, observed=HOSTILE
    )
    return record(played(finding))


@pytest.fixture
def violated(spec, failing):
    return summarise(spec, failing)


@pytest.fixture
def conformant(spec, record, played, all_goals_pass):
    return summarise(spec, record(played(*all_goals_pass)))


def test_a_sarif_log_is_valid_and_its_results_belong_to_their_rules(violated, conformant):
    for summary in (violated, conformant):
        log = json.loads(sarif(summary))
        Sarif.model_validate(log)
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def test_junit_keeps_its_schema_with_a_suite_for_each_operation(violated, conformant):
    schema = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
    for summary in (violated, conformant, msgspec.structs.replace(violated, strict=True)):
        schema.validate(junit(summary))
    suites = [suite.get("name") for suite in ElementTree.fromstring(junit(violated))]
    assert suites == ["refundOrder", "getOrder"]
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(
            junit(violated).replace("<failure", "<failed").replace("/failure", "/failed")
        )


def test_an_accepted_violation_is_suppressed_in_sarif(violated):
    (finding,) = [f for f in violated.findings if f.requirement == RULE]
    known = msgspec.structs.replace(
        violated, findings=(msgspec.structs.replace(finding, verdict="KNOWN"),)
    )
    for summary, level, suppressed in ((violated, "error", False), (known, "warning", True)):
        result = json.loads(sarif(summary))["runs"][0]["results"][0]
        assert (result["level"], "suppressions" in result) == (level, suppressed)
        assert result["partialFingerprints"] == {"klarnaConformance/v1": finding.fingerprint}


def test_an_unverified_must_passes_in_no_format(violated):
    unseen = "order.answered"
    results = json.loads(sarif(violated))["runs"][0]["results"]
    tests = {t["name"]: t["status"] for t in json.loads(ctrf(violated))["results"]["tests"]}

    assert [r["kind"] for r in results if r["ruleId"] == unseen] == ["review"]
    assert tests[unseen] == "failed"
    assert "order\\.answered" not in markdown(violated)
    assert re.search(r"NOT\\_RUN \| MUST \| order.answered", markdown(violated))


@pytest.mark.parametrize(
    ("verdict", "level", "strict", "status"),
    [
        ("PASS", "MUST", False, "passed"),
        ("FAIL", "MUST", False, "failed"),
        ("ERROR", "MUST", False, "failed"),
        ("WARN", "SHOULD", False, "other"),
        ("WARN", "SHOULD", True, "failed"),
        ("NOT_RUN", "SHOULD", False, "skipped"),
        ("NOT_APPLICABLE", "MUST", False, "skipped"),
        ("KNOWN", "MUST", False, "other"),
    ],
)
def test_only_a_pass_is_passed_in_ctrf(conformant, verdict, level, strict, status):
    first, *_ = conformant.requirements
    result = msgspec.structs.replace(first, verdict=verdict, level=level)
    summary = msgspec.structs.replace(conformant, requirements=(result,), strict=strict)
    report = json.loads(ctrf(summary))
    jsonschema.validate(report, CTRF)

    assert report["results"]["tests"][0]["status"] == status
    assert report["results"]["summary"][status] == report["results"]["summary"]["tests"] == 1


def test_markdown_starts_with_the_verdict_and_escapes_server_text(violated):
    text = markdown(violated)
    rows = [line for line in text.splitlines() if RULE.replace("-", "\\-") in line]

    assert text.startswith("## ❌ NONCONFORMANT\n")
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 5


def test_a_step_summary_stays_below_the_limit_of_github(violated):
    (finding,) = [f for f in violated.findings if f.requirement == RULE]
    huge = msgspec.structs.replace(finding, curl="curl " + "x" * 500_000)
    short = msgspec.structs.replace(finding, curl="curl short")
    text = markdown(msgspec.structs.replace(violated, findings=(huge,) * 4 + (short,) * 90))
    assert len(text.encode()) < 1_000_000
    assert "curl short" in text


def test_changes_are_one_escaped_row_each(violated, conformant):
    hostile = msgspec.structs.replace(
        violated.requirements[0], id="a|b<script>\x1b\n::error::", verdict="FAIL"
    )
    after = msgspec.structs.replace(violated, requirements=(*violated.requirements[1:], hostile))
    text = changes_markdown(changes_between(conformant, after))
    rows = [line for line in text.splitlines() if line.startswith("| ")]

    assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\x1b" not in text


def test_equal_runs_have_no_table_of_changes(conformant):
    text = changes_markdown(changes_between(conformant, conformant))
    assert text.startswith("## CONFORMANT → CONFORMANT\n")
    assert "|" not in text


def test_annotations_are_one_command_per_line(violated, conformant):
    lines = annotations(violated).splitlines()

    assert all(re.match(r"::(error|warning|notice) title=[^,:]+::", line) for line in lines)
    assert sum(RULE in line for line in lines) == 1
    assert annotations(conformant) == ""


@pytest.mark.parametrize("verdict", EXIT_CODES)
def test_a_badge_has_its_verdict_as_title(conformant, verdict):
    root = ElementTree.fromstring(badge(msgspec.structs.replace(conformant, verdict=verdict)))
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title.text == f"Klarna order management: {verdict.lower()}"


def test_har_has_every_exchange_with_its_bodies(record, played, exchange):
    raw = b"\xff\xfe"
    answer = msgspec.structs.replace(exchange.outcome, body=Payload.of(raw))
    binary = msgspec.structs.replace(exchange, outcome=answer)
    lost = msgspec.structs.replace(exchange, outcome=Failure(kind="timeout", message="no answer"))
    several = msgspec.structs.replace(played(), exchanges=(exchange, binary, lost))
    log = json.loads(har(record(several)))["log"]
    first, second, third = log["entries"]

    assert log["version"] == "1.2"
    assert first["request"]["postData"]["text"] == exchange.request.body.text
    assert base64.b64decode(second["response"]["content"]["text"]) == raw
    assert (third["response"]["status"], third["response"]["comment"]) == (0, "timeout: no answer")
    assert all(entry["time"] >= 0 for entry in log["entries"])


def test_the_pytest_file_has_a_test_for_each_violation(failing, violated):
    text = pytest_file(failing, violated)
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]

    assert names == ["test_refund_within_captured_amount"]
    assert text.isascii()


def test_without_a_violation_there_are_no_tests(record, played, all_goals_pass, conformant):
    text = pytest_file(record(played(*all_goals_pass)), conformant)
    assert [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)] == []


def test_every_format_of_a_hostile_record_is_written(spec, failing, tmp_path):
    of_servers = [name for name in FORMATS if name != "certificate"]
    write_renderings(tmp_path, spec, failing, of_servers)
    assert {path.name for path in tmp_path.iterdir()} == {FORMATS[name] for name in of_servers}
