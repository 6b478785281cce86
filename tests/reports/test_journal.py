"""A journal is read back as it was written, however the run ended."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klarna_reports.errors import JournalError
from klarna_reports.record.journal import FILE_NAME, Journal, read_journal
from klarna_reports.record.record import (
    Excuses,
    Finding,
    Played,
    Record,
    Unjudged,
    UnjudgedTraffic,
)
from klarna_specs.scenario import Empty, Json, Key, Raw, Scenario, Step, Together, Wait

ANY_PLACE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
STEPS = st.builds(
    Step,
    operation=st.text(),
    capture=st.none() | st.integers() | st.just("unknown"),
    body=st.builds(Json, JSON) | st.builds(Raw, text=st.text()) | st.just(Empty()),
    key=st.none() | st.builds(Key, st.text(), st.just("text")),
)
ACTIONS = STEPS | st.builds(Wait, st.integers()) | st.builds(Together, st.tuples(STEPS, STEPS))
SCENARIOS = st.builds(Scenario, plan=st.none(), steps=st.lists(ACTIONS, max_size=3).map(tuple))


def written(directory, record):
    with Journal(directory) as journal:
        for line in (record.header, *record.played, *([record.footer] if record.footer else [])):
            journal.write(line)
    return journal.path


def test_a_record_is_read_back_as_it_was_written(tmp_path, record, played, all_goals_pass):
    whole = record(played(*all_goals_pass), played(identifier="s2"))
    assert read_journal(written(tmp_path, whole)) == whole


EXCUSE = Finding(requirement="client.once", verdict="NOT_APPLICABLE", exchange=0, observed="never")
BESIDE = Unjudged(request="GET /favicon.ico", reason="it is not a documented call on an order")


def test_what_belongs_to_no_scenario_is_read_back(tmp_path, record, played):
    with Journal(tmp_path) as journal:
        for line in (
            record().header,
            played(),
            Excuses(findings=(EXCUSE,)),
            UnjudgedTraffic(traffic=(BESIDE,)),
        ):
            journal.write(line)
    found = read_journal(journal.path)
    assert (found.excuses, found.unjudged, found.played) == ((EXCUSE,), (BESIDE,), (played(),))


def test_a_resumed_journal_keeps_what_belongs_to_no_scenario(tmp_path, record):
    with Journal(tmp_path) as journal:
        for line in (record().header, Excuses(findings=(EXCUSE,)), record().footer):
            journal.write(line)
    Journal(tmp_path, resume=True).close()
    found = read_journal(journal.path)
    assert (found.excuses, found.footer) == ((EXCUSE,), None)


OLDER_LINES = b"""\
{"line":"scenario","id":"excused","scenario":{"plan":null,"steps":[]},"orders":[],\
"unavailable":null,"exchanges":[],"findings":[{"requirement":"client.once","verdict":\
"NOT_APPLICABLE","exchange":0,"observed":"never"}],"shrunk_from":"","error":"","client":null,\
"unjudged":[]}
{"line":"scenario","id":"unjudged","scenario":{"plan":null,"steps":[]},"orders":[],\
"unavailable":null,"exchanges":[],"findings":[],"shrunk_from":"","error":"","client":null,\
"unjudged":[{"request":"GET /favicon.ico","reason":"it is not a documented call on an order",\
"count":1}]}
"""


def test_older_journals_that_wrote_these_as_scenarios_are_read(tmp_path, record):
    path = written(tmp_path, record(footer=None))
    path.write_bytes(path.read_bytes() + OLDER_LINES)
    found = read_journal(path)
    assert (found.excuses, found.unjudged, list(found.played)) == ((EXCUSE,), (BESIDE,), [])


@given(
    scenario=SCENARIOS,
    finding=st.from_type(Finding),
    identifier=st.text(),
)
@ANY_PLACE
def test_any_scenario_and_finding_is_read_back(tmp_path, record, scenario, finding, identifier):
    whole = record(Played(id=identifier, scenario=scenario, findings=(finding,)))
    assert read_journal(written(tmp_path, whole)) == whole


def test_a_lone_surrogate_is_read_back(tmp_path, record, played):
    whole = record(played(error="\ud800"))
    assert read_journal(written(tmp_path, whole)) == whole


def test_a_line_is_in_the_file_as_soon_as_it_is_written(tmp_path, record, played):
    journal = Journal(tmp_path)
    journal.write(record().header)
    journal.write(played())
    assert read_journal(journal.path).played == (played(),)
    journal.close()


def test_a_journal_without_footer_says_so(tmp_path, record, played):
    path = written(tmp_path, record(played(), footer=None))
    assert read_journal(path).footer is None


@given(data=st.data())
@ANY_PLACE
def test_a_killed_run_keeps_every_whole_line(tmp_path, record, played, data):
    whole = record(played(), played(identifier="s2"))
    path = written(tmp_path, whole)
    content = path.read_bytes()
    cut = data.draw(st.integers(content.index(b"\n") + 1, len(content)))
    path.write_bytes(content[:cut])
    found = read_journal(path)
    assert found.played == whole.played[: len(found.played)]
    assert len(found.played) >= content[:cut].count(b"\n") - 2
    assert found.footer in (None, whole.footer)


@pytest.mark.parametrize(
    ("number", "line"),
    [(2, b"{"), (2, b""), (3, b'{"line": "scenario"}'), (2, b'{"line": "verse"}'), (3, b"\xff")],
)
def test_a_broken_line_is_named_by_its_number(tmp_path, record, played, number, line):
    path = written(tmp_path, record(played(), played()))
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = line
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(JournalError, match=re.escape(f"{FILE_NAME}:{number}: ")):
        read_journal(path)


def test_a_scenario_after_the_footer_is_an_error(tmp_path, record, played):
    path = written(tmp_path, record(played()))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((*lines, lines[1])))
    with pytest.raises(JournalError, match=":4: expected a scenario"):
        read_journal(path)


def test_a_journal_of_another_format_is_not_read(tmp_path, record):
    path = written(tmp_path, record(format=99))
    with pytest.raises(JournalError, match="format 99"):
        read_journal(path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"a": 1}', "this is not the header"),
        (
            '{"line": "footer", "format": 1, "wall_s": 1, "requests_sent": 1}',
            "the first line of a journal must be its header",
        ),
    ],
)
def test_a_file_that_begins_without_a_header_is_no_journal(line, problem, tmp_path):
    path = tmp_path / FILE_NAME
    path.write_text(f"{line}\n")
    with pytest.raises(JournalError, match=f":1: {problem}"):
        read_journal(path)


@pytest.mark.parametrize(
    ("happens", "problem"),
    [
        (lambda path: path.unlink(), "the journal cannot be read: "),
        (lambda path: path.write_text("another\n"), "the journal changed while it was read"),
    ],
)
def test_a_journal_that_changes_after_it_was_opened_is_an_error(
    happens, problem, tmp_path, record, played
):
    path = written(tmp_path, record(played()))
    read = read_journal(path)
    happens(path)
    with pytest.raises(JournalError, match=problem):
        list(read.played)


@pytest.mark.parametrize("content", [b"", b'{"line": "head'])
def test_a_journal_without_a_whole_header_is_an_error(tmp_path, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(JournalError, match="no header"):
        read_journal(path)


def test_a_missing_journal_is_an_error(tmp_path):
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(tmp_path / FILE_NAME)


def test_a_new_journal_replaces_the_old_one(tmp_path, record, played):
    written(tmp_path, record(played()))
    assert read_journal(written(tmp_path, record())) == record()


@pytest.mark.parametrize("tail", [b"", b'{"line": "scen', b'{"line":"excuses","findings":[]}'])
def test_a_resumed_journal_continues_after_the_last_whole_line(tmp_path, record, played, tail):
    path = written(tmp_path, record(played(), footer=None))
    path.write_bytes(path.read_bytes() + tail)
    with Journal(tmp_path, resume=True) as journal:
        journal.write(played(identifier="s2"))
        journal.write(record().footer)
    assert read_journal(path) == record(played(), played(identifier="s2"))
    assert journal.record() == read_journal(path)


def test_a_resumed_journal_loses_its_old_footer(tmp_path, record, played):
    path = written(tmp_path, record(played()))
    Journal(tmp_path, resume=True).close()
    assert read_journal(path) == Record(header=record().header, played=(played(),), footer=None)
