"""A summary has the worst verdict of the findings, and missing goals are never green."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_reports.formats.badge import badge
from klarna_reports.formats.ctrf import ctrf
from klarna_reports.formats.junit import junit
from klarna_reports.formats.markdown import markdown
from klarna_reports.formats.sarif import sarif
from klarna_reports.page.html import render_html
from klarna_reports.record.record import Finding, Footer, TargetFacts, Unavailable
from klarna_reports.record.results import WORST_FIRST
from klarna_reports.summary.summary import EXIT_CODES, summarise
from klarna_reports.summary.verdicts import combined
from klarna_specs.goals import Scope
from klarna_specs.plan import OrderPlan

from .findings import RULE, finding

VERDICTS = st.lists(st.sampled_from(WORST_FIRST), max_size=6)


def result_of(summary, requirement=RULE):
    return next(r for r in summary.requirements if r.id == requirement)


def test_a_run_in_which_all_goals_pass_is_conformant(spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass)))
    assert (summary.verdict, summary.exit_code) == ("CONFORMANT", 0)
    assert summary.counts["PASS"] == 4


def test_a_run_that_executed_nothing_is_never_conformant(spec, record):
    summary = summarise(spec, record())
    assert (summary.verdict, summary.exit_code) == ("NOT FULLY VERIFIED", 3)
    assert "No exchange was judged" in summary.reason


def test_a_scope_without_requirements_is_never_conformant(spec, record, played, all_goals_pass):
    scope = Scope(requirements=("no.such-requirement",))
    summary = summarise(spec, record(played(*all_goals_pass), scope=scope))
    assert summary.verdict == "NOT FULLY VERIFIED"


@pytest.mark.parametrize("verdict", ["NOT_RUN", "NOT_APPLICABLE"])
def test_findings_without_judgement_are_no_evidence(verdict, spec, record, played, all_goals_pass):
    findings = [msgspec.structs.replace(f, verdict=verdict) for f in all_goals_pass]
    summary = summarise(spec, record(played(*findings)))
    assert summary.exchanges == 0
    assert summary.verdict == "NOT FULLY VERIFIED"


def test_a_missing_goal_of_a_must_makes_the_run_not_fully_verified(
    spec, record, played, all_goals_pass
):
    unseen = finding("PASS", aspects=("kept", "broken"))
    summary = summarise(spec, record(played(unseen, *all_goals_pass[1:])))
    result = result_of(summary)
    assert (result.verdict, result.goals_seen, result.goals_missing) == (
        "NOT_RUN",
        2,
        ("one-above",),
    )
    assert result.reason == "did not occur: one-above"
    assert (summary.verdict, summary.exit_code) == ("NOT FULLY VERIFIED", 3)


@pytest.mark.parametrize("requirement", ["refund.status", "refund.zero-amount"])
def test_goals_of_other_levels_may_be_missing(requirement, spec, record, played, all_goals_pass):
    seen = [f for f in all_goals_pass if f.requirement != requirement]
    summary = summarise(spec, record(played(*seen)))
    assert result_of(summary, requirement).verdict == "NOT_RUN"
    assert summary.verdict == "CONFORMANT"


def test_many_missing_goals_are_counted(spec, record, played):
    case = {f"case-{n}": "true" for n in range(9)}
    operation = spec.operations["refundOrder"]
    rule = msgspec.structs.replace(operation.requirements[0], cases=case)
    operation = msgspec.structs.replace(operation, requirements=(rule,))
    wider = msgspec.structs.replace(spec, operations={"refundOrder": operation})
    summary = summarise(wider, record(played(finding("PASS", aspects=("kept", "broken")))))
    assert result_of(summary).reason.endswith("case-0, case-1, case-2, case-3, case-4 and 4 more")


def test_an_order_that_cannot_be_provisioned_is_the_reason(spec, record, played):
    plan = OrderPlan(market="US", currency="USD", order_amount=1)
    refused = Unavailable(plan=plan, reason="no orders left in the pool")
    summary = summarise(spec, record(played(exchanges=(), unavailable=refused)))
    assert "no orders left in the pool" in result_of(summary).reason


def test_a_missing_clock_is_the_reason(spec, record, played):
    summary = summarise(spec, record(played()))
    assert "clock" in result_of(summary, "refund.zero-amount").reason


def test_the_mock_has_a_clock(spec, record, played):
    target = TargetFacts(name="mock", base_url="http://127.0.0.1", kind="mock")
    summary = summarise(spec, record(played(), target=target))
    assert "clock" not in result_of(summary, "refund.zero-amount").reason


def test_markets_outside_the_scope_are_no_goals(spec, record, played, all_goals_pass):
    sweden = finding("PASS", "order.answered", aspects=("seen", "market=SE"))
    findings = (*all_goals_pass[:3], sweden)
    summary = summarise(spec, record(played(*findings), scope=Scope(markets=("SE",))))
    assert summary.verdict == "CONFORMANT"
    assert "in the selected scope" in summary.reason


def test_only_the_requirements_in_the_scope_count(spec, record, played, all_goals_pass):
    scope = Scope(operations=("getOrder",))
    summary = summarise(spec, record(played(finding(), *all_goals_pass), scope=scope))
    assert [r.id for r in summary.requirements] == ["order.answered"]
    assert (summary.verdict, summary.findings) == ("CONFORMANT", ())


@pytest.mark.parametrize(
    ("verdict", "strict", "overall"),
    [
        ("FAIL", False, "NONCONFORMANT"),
        ("KNOWN", False, "CONFORMANT WITH KNOWN DEVIATIONS"),
        ("WARN", False, "CONFORMANT"),
        ("WARN", True, "NONCONFORMANT"),
        ("INFO", True, "CONFORMANT"),
        ("NOT_RUN", False, "NOT FULLY VERIFIED"),
        ("ERROR", False, "INTERNAL ERROR"),
    ],
)
def test_the_worst_finding_decides(verdict, strict, overall, spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass, finding(verdict)), strict=strict))
    assert result_of(summary).verdict == verdict
    assert (summary.verdict, summary.exit_code) == (overall, EXIT_CODES[overall])


def test_a_failure_outranks_a_missing_goal(spec, record, played):
    summary = summarise(spec, record(played(finding()), footer=None))
    assert summary.verdict == "NONCONFORMANT"


def test_an_accepted_deviation_does_not_hide_a_missing_goal(spec, record, played, all_goals_pass):
    known = finding("KNOWN", aspects=("kept",))
    summary = summarise(spec, record(played(known, *all_goals_pass[1:])))
    assert result_of(summary).verdict == "KNOWN"
    assert summary.verdict == "NOT FULLY VERIFIED"


@pytest.mark.parametrize("footer", [None, Footer(wall_s=1, requests_sent=2, stopped="time is up")])
def test_a_run_that_ended_early_is_not_fully_verified(footer, spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass), footer=footer))
    assert summary.verdict == "NOT FULLY VERIFIED"
    assert summary.stopped


def test_a_crash_in_a_scenario_is_an_internal_error(spec, record, played, all_goals_pass):
    broken = played(identifier="s2", error="ZeroDivisionError")
    summary = summarise(spec, record(played(*all_goals_pass, finding()), broken))
    assert (summary.exit_code, summary.errors) == (5, ("s2: ZeroDivisionError",))


def test_a_finding_of_an_unknown_requirement_is_an_internal_error(
    spec, record, played, all_goals_pass
):
    stranger = finding("FAIL", "refund.unheard-of")
    summary = summarise(spec, record(played(*all_goals_pass, stranger)))
    assert summary.exit_code == 5
    assert "refund.unheard-of" in summary.errors[0]


def test_a_contradiction_is_counted_by_interpretation(spec, record, played, all_goals_pass):
    interpretation = finding("INFO", "contradiction.header-names", interpretation="Refund-Id")
    summary = summarise(spec, record(played(*all_goals_pass, interpretation, interpretation)))
    assert [c.followed for c in summary.contradictions] == [{"Refund-Id": 2}]
    assert summary.verdict == "CONFORMANT"


def test_a_contradiction_that_was_not_observed_is_listed(spec, record, played):
    assert summarise(spec, record(played())).contradictions[0].followed == {}


def test_equal_findings_are_reported_once_with_the_shortest_scenario(spec, record, played):
    scenarios = [played(finding(), identifier=f"s{n}", steps=n) for n in (3, 1, 2)]
    (reported,) = summarise(spec, record(*scenarios)).findings
    assert (reported.scenario, reported.count, reported.exchanges) == ("s1", 3, (0,))


def test_findings_beyond_the_fifth_are_not_listed_but_counted(spec, record, played):
    findings = [finding(observed=f"status {n}") for n in range(8)]
    summary = summarise(spec, record(played(*findings)))
    result = result_of(summary)
    assert (len(summary.findings), result.unlisted, result.findings) == (5, 3, 8)


def test_a_failure_is_listed_before_frequent_accepted_ones(spec, record, played):
    known = [finding("KNOWN", observed=f"status {n}") for n in range(9)] * 2
    summary = summarise(spec, record(played(*known, finding())))
    assert summary.findings[0].verdict == "FAIL"


def test_the_witness_is_listed_with_its_exchange(spec, record, played):
    summary = summarise(spec, record(played(finding(witness=1), steps=2)))
    assert summary.findings[0].exchanges == (0, 1)


def test_evidence_counts_each_exchange_once(spec, record, played):
    twice = [finding("PASS", aspects=("kept",)), finding("PASS", aspects=("broken",))]
    scenarios = [played(*twice, identifier=f"s{n}") for n in range(4)]
    result = result_of(summarise(spec, record(*scenarios)))
    assert (result.evidence, len(result.exemplars)) == (4, 3)


def test_without_a_footer_the_totals_come_from_the_exchanges(spec, record, played):
    summary = summarise(spec, record(played(finding(), steps=4), footer=None))
    assert (summary.requests_sent, summary.wall_s) == (4, 1.0)


@given(VERDICTS, VERDICTS, st.sampled_from(["MUST", "SHOULD", "INFO"]), st.booleans())
def test_combining_only_worsens(some, more, level, all_seen):
    rank = WORST_FIRST.index
    before = combined(level, some or ["PASS"], all_seen=all_seen)
    after = combined(level, [*(some or ["PASS"]), *more], all_seen=all_seen)
    assert rank(after) <= rank(before) or (before, after) == ("NOT_RUN", "WARN")


@given(VERDICTS, st.sampled_from(["MUST", "SHOULD", "INFO"]))
def test_a_missing_goal_is_never_a_pass(verdicts, level):
    assert combined(level, verdicts, all_seen=False) not in ("PASS", "INFO", "NOT_APPLICABLE")


def test_no_finding_at_all_is_not_run():
    assert combined("MUST", [], all_seen=True) == "NOT_RUN"


def test_five_thousand_exchanges_are_all_counted(spec, record, played, all_goals_pass):
    findings = (*all_goals_pass, *all_goals_pass, finding("INFO"), finding("WARN"))
    many = [played(*findings, identifier=f"s{n}") for n in range(5000)]
    assert summarise(spec, record(*many)).exchanges == 5000


def test_a_selected_scope_is_named_in_every_format(spec, record, played, all_goals_pass):
    scope = Scope(requirements=("refund.within-captured-amount",))
    made = record(played(*all_goals_pass), scope=scope)
    summary = summarise(spec, made)
    part = "in the selected scope (1 of 2 binding requirements)"
    assert (summary.verdict, summary.headline) == ("CONFORMANT", f"CONFORMANT {part}")
    page = render_html(spec, made, summary, None)
    texts = (junit(summary), ctrf(summary), sarif(summary), markdown(summary), page)
    assert all(part in text for text in texts)
    assert part in badge(summary)


def test_a_full_run_names_no_scope(spec, record, played, all_goals_pass):
    summary = summarise(spec, record(played(*all_goals_pass)))
    assert summary.headline == summary.verdict


def test_the_sentence_of_a_finding_is_the_same_in_every_format(spec, record, played):
    failed = Finding(
        requirement="refund.within-captured-amount",
        verdict="FAIL",
        exchange=0,
        expected="a refusal (403)",
        observed="status 201",
    )
    made = record(played(failed))
    summary = summarise(spec, made)
    (sentence,) = (each.sentence for each in summary.findings)
    assert sentence.endswith("was accepted (201) where a refusal (403) was expected.")
    assert summary.causes[0].sentence == sentence
    page = render_html(spec, made, summary, None)
    assert all(sentence in text for text in (junit(summary), sarif(summary), page))
