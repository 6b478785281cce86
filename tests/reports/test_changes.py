"""Two runs are compared requirement by requirement."""

import msgspec
import pytest

from klarna_reports.record.results import ReportedFinding
from klarna_reports.summary.changes import changes_between, changes_since
from klarna_reports.summary.summary import summarise
from klarna_specs.goals import Scope

RULE = "refund.within-captured-amount"


@pytest.fixture
def conformant(spec, record, played, all_goals_pass):
    return summarise(spec, record(played(*all_goals_pass)))


def with_verdict(summary, verdict, *, requirement=RULE, **others):
    results = (
        msgspec.structs.replace(r, verdict=verdict) if r.id == requirement else r
        for r in summary.requirements
    )
    return msgspec.structs.replace(summary, requirements=tuple(results), **others)


def kinds(changes):
    return [(change.kind, change.requirement) for change in changes.changes]


def test_equal_runs_differ_in_nothing(conformant):
    changes = changes_between(conformant, conformant)
    assert (changes.changes, changes.unchanged) == ((), 4)
    assert changes.caveats == ()


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("PASS", "FAIL", "broken"),
        ("NOT_RUN", "FAIL", "broken"),
        ("KNOWN", "FAIL", "broken"),
        ("PASS", "ERROR", "broken"),
        ("FAIL", "PASS", "fixed"),
        ("FAIL", "NOT_RUN", "changed"),
        ("FAIL", "KNOWN", "changed"),
        ("FAIL", "ERROR", "changed"),
        ("PASS", "NOT_RUN", "changed"),
        ("PASS", "WARN", "changed"),
    ],
)
def test_a_change_is_broken_fixed_or_neither(was, now, kind, conformant):
    changes = changes_between(with_verdict(conformant, was), with_verdict(conformant, now))
    assert kinds(changes) == [(kind, RULE)]
    assert (changes.changes[0].was, changes.changes[0].now) == (was, now)
    assert changes.unchanged == 3


@pytest.mark.parametrize(
    ("was", "now", "kind"), [("PASS", "WARN", "broken"), ("WARN", "PASS", "fixed")]
)
def test_a_strict_run_counts_recommendations(was, now, kind, conformant):
    old, new = with_verdict(conformant, was), with_verdict(conformant, now, strict=True)
    assert kinds(changes_between(old, new)) == [(kind, RULE)]


def test_a_requirement_of_one_run_only_is_added_or_removed(conformant):
    fewer = msgspec.structs.replace(conformant, requirements=conformant.requirements[1:])
    assert kinds(changes_between(fewer, conformant)) == [("added", RULE)]
    assert kinds(changes_between(conformant, fewer)) == [("removed", RULE)]


def test_requirements_out_of_scope_are_neither_added_nor_removed(conformant):
    scope = Scope(requirements=(RULE,))
    inside = tuple(r for r in conformant.requirements if r.id == RULE)
    scoped = msgspec.structs.replace(conformant, requirements=inside, scope=scope)

    for old, new in ((conformant, scoped), (scoped, conformant)):
        changes = changes_between(old, new)
        assert (changes.changes, changes.unchanged) == ((), 1)
        assert changes.caveats == ("The runs have different scopes.",)


def test_runs_without_a_common_requirement_are_not_compared(conformant):
    inside = tuple(r for r in conformant.requirements if r.id == RULE)
    others = tuple(r for r in conformant.requirements if r.id != RULE)
    one, rest = (
        msgspec.structs.replace(conformant, requirements=part) for part in (inside, others)
    )

    assert changes_since(one, rest) is None
    assert changes_since(None, rest) is None
    assert changes_since(one, conformant) == changes_between(one, conformant)


def test_a_new_violated_requirement_is_broken(conformant):
    fewer = msgspec.structs.replace(conformant, requirements=conformant.requirements[1:])
    assert kinds(changes_between(fewer, with_verdict(conformant, "FAIL"))) == [("broken", RULE)]


def test_differences_in_setup_are_caveats_of_a_comparison(conformant, spec, record, played):
    other = summarise(spec, record(played(), footer=None, specs="older"))
    assert changes_between(other, conformant).caveats == (
        "The runs were judged by different specs.",
        "The earlier run ended early.",
    )


def with_sentence(summary, sentence, *, beside=""):
    violated = with_verdict(summary, "FAIL")
    finding = ReportedFinding(
        requirement=RULE,
        verdict="FAIL",
        sentence=sentence,
        expected="",
        observed="",
        scenario="s1",
        exchanges=(0,),
        curl="",
    )
    results = (
        msgspec.structs.replace(r, beside=beside if r.id == RULE else "")
        for r in violated.requirements
    )
    return msgspec.structs.replace(violated, findings=(finding,), requirements=tuple(results))


PLAIN = "A refund of 60.00 EUR on 50.00 EUR captured was accepted (201)."
ALIKE = "A refund of 7.50 SEK on 9.00 SEK captured, 5.00 SEK refunded before, was accepted (201)."
RACE = "A refund of 30.00 EUR among two concurrent calls was accepted (201)."


def test_violation_with_another_cause_has_changed(conformant):
    plain, race = with_sentence(conformant, PLAIN), with_sentence(conformant, RACE)
    (change,) = changes_between(plain, race).changes
    assert (change.kind, change.was, change.now) == ("changed", "FAIL", "FAIL")
    assert change.text == f"{RACE} Before: {PLAIN}"


def test_violation_with_other_amounts_has_not_changed(conformant):
    plain, alike = with_sentence(conformant, PLAIN), with_sentence(conformant, ALIKE)
    assert changes_between(plain, alike).changes == ()


def test_consequence_has_no_cause_of_its_own_that_changed(conformant):
    plain = with_sentence(conformant, PLAIN)
    follows = with_sentence(conformant, RACE, beside="order.answered")
    assert changes_between(plain, follows).changes == ()


def test_change_has_the_sentence_of_its_violation(conformant):
    plain = with_sentence(conformant, PLAIN)
    (broken,) = changes_between(conformant, plain).changes
    (fixed,) = changes_between(plain, conformant).changes
    assert (broken.text, fixed.text) == (PLAIN, f"Before: {PLAIN}")


def test_broken_requirements_come_first(conformant):
    old = with_verdict(conformant, "FAIL")
    new = with_verdict(conformant, "FAIL", requirement="order.answered")
    assert kinds(changes_between(old, new)) == [("broken", "order.answered"), ("fixed", RULE)]
    assert changes_between(old, new).of_kind("fixed")[0].now == "PASS"
