"""Records of clients: their requirements, sentences and diagrams."""

import msgspec
import pytest

from klarna_reports.page.certificate import render_certificate
from klarna_reports.page.faulted import NO_FAULT, FaultTable
from klarna_reports.page.html import render_html
from klarna_reports.page.lanes import lanes
from klarna_reports.page.notable import notables
from klarna_reports.render import FORMATS, format_problem, write_renderings
from klarna_reports.summary.judged import judged_spec, sides
from klarna_reports.summary.replay import replay_line
from klarna_reports.summary.summary import summarise
from klarna_reports.words.client_wording import episode_text, played_sentence, setting_text
from klarna_specs.client.faults import Silent
from klarna_specs.client.play import Ended, Mark, RefusedIt, TimedOut, Unknown, Unsupported
from klarna_specs.exchange import Payload, Response

from .clients import (
    BOOKED,
    CERTIFIED,
    HEADER,
    LOST,
    REFUSED,
    SPEC,
    TWICE,
    driven,
    episode,
    everything,
    found,
    record,
    sent,
    watched,
)

HOSTILE = "<script>alert(1)</script>\u202e &amp; \x00"
OF_CLIENTS = tuple(name for name in FORMATS if name != "pytest")


def _ids(header):
    return {requirement.id.split(".")[0] for requirement in judged_spec(SPEC, header).requirements}


def test_an_excused_requirement_does_not_apply_and_is_no_scenario():
    name = "client.once"
    others = [each for each in everything() if each.requirement != name]
    aspects = next(each.aspects for each in everything() if each.requirement == name)
    excuse = found(
        "NOT_APPLICABLE",
        name,
        0,
        aspects=aspects,
        expected="",
        observed="the client never did this",
    )
    summary = summarise(SPEC, msgspec.structs.replace(record(driven(*others)), excuses=(excuse,)))

    result = next(each for each in summary.requirements if each.id == name)
    assert (result.verdict, result.reason) == ("NOT_APPLICABLE", "the client never did this")
    assert summary.scenarios == 1


def test_a_case_without_an_effect_names_the_refusals():
    error = Payload('{"error_messages": ["refunded_amount is missing"]}')
    no = Response(status=400, body=error)
    seen = [each for each in everything() if each.requirement != "client.refund-id"]
    played = driven(*seen, exchanges=(sent(no), sent(no)), marks=(Mark(served=(no,)),) * 2)
    summary = summarise(SPEC, record(played))

    (result,) = (each for each in summary.requirements if each.id == "client.refund-id")
    assert result.verdict == "NOT_RUN"
    assert result.reason.endswith(
        "2 of 2 requests for a change were refused, most of them with 'refunded_amount is missing'"
    )


def test_what_a_record_is_judged_by_is_in_its_header():
    servers = msgspec.structs.replace(HEADER, certified=None)
    client = msgspec.structs.replace(servers, watched=("client",))
    both = msgspec.structs.replace(servers, watched=("client", "server"))

    assert "client" not in _ids(servers)
    assert _ids(HEADER) == _ids(client) == {"client"}
    assert _ids(both) == _ids(servers) | {"client"}


def test_selecting_the_specs_of_a_record_is_idempotent():
    once = judged_spec(SPEC, HEADER)

    assert judged_spec(once, HEADER).requirements == once.requirements


def test_a_client_is_held_only_to_what_its_faults_can_show():
    calm = msgspec.structs.replace(CERTIFIED, faults=())
    held = judged_spec(SPEC, msgspec.structs.replace(HEADER, certified=calm))

    assert "client.patience" not in {requirement.id for requirement in held.requirements}


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({}, ("client",)),
        ({"certified": None}, ("server",)),
        ({"certified": None, "watched": ("client", "server")}, ("client", "server")),
    ],
)
def test_a_record_names_the_judged_sides(changes, who):
    assert sides(record(**changes)) == who


def test_a_client_that_shows_everything_is_conformant():
    summary = summarise(SPEC, record(driven(*everything())))

    assert (summary.verdict, summary.exit_code) == ("CONFORMANT", 0)


def test_a_repeat_with_a_new_key_is_one_cause() -> None:
    whole = record(driven(found(), found(requirement="client.key-kept")))
    (cause,) = summarise(SPEC, whole).causes
    assert cause.requirements == ("client.once", "client.key-kept")
    assert "Also violated, probably by the same cause: client.key-kept." in render_certificate(
        whole, summarise(SPEC, whole)
    )


def test_each_other_violation_of_a_client_counts_by_itself():
    both = driven(found(), found(requirement="client.amounts-as-told"))
    summary = summarise(SPEC, record(both))

    assert [r.beside for r in summary.requirements if r.verdict == "FAIL"] == ["", ""]


