"""A finding is shown with its difference, sequence, cause and replay command."""

import msgspec
import pytest

from klarna_reports.page.deviations import Deviations
from klarna_reports.page.gallery import Gallery
from klarna_reports.page.html import render_html
from klarna_reports.page.overview import Orders, overview
from klarna_reports.page.sequence import diagram
from klarna_reports.record.record import Footer, TargetFacts
from klarna_reports.summary.replay import counterexample_name, replay_line
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Failure, Payload, Request, Response

from .findings import RULE, finding


@pytest.fixture
def deviations_of(gathered):
    def deviations_of(spec, record):
        summary = summarise(spec, record)
        return Deviations(spec, summary, gathered(Gallery(spec, summary), record))

    return deviations_of


def test_each_deviation_of_a_full_page_has_its_first_finding(spec, record, played, gathered):
    found = (finding(), finding(observed="another"), finding("WARN", "order.answered"))
    kept = record(played(*found))
    summary = summarise(spec, kept)
    page = Deviations(spec, summary, gathered(Gallery(spec, summary), kept), room=0)

    for verdict, unshown in (("FAIL", 1), ("WARN", 0)):
        (cause,) = page.causes(verdict)
        (shown,) = cause.root.findings
        assert (cause.root.unshown, shown.scenario) == (unshown, None)


def test_a_diagram_shows_requests_and_responses(spec, exchange):
    body = Payload('{"error_code": "NOT_ALLOWED", "captured_amount": 5}')
    refused = msgspec.structs.replace(
        exchange, outcome=Response(status=403, body=body), clock_s=60, group=1
    )
    lost = msgspec.structs.replace(exchange, outcome=Failure(kind="timeout", message="late"))
    messages = diagram(spec, (exchange, refused, lost), (1,)).messages
    assert [(m.request, m.response) for m in messages] == [
        ("refundOrder, refunded 100.01", "201"),
        ("refundOrder, refunded 100.01", "403, NOT_ALLOWED, captured 0.05"),
        ("refundOrder, refunded 100.01", "no response: timeout"),
    ]
    assert [m.marked for m in messages] == [False, True, False]
    assert (messages[1].before, messages[1].together, messages[2].answered) == (
        "60 s pass",
        True,
        False,
    )


def test_a_diagram_names_keys_by_their_order(spec, exchange):
    def keyed(key):
        request = msgspec.structs.replace(
            exchange.request, headers=(("Klarna-Idempotency-Key", key),)
        )
        return msgspec.structs.replace(exchange, request=request)

    messages = diagram(spec, (keyed("x"), keyed("y"), keyed("x")), ()).messages
    keys = [message.request.rpartition(", ")[2] for message in messages]
    assert keys == ["key a", "key b", "key a again"]


def test_each_exchange_has_its_worst_verdict(deviations_of, spec, record, played, exchange):
    found = played(
        finding("PASS", exchange=0),
        finding("INFO", exchange=0),
        finding("INFO", exchange=1),
        finding(exchange=2),
        finding("PASS", exchange=2),
        exchanges=(exchange,) * 4,
    )
    (cause,) = deviations_of(spec, record(found)).causes("FAIL")
    shown = cause.root.findings[0].scenario.exchanges
    assert [each.verdict for each in shown.values()] == ["PASS", "INFO", "FAIL", ""]
    assert shown[2].title == "3. refundOrder, refunded 100.01"


def test_a_long_diagram_ends_soon_after_the_marked_exchange(spec, exchange):
    drawn = diagram(spec, (exchange,) * 100, (50,))
    assert [m.number for m in drawn.messages] == list(range(34, 58))
    assert drawn.left_out == 76


def test_an_unknown_call_is_shown_by_its_path(spec, exchange):
    request = Request(method="PUT", path="/x/8f7c01cc-85d6-4de9-aa99-07ce42548806" + "y" * 99)
    strange = msgspec.structs.replace(exchange, request=request)
    (message,) = diagram(spec, (strange,), ()).messages
    assert message.request.startswith("PUT /x/…yy")
    assert len(message.request) < 60


def test_a_violation_that_needs_another_one_is_shown_as_its_consequence(
    deviations_of, spec, record, played
):
    both = played(
        finding(), finding(requirement="order.answered", exchange=1), steps=2, identifier="s1"
    )
    alone = played(finding(), steps=3, identifier="s2")
    (cause,) = deviations_of(spec, record(both, alone)).causes("FAIL")
    assert cause.root.result.id == RULE
    assert [one.result.id for one in cause.consequences] == ["order.answered"]


def test_findings_that_differ_in_numbers_have_different_anchors(
    deviations_of, spec, record, played
):
    two = record(
        played(finding(observed="status 200"), finding(observed="status 201")),
    )
    (cause,) = deviations_of(spec, two).causes("FAIL")
    first, second = (shown.name for shown in cause.root.findings)
    assert second == f"{first}-2"


