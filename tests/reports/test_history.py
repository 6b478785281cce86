"""The history of runs: a line each, at most 200, and the last twenty as a trend."""

import msgspec

from klarna_reports.summary.history import history_text, parsed_history, past_run, trend
from klarna_reports.summary.resuming import resume_line
from klarna_reports.summary.summary import summarise


def test_a_history_keeps_200_runs_and_shows_20(spec, record):
    summary = summarise(spec, record())
    text = ""
    for second in range(205):
        at = f"2026-01-01T00:{second // 60:02}:{second % 60:02}+00:00"
        now = msgspec.structs.replace(summary, started_at=at)
        text = history_text(parsed_history(text), now)
    runs = parsed_history(text)

    assert (len(runs), runs[-1]) == (200, past_run(now))
    assert trend(runs, now) == runs[-20:]


def test_a_trend_has_runs_with_as_many_requirements_only(spec, record):
    summary = summarise(spec, record())
    binding = [result for result in summary.requirements if result.level == "MUST"]
    fewer = msgspec.structs.replace(
        summary, requirements=tuple(binding[1:]), started_at="2020-01-01T00:00:00+00:00"
    )
    later = msgspec.structs.replace(summary, started_at="2027-01-01T00:00:00+00:00")
    runs = parsed_history(history_text((past_run(fewer),), summary))

    assert trend(runs, later) == (past_run(summary), past_run(later))


def test_a_resumed_run_replaces_its_line_and_unreadable_lines_are_left_out(spec, record):
    summary = summarise(spec, record())
    once = history_text((), summary)
    again = history_text(parsed_history(f"{once}garbage\n"), summary)

    assert again == once


def test_the_command_that_completes_a_run_lacks_the_limit_that_ended_it():
    timed = "klarna-conformance run --max-time 5m --max-requests 9 --strict"
    command = "klarna-conformance run 'a b.yaml' --max-requests=9 --strict --resume"
    used_up = "the budget of requests is used up"
    too_small = "the budget of requests is too small to see every requirement"

    assert resume_line(command, used_up) == "klarna-conformance run 'a b.yaml' --strict --resume"
    assert resume_line(command, too_small) == "klarna-conformance run 'a b.yaml' --strict"
    assert resume_line(command.replace("run", "--no-defaults run"), used_up) == (
        "klarna-conformance --no-defaults run 'a b.yaml' --strict --resume"
    )
    assert resume_line(timed, "the time is used up") == (
        "klarna-conformance run --max-requests 9 --strict --resume"
    )
    assert resume_line(timed, "the target stopped responding") == f"{timed} --resume"
    assert resume_line(command, "") == ""
    assert resume_line("pytest --klarna-target x", used_up) == ""