def test_traffic_alone_cannot_verify_reported_outcomes():
    summary = summarise(SPEC, record(watched(*everything()), certified=None, watched=("client",)))
    verdicts = {result.id: result.verdict for result in summary.requirements}

    assert summary.verdict == "CONFORMANT"  # findings of all requirements were put in by hand
    assert verdicts["client.once"] == "PASS"


def test_a_counterexample_is_described_in_a_sentence():
    sentence = played_sentence(driven(), "2 booked")

    assert sentence == "one refund of 0.01 SEK, response lost after booking: 2 booked"
    assert played_sentence(watched(), "2 booked") == ""


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (None, "reports done, r2"),
        (RefusedIt(error_code="NOT_ALLOWED"), "reports refused, NOT_ALLOWED"),
        (RefusedIt(), "reports refused"),
        (Unknown(), "reports unknown"),
        (TimedOut(30.0), "reports nothing within 30 s"),
        (Ended("gone"), "crashes"),
        (Unsupported(), "does not support it"),
    ],
)
def test_an_episode_ends_with_its_outcome(outcome, text):
    start = "one refund of 0.01 SEK, response lost after booking: 2 requests; the client "

    assert episode_text(episode(outcome=outcome)) == start + text


def test_an_episode_names_a_second_order_and_no_requests():
    text = episode_text(episode(order=1, count=0, faults=()))

    assert text.startswith("one refund of 0.01 SEK on order 2: no requests; ")


def test_watched_traffic_is_described_as_such():
    assert "Watched traffic" in setting_text(watched())
    assert "100.00 SEK" in setting_text(driven())


def _drawn(played, marked=(1,), most=60):
    return [
        (arrow.start, arrow.end, arrow.text, arrow.lost)
        for arrow in lanes(played, marked, most=most).arrows
    ]


def test_a_diagram_goes_from_command_to_outcome():
    assert _drawn(driven()) == [
        (0, 0, "command: one refund of 0.01 SEK", False),
        (0, 2, "POST refunds, key 5f0c1e6a", False),
        (2, 1, "201", True),
        (1, 1, "response lost after booking", False),
        (0, 2, "POST refunds, key 5f0c1e6a", False),
        (2, 0, "201", False),
        (0, 0, "reports done, r2", False),
    ]


def test_the_exchange_of_the_finding_is_marked_and_numbered():
    drawn = lanes(driven(), (1,), most=60)

    assert [(a.number, a.marked) for a in drawn.arrows if a.number] == [(1, False), (2, True)]
    assert drawn.described.startswith(
        "client: command: one refund of 0.01 SEK. client to server: POST"
    )


def test_a_request_that_was_not_delivered_ends_at_the_network():
    silent = driven(
        episodes=(episode(count=1, faults=(Silent(),), outcome=Unknown()),),
        exchanges=TWICE[:1],
        marks=(Mark(fault=Silent()),),
    )

    assert _drawn(silent, (0,))[1:3] == [
        (0, 1, "POST refunds, key 5f0c1e6a", True),
        (1, 1, "no answer in time, nothing booked", False),
    ]


def test_a_response_of_the_network_starts_at_the_network():
    failed = sent(Response(status=503))
    played = driven(
        episodes=(episode(count=1, outcome=Unknown()),),
        exchanges=(failed,),
        marks=(Mark(fault=LOST, served=(BOOKED,)),),
    )

    assert _drawn(played, (0,))[2:5] == [
        (2, 1, "201", True),
        (1, 1, "response lost after booking", False),
        (1, 0, "503", False),
    ]


def test_a_refused_connection_is_drawn():
    refused = driven(
        episodes=(episode(count=0, faults=(REFUSED,), outcome=Unknown()),), exchanges=(), marks=()
    )

    assert _drawn(refused, ()) == [
        (0, 0, "command: one refund of 0.01 SEK", False),
        (0, 1, "no connection possible", True),
        (0, 0, "reports unknown", False),
    ]


def test_a_long_scenario_is_drawn_from_its_end():
    drawn = lanes(driven(), (1,), most=3)

    assert (len(drawn.arrows), drawn.left_out) == (3, 4)
    assert drawn.arrows[-1].text == "reports done, r2"


def test_commands_after_the_marked_exchange_are_not_drawn():
    later = episode(first=2, count=0, faults=())
    drawn = _drawn(driven(episodes=(episode(), later)))

    assert sum(text.startswith("command: ") for _, _, text, _ in drawn) == 1


def test_traffic_is_drawn_without_commands():
    assert [text for _, _, text, _ in _drawn(watched(), (0,))] == [
        "POST refunds, key 5f0c1e6a",
        "201",
        "response lost after booking",
    ]


