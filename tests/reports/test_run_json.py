"""run.json matches its published schema and has the documented members."""

import json
from importlib.resources import files

import jsonschema
import msgspec
import pytest

from klarna_reports.formats.run_json import run_json, run_schema, schema_text
from klarna_reports.record.record import Finding
from klarna_reports.summary.summary import Summary, summarise


@pytest.fixture
def run(spec, record, played, all_goals_pass):
    failed = Finding(
        requirement="refund.status",
        verdict="FAIL",
        exchange=0,
        expected="201",
        observed="\u2028<é>",
    )
    return json.loads(run_json(summarise(spec, record(played(*all_goals_pass, failed)))))


def test_the_published_schema_is_the_one_of_the_summary():
    published = files("klarna_reports") / "schemas" / "run.schema.json"
    remedy = "write schema_text() to reports/klarna_reports/schemas/run.schema.json"
    assert published.read_text("utf-8") == schema_text(), remedy


def test_the_schema_is_one_of_2020_12():
    jsonschema.Draft202012Validator.check_schema(run_schema())


def test_run_json_validates(run):
    jsonschema.validate(run, run_schema(), cls=jsonschema.Draft202012Validator)


def test_run_json_is_read_back_as_the_summary(spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass)))
    assert msgspec.json.decode(run_json(summary), type=Summary) == summary


def test_every_documented_member_is_present(run):
    promised = "verdict exit_code seed target versions requests_sent scenarios wall_s"
    assert {*promised.split(), "requirements", "findings"} <= run.keys()
    of_requirement = "id level operation verdict reason findings evidence"
    assert set(of_requirement.split()) <= run["requirements"][0].keys()
    of_finding = "requirement verdict expected observed scenario exchanges curl"
    assert set(of_finding.split()) <= run["findings"][0].keys()


def test_every_documented_member_is_required_by_the_schema():
    definitions = run_schema()["$defs"]
    assert {"verdict", "requirements", "findings"} <= set(definitions["Summary"]["required"])
    assert "evidence" in definitions["RequirementResult"]["required"]
    assert "curl" in definitions["ReportedFinding"]["required"]
