"""JUnit XML is green if and only if the run is."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_reports.formats.junit import junit
from klarna_reports.record.record import Finding
from klarna_reports.record.results import WORST_FIRST
from klarna_reports.summary.summary import summarise

RULE = "refund.within-captured-amount"


def finding(verdict, **others):
    said = {"expected": "a refusal", "observed": "201", **others}
    return Finding(**{"requirement": RULE, "verdict": verdict, "exchange": 0, **said})


def case_of(summary, requirement=RULE):
    root = ElementTree.fromstring(junit(summary))
    return root.find(f".//testcase[@name='{requirement}']")


def test_an_operation_is_a_suite_and_a_requirement_a_case(spec, record, played, all_goals_pass):
    root = ElementTree.fromstring(junit(summarise(spec, record(played(*all_goals_pass)))))
    names = {suite.get("name"): suite.get("tests") for suite in root}
    assert names == {"refundOrder": "3", "getOrder": "1"}
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "0", "0")


def test_a_failure_has_expected_observed_and_a_curl_line(spec, record, played):
    failure = case_of(summarise(spec, record(played(finding("FAIL"))))).find("failure")
    sentence, expected, observed, *_ = failure.text.split("\n\n")[1].splitlines()
    assert (failure.get("message"), expected) == (sentence, "expected: a refusal")
    assert observed == "observed: 201"
    assert "curl --include" in failure.text


def test_a_must_that_was_not_run_is_not_green(spec, record, played):
    case = case_of(summarise(spec, record(played())))
    assert case.find("error").get("type") == "NOT_RUN"
    assert case.find("skipped") is None


def test_a_should_that_was_not_run_is_skipped_with_its_reason(spec, record, played):
    skipped = case_of(summarise(spec, record(played())), "refund.status").find("skipped")
    assert "nothing of this occurred" in skipped.get("message")


@pytest.mark.parametrize(("strict", "tag"), [(False, "system-out"), (True, "failure")])
def test_a_warning_is_a_failure_only_when_strict(strict, tag, spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass, finding("WARN")), strict=strict))
    assert case_of(summary).find(tag) is not None


def test_an_accepted_deviation_is_noted_and_green(spec, record, played, all_goals_pass):
    case = case_of(summarise(spec, record(played(*all_goals_pass, finding("KNOWN")))))
    assert [child.tag for child in case] == ["system-out"]


def test_an_interrupted_run_is_not_green(spec, record, played, all_goals_pass):
    root = ElementTree.fromstring(
        junit(summarise(spec, record(played(*all_goals_pass), footer=None)))
    )
    assert root.get("errors") == "1"
    assert root.find(".//testcase[@name='run.verdict']/error") is not None


@given(verdicts=st.lists(st.sampled_from(WORST_FIRST)), strict=st.booleans(), ended=st.booleans())
def test_junit_is_green_if_and_only_if_the_exit_code_is_0(
    spec, record, played, all_goals_pass, verdicts, strict, ended
):
    findings = (*all_goals_pass, *map(finding, verdicts))
    ending = {} if ended else {"footer": None}
    summary = summarise(spec, record(played(*findings), strict=strict, **ending))
    root = ElementTree.fromstring(junit(summary))
    green = root.get("failures") == root.get("errors") == "0"
    assert green == (summary.exit_code == 0)


@given(text=st.text(st.characters()))
def test_any_text_makes_valid_xml(spec, record, played, text):
    hostile = finding("FAIL", expected=text, observed=text + "]]><x>\x00\x1b\ud800")
    summary = summarise(spec, record(played(hostile)))
    failure = case_of(summary).find("failure")
    assert "]]><x>" in failure.text
    junit(summary).encode()
