"""Targets differ where they answered the same step differently, and nowhere else."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest

from klarna_reports.errors import ComparisonError
from klarna_reports.formats.comparison_json import (
    comparison_json,
    comparison_schema,
    schema_text,
)
from klarna_reports.formats.comparison_text import (
    comparison_lines,
    comparison_markdown,
    totals,
)
from klarna_reports.page.comparison_page import render_comparison
from klarna_reports.record.journal import Journal
from klarna_reports.record.record import Certified, Finding, TargetFacts
from klarna_reports.summary.compared_target import Source
from klarna_reports.summary.comparing import compared, compared_folders
from klarna_specs.exchange import Payload, Response
from klarna_specs.spec import ProfileFacts

RULE = "refund.within-captured-amount"
STATUS = "refund.status"
HEADER = "contradiction.header-names"


def finding(requirement=RULE, verdict="PASS", aspects=("broken",), **others):
    return Finding(requirement=requirement, verdict=verdict, exchange=0, aspects=aspects, **others)


@pytest.fixture
def answering(played, exchange):
    """A scenario whose first exchange has this response; the findings are about it."""

    def make(*findings, status=403, code="", **others):
        body = Payload(json.dumps({"error_code": code}) if code else "")
        came = msgspec.structs.replace(exchange, outcome=Response(status=status, body=body))
        came = msgspec.structs.replace(came, group=others.pop("group", None))
        return played(*findings, exchanges=(came,), **others)

    return make


@pytest.fixture
def side_by_side(spec, record):
    """The comparison of targets a, b and so on; each is the scenarios of its record."""

    def make(*targets, **changes):
        sources = [
            Source(name=name, folder=name, record=record(*played, **changes.get(name, {})))
            for name, played in zip("abc", targets, strict=False)
        ]
        return compared(spec, sources)

    return make


def differences(comparison):
    return {row.id: row.difference.sentence for row in comparison.differences}


def kinds(comparison):
    return {row.id: row.difference.kind for row in comparison.rows if row.difference}


def test_equal_answers_are_no_difference(side_by_side, answering):
    same = [answering(finding())]
    assert kinds(side_by_side(same, same, same)) == {}


def test_a_must_that_one_target_violates_is_a_binding_difference(side_by_side, answering):
    met, violated = answering(finding()), answering(finding(verdict="FAIL"), status=201)
    comparison = side_by_side([met], [violated])
    assert differences(comparison) == {RULE: "a: 403; b: success (deviates)"}
    assert [row.id for row in comparison.binding] == [RULE]


def test_a_violation_in_a_scenario_of_one_target_only_is_a_question(
    side_by_side, answering, all_goals_pass
):
    met = answering(*all_goals_pass)
    violated = answering(finding(verdict="FAIL"), steps=2, status=201)
    comparison = side_by_side([met], [met, violated])
    assert kinds(comparison) == {RULE: "question"}
    assert (comparison.binding, comparison.shared, comparison.partly) == ((), 1, 1)
    assert "1 of 2 scenarios were sent in full to every target" in comparison.caveats[0]


def test_a_scenario_interrupted_by_a_budget_is_not_compared(side_by_side, answering):
    met, violated = answering(finding()), answering(finding(verdict="FAIL"), status=201)
    cut = msgspec.structs.replace(violated, error="it broke")
    assert side_by_side([met], [cut]).differences == ()


def test_verdicts_under_different_specs_are_no_difference(side_by_side, answering):
    pair = [answering(finding(STATUS))], [answering(finding(STATUS, "WARN"))]
    assert [*differences(side_by_side(*pair))] == [STATUS]
    comparison = side_by_side(*pair, b={"specs": "others"})
    assert differences(comparison) == {}
    assert "different specs" in comparison.caveats[0]


def test_answers_under_different_specs_are_a_difference(side_by_side, answering):
    pair = [answering(finding(STATUS), status=201)], [answering(finding(STATUS), status=200)]
    assert differences(side_by_side(*pair, b={"specs": "others"})) == {STATUS: "a: 201; b: 200"}


@pytest.mark.parametrize("what", ["seed", "scope"])
def test_different_questions_are_named(what, side_by_side, answering, spec):
    from klarna_specs.goals import Scope

    other = {"seed": 8, "scope": Scope(markets=("SE",))}[what]
    comparison = side_by_side([answering()], [answering()], b={what: other})
    assert f"different {what}s" in comparison.caveats[0]


def test_statuses_and_error_codes_of_refusals_are_compared(side_by_side, answering):
    a = answering(finding(), status=404, code="NO_SUCH_ORDER")
    b, c = answering(finding(), status=403), answering(finding(), status=404, code="OTHER")
    comparison = side_by_side([a], [b], [c])
    assert differences(comparison) == {RULE: "a: 404 NO_SUCH_ORDER; b: 403; c: 404 OTHER"}
    assert comparison.binding == ()


def test_interpretations_of_contradictions_are_compared(side_by_side, answering):
    a, b = (
        answering(finding(HEADER, "INFO", (), interpretation=interpretation))
        for interpretation in ("refund_id", "Refund-Id")
    )
    assert differences(side_by_side([a], [b])) == {HEADER: "a: refund_id; b: Refund-Id"}


def test_a_status_that_a_rule_shows_is_one_difference(side_by_side, answering):
    a, b = (
        answering(finding(), finding(STATUS, verdict, ("seen",)), status=status)
        for status, verdict in ((403, "PASS"), (400, "WARN"))
    )
    comparison = side_by_side([a], [b])
    assert [*differences(comparison)] == [RULE]
    assert {row.id: row.difference.follows for row in comparison.consequences} == {STATUS: RULE}


def test_what_one_target_did_not_show_is_no_difference_of_targets(
    side_by_side, answering, all_goals_pass
):
    seen, unseen = answering(*all_goals_pass), answering(*all_goals_pass[1:])
    comparison = side_by_side([seen], [unseen])
    assert kinds(comparison) == {RULE: "unseen"}
    assert [row.id for row in comparison.incomparable] == [RULE]


def test_an_accepted_violation_does_not_differ_from_another_one(side_by_side, answering):
    accepted, violated = (answering(finding(verdict=v), status=201) for v in ("KNOWN", "FAIL"))
    assert kinds(side_by_side([accepted], [violated])) == {}


@pytest.mark.parametrize(("changed", "kind"), [(RULE, "unseen"), (STATUS, "verdict")])
def test_verdicts_are_compared_where_profiles_agree(changed, kind, spec, record, answering):
    def relaxed(requirement):
        return msgspec.structs.replace(requirement, level="INFO", statement="Left open.")

    operations = {
        name: msgspec.structs.replace(
            operation,
            requirements=tuple(
                relaxed(each) if each.id == changed else each for each in operation.requirements
            ),
        )
        for name, operation in spec.operations.items()
    }
    profile = ProfileFacts(name="other")
    other = msgspec.structs.replace(
        spec, operations=operations, fingerprint="other", profile=profile
    )
    ours = record(answering(finding()), specs=spec.fingerprint)
    violating = answering(finding(verdict="FAIL"))
    theirs = record(violating, specs="other", profile=profile)
    comparison = compared(
        spec,
        [
            Source(name="a", folder="a", record=ours, spec=spec),
            Source(name="b", folder="b", record=theirs, spec=other),
        ],
    )
    assert kinds(comparison)[RULE] == kind
    assert [row.id for row in comparison.binding] == ([RULE] if kind == "verdict" else [])


def test_what_does_not_apply_to_a_run_is_no_difference(spec, record, answering):
    operations = {
        name: msgspec.structs.replace(
            operation,
            requirements=tuple(
                msgspec.structs.replace(each, needs=("traffic",)) if each.id == STATUS else each
                for each in operation.requirements
            ),
        )
        for name, operation in spec.operations.items()
    }
    spec = msgspec.structs.replace(spec, operations=operations)
    seen = [answering(finding(STATUS), status=status) for status in (403, 409)]
    sources = [
        Source(name=name, folder=name, record=record(each), spec=spec)
        for name, each in zip("ab", seen, strict=True)
    ]
    assert kinds(compared(spec, sources)) == {}


def test_the_order_of_concurrent_calls_is_no_difference(side_by_side, answering):
    first, second = (answering(finding(), status=status, group=0) for status in (403, 409))
    assert kinds(side_by_side([first], [second])) == {}


def test_a_difference_has_the_exchanges_of_each_answer(side_by_side, answering):
    a, b = (answering(finding(), identifier=name, status=int(name)) for name in ("403", "409"))
    (row,) = side_by_side([a], [b], [a]).differences
    shown = [(s.target, s.scenario, s.exchanges[0].outcome.status) for s in row.difference.shown]
    assert shown == [("a", "403", 403), ("b", "409", 409)]


def test_a_target_that_was_not_tested_is_named(spec, record, answering):
    sources = [
        Source(name="a", folder="a", record=record(answering(finding()))),
        Source(name="b", folder="b", record=None, problem="it is away", exit_code=4),
    ]
    comparison = compared(spec, sources)
    assert comparison.caveats == ("b was not tested: it is away",)
    assert [cell.verdict for cell in comparison.rows[0].cells] == ["NOT_RUN", None]
    assert "not tested" in render_comparison(comparison, {"a": "a/report.html", "b": ""})


@pytest.fixture
def differing(side_by_side, answering):
    hostile = "<script>alert(1)</script>|`\u202e"
    violated = answering(finding(verdict="FAIL"), status=409, code=hostile)
    return side_by_side([answering(finding())], [violated])


def test_the_published_schema_is_the_one_of_the_comparison():
    published = files("klarna_reports") / "schemas" / "comparison.schema.json"
    remedy = "write schema_text() to reports/klarna_reports/schemas/comparison.schema.json"
    assert published.read_text("utf-8") == schema_text(), remedy


def test_comparison_json_validates(differing):
    value = json.loads(comparison_json(differing))
    jsonschema.validate(value, comparison_schema(), cls=jsonschema.Draft202012Validator)
    assert value["rows"][0]["difference"]["kind"] == "verdict"


def test_texts_of_a_server_are_escaped_in_every_format(differing, spec):
    page = render_comparison(differing, {"a": "", "b": ""})
    assert "<script" not in page
    assert "\u202e" not in page + comparison_markdown(differing)
    assert r"\<script" in comparison_markdown(differing)


def test_the_table_shows_all_requirements_where_wanted(differing):
    shown, whole = (comparison_markdown(differing, whole=whole) for whole in (False, True))
    assert ("order.answered" in shown, r"order.answered" in whole) == (False, True)
    assert not any("order.answered" in line for line in comparison_lines(differing))
    assert any("order.answered" in line for line in comparison_lines(differing, whole=True))


def test_the_totals_count_differences_and_musts(differing, side_by_side, answering):
    said = "1 difference; 1 MUST differs. 1 scenario was sent to every target."
    assert totals(differing) == said
    assert totals(side_by_side([answering()], [answering()])).startswith("0 differences; 0 MUSTs")


def _kept(folder: Path, record) -> Path:
    with Journal(folder) as journal:
        for line in (record.header, *record.played, record.footer):
            journal.write(line)
    return folder


def test_folders_are_named_where_targets_have_one_name(spec, record, answering, tmp_path):
    folders = [_kept(tmp_path / name, record(answering())) for name in ("old", "new")]
    names = [column.name for column in compared_folders(spec, folders).targets]
    assert names == [f"A target ({folder})" for folder in folders]


def test_records_that_cannot_be_compared_are_an_error(spec, record, answering, tmp_path):
    one = _kept(tmp_path / "one", record(answering()))
    facts = TargetFacts(name="Another", base_url="https://other.example", kind="http")
    none = _kept(tmp_path / "none", record(target=facts))
    certified = Certified(client="c", adapter="a", operations=(), faults=())
    client = _kept(tmp_path / "client", record(answering(), certified=certified))
    for folders, message in [
        ([one], "two runs or more"),
        ([one, one], "is given twice"),
        ([one, none], "no scenario was sent in full"),
        ([one, client], "only servers are compared"),
    ]:
        with pytest.raises(ComparisonError, match=message):
            compared_folders(spec, folders)