def test_requirements_are_counted_by_active_fault(gathered):
    calm = driven(
        found("PASS", exchange=0),
        identifier="s2",
        episodes=(episode(count=1, faults=()),),
        exchanges=TWICE[1:],
        marks=(Mark(served=(BOOKED,)),),
    )
    shrunk = msgspec.structs.replace(driven(found()), id="c1", shrunk_from="s1")
    table = gathered(FaultTable(), record(driven(found(), found("PASS")), calm, shrunk)).faulted

    assert (table.kinds, table.rows) == ((NO_FAULT, "lost"), {"client.once": ((1, 0), (2, 1))})


def test_watched_traffic_has_no_table_of_faults(gathered):
    assert gathered(FaultTable(), record(watched(found()))).faulted is None


def test_key_results_of_a_client_have_verdicts():
    topics = {one.topic: one.verdict for one in notables(summarise(SPEC, record(driven(found()))))}

    assert topics["One command moves money once, whatever the network does"] == "FAIL"
    assert len(topics) == 6


def test_the_report_shows_the_sentence_and_the_replay_command():
    whole = record(driven(found()))
    page = render_html(SPEC, whole, summarise(SPEC, whole))

    sentence = "the client sent a second refund with a new key; the server booked it twice."
    assert f"One refund of 0.01 SEK, response lost after booking: {sentence}" in page
    assert "client --replay counterexamples/client.once.yaml -- python adapter.py" in page
    assert "Requirements and faults" in page
    assert "Markets and capture layouts" not in page
    assert "A real server: the client called the built-in mock" in page


def test_the_replay_command_of_a_client_that_is_a_service_has_its_url():
    service = msgspec.structs.replace(HEADER.certified, adapter="http://127.0.0.1:8090/a;b")
    header = msgspec.structs.replace(HEADER, certified=service)

    assert replay_line(header, "client.once").endswith(" --http 'http://127.0.0.1:8090/a;b'")


def test_traffic_of_both_sides_is_one_report():
    whole = record(watched(found()), certified=None, watched=("client", "server"))
    page = render_html(SPEC, whole, summarise(SPEC, whole))

    assert "Report on client and server" in page
    assert "--replay" not in page
    assert "traffic does not show them" in page


def test_a_certificate_names_client_scope_and_verdict():
    few = msgspec.structs.replace(
        CERTIFIED,
        faults=("lost",),
        operations=("refundOrder",),
        unsupported=("extendDueDate",),
    )
    whole = record(driven(found()), certified=few)
    page = render_certificate(whole, summarise(SPEC, whole))

    for text in (
        *("acme 1.2", "python adapter.py", "seed 7", "NONCONFORMANT", "client.once"),
        *("not supported: extendDueDate", "not observed: ", "run-1"),
        "One refund of 0.01 SEK, response lost after booking",
    ):
        assert text in page


def test_a_certificate_lists_binding_requirements_first():
    whole = record(driven(*everything()))
    page = render_certificate(whole, summarise(SPEC, whole))
    assert page.index(">client.once<") < page.index(">client.options-told<")
    assert page.index(">client.options-told<") < page.index(">client.retries<")


def test_a_certificate_shows_two_violations_and_counts_the_others():
    failing = driven(*(found(requirement=name.requirement) for name in everything()[:7]))
    whole = record(failing)
    page = render_certificate(whole, summarise(SPEC, whole))

    assert page.count('<section class="case">') == 2
    assert page.count("<svg") == 1
    assert "5 more causes" in page


def test_hostile_texts_are_escaped():
    certified = msgspec.structs.replace(CERTIFIED, client=HOSTILE, adapter=HOSTILE)
    hostile = driven(
        found(observed=HOSTILE, expected=HOSTILE),
        episodes=(episode(outcome=RefusedIt(error_code=HOSTILE)),),
    )
    whole = record(hostile, certified=certified)
    summary = summarise(SPEC, whole)
    for page in (render_certificate(whole, summary), render_html(SPEC, whole, summary)):
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "\x00" not in page


def test_every_format_but_one_can_be_made_of_a_client(tmp_path):
    whole = record(driven(found()), driven(*everything(), identifier="s2"))
    write_renderings(tmp_path, SPEC, whole, OF_CLIENTS)

    assert {path.name for path in tmp_path.iterdir()} == {FORMATS[name] for name in OF_CLIENTS}
    assert format_problem(whole, [name for name in OF_CLIENTS if name != "in-toto"]) == ""


def test_formats_that_do_not_fit_a_record_are_rejected():
    client, server = record(), record(certified=None)

    assert "servers" in format_problem(client, ["json", "pytest"])
    assert "journal" in format_problem(client, ["in-toto"])
    assert "certification" in format_problem(server, ["certificate"])
    assert format_problem(server, ["pytest"]) == ""
