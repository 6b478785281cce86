"""The overview of a report is counted from the record."""

import msgspec
import pytest

from klarna_reports.page.latency import Timings
from klarna_reports.page.matrix import HeatMap, operation_matrix
from klarna_reports.page.notable import TOPICS, notables
from klarna_reports.page.races import RaceKinds, races_of
from klarna_reports.record.record import Finding, Unavailable
from klarna_reports.summary.aspects import CLASSES, class_of
from klarna_reports.summary.summary import summarise
from klarna_specs.client.requirements import client_spec
from klarna_specs.exchange import Response
from klarna_specs.loader import load

RULE = "refund.within-captured-amount"


def finding(verdict="FAIL", **others):
    return Finding(**{"requirement": RULE, "verdict": verdict, "exchange": 0, **others})


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("refund.accepted", "Accepts"),
        ("refund.within-captured-amount", "Refuses"),
        ("refund.books-amount", "Effect"),
        ("refund.location-header", "Answers"),
        ("refund.created-status", "Answers"),
        ("refund.error-body", "Errors"),
        ("refund.refusal-status", "Errors"),
        ("refund.replay-booked-once", "Repeats"),
        ("refund.credentials-required", "Access"),
        ("refund.not-found-status", "Access"),
        ("refund.no-server-error", "Availability"),
    ],
)
def test_a_requirement_belongs_to_a_class(requirement, name):
    assert class_of(load().requirement(requirement)) == name


def test_every_class_has_requirements():
    assert {class_of(requirement) for requirement in load().requirements} == set(CLASSES)


def test_a_matrix_cell_counts_met_requirements_and_shows_the_worst(
    spec, record, played, all_goals_pass
):
    summary = summarise(spec, record(played(*all_goals_pass, finding())))
    cells = operation_matrix(spec, summary)["refundOrder"]
    refuses, answers = cells["Refuses"], cells["Answers"]
    assert (refuses.worst, refuses.met, refuses.total) == ("FAIL", 0, 1)
    assert (answers.worst, answers.met, answers.total) == ("PASS", 2, 2)
    assert cells["Access"] is None


def test_the_heat_map_counts_scenarios_and_failures_by_market_and_layout(
    gathered, spec, record, played
):
    plan = played().scenario.plan
    us = msgspec.structs.replace(played().scenario, plan=msgspec.structs.replace(plan, market="US"))
    whole = record(
        played(),
        played(finding(), identifier="s2"),
        played(finding(), identifier="c1", shrunk_from="s2"),
        played(
            identifier="s3",
            scenario=us,
            exchanges=(),
            unavailable=Unavailable(plan=us.plan, reason="none left"),
        ),
    )
    heat = gathered(HeatMap(spec, whole.header.scope), whole).heat
    full = heat.layouts.index("one-full")
    sweden, states = heat.rows["SE"][full], heat.rows["US"][full]
    assert (sweden.scenarios, sweden.failed, sweden.unavailable) == (2, 1, 0)
    assert (states.scenarios, states.failed, states.unavailable) == (0, 0, 1)
    assert heat.empty == 2 * len(heat.layouts) - 2


def test_latencies_are_percentiles_by_operation(gathered, spec, record, played, exchange):
    took = [
        msgspec.structs.replace(exchange, outcome=Response(status=201, elapsed_s=ms / 1000))
        for ms in range(1, 101)
    ]
    whole = record(played(exchanges=tuple(reversed(took))))
    found = gathered(Timings(spec), whole).latencies
    one = found.by_operation["refundOrder"]
    figures = (one.count, one.p50_ms, one.p90_ms, one.p99_ms, one.most_ms)
    assert figures == pytest.approx((100, 50, 90, 99, 100))
    assert [place for place, _ in found.ticks] == [0, 300]
    assert found.place(10) == 0
    assert found.place(100) == 300


def test_without_responses_there_are_no_latencies(spec):
    assert Timings(spec).latencies is None


@pytest.fixture
def race(played, exchange):
    def call(started_s, elapsed_s, group=0):
        outcome = Response(status=201, elapsed_s=elapsed_s)
        return msgspec.structs.replace(exchange, outcome=outcome, started_s=started_s, group=group)

    return played(finding(exchange=2), exchanges=(exchange, call(1.0, 0.2), call(1.05, 0.05)))


def test_a_race_is_listed_in_the_order_of_its_responses(spec, race):
    (one,) = races_of(spec, race)
    spans = [(span.label, round(span.sent_ms), round(span.answered_ms)) for span in one.spans]
    assert spans == [("refundOrder 100.01 SEK", 50, 100), ("refundOrder 100.01 SEK", 0, 200)]
    assert (one.spans[1].x, one.spans[1].width) == (0, 300)
    assert (one.spans[0].x, one.spans[0].width) == (75, 75)


def test_races_are_counted_by_their_operations(gathered, spec, record, race, played):
    (kind,) = gathered(RaceKinds(spec), record(race, played(identifier="s2"))).kinds
    assert (kind.operations, kind.calls, kind.races, kind.failed) == ("refundOrder", "2", 1, 1)


def test_the_smallest_failed_race_is_the_example(gathered, spec, record, race):
    large = msgspec.structs.replace(
        race, id="large", exchanges=(*race.exchanges, race.exchanges[-1])
    )
    (kind,) = gathered(RaceKinds(spec), record(large, race)).kinds
    assert (kind.calls, len(kind.shown.spans)) == ("2 to 3", 2)


def test_a_failure_before_a_race_does_not_count_for_it(gathered, spec, record, race):
    calm = msgspec.structs.replace(race, findings=(finding(exchange=0),))
    assert gathered(RaceKinds(spec), record(calm)).kinds[0].failed == 0


def test_a_key_result_has_the_worst_verdict_of_its_requirements(spec, record, played):
    (one,) = notables(summarise(spec, record(played(finding()))))
    assert one.topic == "No more money is refunded than was captured"
    assert (one.verdict, [result.id for result in one.worst]) == ("FAIL", [RULE])


def test_the_topics_name_requirements_that_exist():
    spec = load()
    known = {requirement.id for requirement in client_spec(spec, servers=True).requirements}
    assert {name for _, names in TOPICS for name in names} <= known