def test_the_replay_command_names_the_file_from_where_the_run_was_started(record):
    assert counterexample_name("refund.Odd name") == "refund.-dd-name.yaml"
    header = record(output="a folder").header
    assert replay_line(header, RULE) == (
        f"klarna-conformance replay 'a folder/counterexamples/{RULE}.yaml'"
    )
    command = "klarna-conformance run x.yaml --specs 'my specs' --strict"
    own = msgspec.structs.replace(header, command=command)
    assert replay_line(own, RULE).startswith("klarna-conformance replay --specs 'my specs' ")
    watched = msgspec.structs.replace(header, watched=("client",))
    assert replay_line(watched, RULE) == ""


@pytest.fixture
def overview_of(gathered, deviations_of):
    def overview_of(spec, record):
        summary, orders = summarise(spec, record), gathered(Orders(), record)
        return overview(spec, record, summary, deviations_of(spec, record), orders)

    return overview_of


def test_the_first_screen_says_what_was_tested_and_what_failed(overview_of, spec, record, played):
    cut = Footer(wall_s=1, requests_sent=1, stopped="it took too long")
    first = overview_of(spec, record(played(finding()), footer=cut))
    assert first.tested == (
        "4 requirements of 2 operations, 2 binding.",
        "Orders of 1 market, captured in 1 way.",
        "1 request in 1 scenario; 1 exchange judged.",
    )
    assert [cause.root.result.id for cause in first.causes] == [RULE]
    assert first.limits == ("The run ended early: it took too long.",)
    assert (first.unseen_binding, first.unseen_others) == (2, 2)


def test_the_first_screen_of_a_stopped_run_says_why_and_how_to_complete_it(
    spec, record, played, all_goals_pass
):
    stopped = Footer(wall_s=1, requests_sent=1, stopped="interrupted")
    whole = record(played(*all_goals_pass), footer=stopped)
    page = render_html(spec, whole, summarise(spec, whole))
    banner = page[page.index('class="banner') : page.index('class="overview"')]
    assert "the run is incomplete: interrupted." in banner
    assert ">klarna-conformance run --resume</pre>" in banner
    assert "binding requirements met so far" in banner


def test_the_score_counts_accepted_deviations(spec, record, played, all_goals_pass):
    accepted, violated = (
        record(played(*all_goals_pass, finding(verdict))) for verdict in ("KNOWN", "FAIL")
    )
    said = [
        "<span>1 accepted deviation</span></p>" in render_html(spec, each, summarise(spec, each))
        for each in (accepted, violated)
    ]
    assert said == [True, False]


def test_one_exchange_is_no_plural(spec, record, played):
    whole = record(played(finding()))
    assert "<summary>Timeline: one exchange</summary>" in render_html(
        spec, whole, summarise(spec, whole)
    )


def test_the_timeline_has_times_where_calls_take_time(spec, record, played, gathered, exchange):
    came = msgspec.structs.replace(exchange.outcome, elapsed_s=0.025)
    sent = [msgspec.structs.replace(exchange, outcome=came, started_s=s) for s in (1.0, 1.35)]
    whole = record(msgspec.structs.replace(played(finding(), steps=2), exchanges=tuple(sent)))
    summary = summarise(spec, whole)
    mock = TargetFacts(name="mock", base_url="http://mock", kind="mock")
    shown = [
        gathered(Gallery(spec, each), whole).scenarios["s1"].exchanges.values()
        for each in (summary, msgspec.structs.replace(summary, target=mock))
    ]
    assert [[each.when for each in exchanges] for exchanges in shown] == [
        ["0 to 25 ms", "350 to 375 ms"],
        ["", ""],
    ]


def test_a_run_against_the_mock_says_so(overview_of, spec, record, played, all_goals_pass):
    mock = TargetFacts(name="mock", base_url="http://mock", kind="mock")
    (line,) = overview_of(spec, record(played(*all_goals_pass), target=mock)).limits
    assert line.startswith("A real server")


def test_a_complete_run_has_no_limits(overview_of, spec, record, played, all_goals_pass):
    first = overview_of(spec, record(played(*all_goals_pass)))
    assert (first.causes, first.limits) == ((), ())
    assert (first.unseen_binding, first.unseen_others) == (0, 0)


def test_the_most_expensive_violation_is_shown_first(deviations_of, spec, record, played):
    often = [played(finding(requirement="order.answered"), identifier=f"s{n}") for n in range(3)]
    causes = deviations_of(spec, record(played(finding(), identifier="s9"), *often)).causes("FAIL")
    assert [cause.root.result.id for cause in causes] == [RULE, "order.answered"]
