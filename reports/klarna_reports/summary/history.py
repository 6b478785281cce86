"""The history of the runs into one folder: a line for each, and the last of them as a trend."""

from collections.abc import Sequence

import msgspec

from klarna_reports.record.results import Overall, Summary

__all__ = ["HISTORY", "PastRun", "history_text", "parsed_history", "past_run", "trend"]

HISTORY = "history.ndjson"
"""The name of the file."""
_KEPT = 200
_SHOWN = 20


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the history: what a run came to.

    `total` counts the binding requirements that apply, `met` those of them that passed; `failed`
    are the ids of violated requirements. `started_at` is ISO 8601 in UTC.

    >>> past_run(summary).failed
    ('refund.within-captured-amount',)
    """

    started_at: str
    verdict: Overall
    exit_code: int
    met: int
    total: int
    failed: tuple[str, ...] = ()


_LINES: msgspec.json.Decoder[PastRun] = msgspec.json.Decoder(PastRun)


def past_run(summary: Summary) -> PastRun:
    """The line of a run."""
    binding = [
        result
        for result in summary.requirements
        if result.level == "MUST" and result.verdict != "NOT_APPLICABLE"
    ]
    return PastRun(
        started_at=summary.started_at,
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        met=sum(result.verdict == "PASS" for result in binding),
        total=len(binding),
        failed=tuple(result.id for result in summary.requirements if result.verdict == "FAIL"),
    )


def parsed_history(text: str) -> tuple[PastRun, ...]:
    """The runs in the text of a history, oldest first; lines that cannot be read are left out."""
    runs: list[PastRun] = []
    for line in text.splitlines():
        try:
            runs.append(_LINES.decode(line))
        except msgspec.DecodeError:
            continue
    return tuple(runs)


def history_text(runs: Sequence[PastRun], summary: Summary) -> str:
    """The text of a history with one more run; a run that was resumed replaces its earlier line."""
    kept = [*_before(runs, summary), past_run(summary)][-_KEPT:]
    return "".join(f"{msgspec.json.encode(run).decode()}\n" for run in kept)


def trend(runs: Sequence[PastRun], summary: Summary) -> tuple[PastRun, ...]:
    """The last runs with as many requirements up to this one, oldest first; at most 20."""
    now = past_run(summary)
    alike = [run for run in _before(runs, summary) if run.total == now.total]
    return (*alike, now)[-_SHOWN:]


def _before(runs: Sequence[PastRun], summary: Summary) -> list[PastRun]:
    return [run for run in runs if run.started_at < summary.started_at]
