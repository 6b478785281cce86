"""What happens in a run, as values: the one language between engines and their consumers.

A run, a certification, watched traffic and a re-check are generators of these events. They come in
this order: `Planning` (only for those who show progress), `Started`, `Planned` (except for
traffic), then in any order `ScenarioFinished`, `CounterexampleFound`, `Excused` and `NotJudged`,
then `Stopped` where it ended early, and `Finished`. The journal, the terminal, the log of a CI job
and pytest consume them.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from klarna_conformance.errors import AdapterError, PreflightError, WorkerError
from klarna_conformance.play.counterexample_file import Counterexample
from klarna_reports.record.record import Finding, Footer, Header, Played, Unjudged
from klarna_specs.scenario import Scenario

__all__ = [
    "INTERRUPTED",
    "Consumer",
    "CounterexampleFound",
    "Event",
    "Excused",
    "Finished",
    "NotJudged",
    "Planned",
    "Planning",
    "ScenarioFinished",
    "Started",
    "Stopped",
    "ended",
]

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Started:
    """The target is ready, and the first scenario follows; `resumed` if the record exists."""

    header: Header
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Planning:
    """So many scenarios were generated or dry-run so far; how many follow is not known."""

    steps: int


@dataclass(frozen=True, slots=True)
class Planned:
    """How many scenarios there are; `scenarios` are recorded, so that a run can be resumed."""

    count: int
    scenarios: tuple[Scenario, ...] | None = None


@dataclass(frozen=True, slots=True)
class ScenarioFinished:
    """A scenario was sent and judged: one of the plan, or a probe that prepares it."""

    played: Played
    phase: Literal["preparing", "sending"] = "sending"


@dataclass(frozen=True, slots=True)
class CounterexampleFound:
    """A smaller scenario that shows a violation; `saved` is its file, for a server."""

    played: Played
    saved: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class Excused:
    """Requirements that do not apply, because a client never did what they are about."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Traffic that could not be judged, with the reasons."""

    traffic: tuple[Unjudged, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """It ends before everything was seen, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end, with the totals; the reason of `Stopped` is in the footer."""

    footer: Footer


Event = (
    Started
    | Planning
    | Planned
    | ScenarioFinished
    | CounterexampleFound
    | Excused
    | NotJudged
    | Stopped
    | Finished
)
Consumer = Callable[[Event], object]


async def ended(
    events: AsyncGenerator[Event], footer: Callable[[str], Footer]
) -> AsyncGenerator[Event]:
    """The events, and `Finished` after them, even if they end with an exception, which is raised.

    `footer` makes the footer from the reason of an early end, or from an empty text.
    """
    reason = ""
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Stopped):
                    reason = event.reason
                yield event
    except (Exception, asyncio.CancelledError) as exc:
        reason = _reason(exc)
        yield Stopped(reason)
        yield Finished(footer(reason))
        raise
    yield Finished(footer(reason))


def _reason(exc: BaseException) -> str:
    match exc:
        case asyncio.CancelledError():
            return INTERRUPTED
        case AdapterError():
            return "the adapter failed"
        case WorkerError():
            return "a worker ended"
        case PreflightError():
            return "the target cannot be used"
        case _:
            return "an internal error"
