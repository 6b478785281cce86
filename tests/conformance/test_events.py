"""Engines are generators of events, in one order, whatever consumes them."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.errors import AdapterError
from klarna_conformance.run.events import Event, Finished, Planned, Started, Stopped, ended
from klarna_conformance.run.keeping import Keeper, collected, consume
from klarna_conformance.run.starting import Wanted, start_run
from klarna_conformance.traffic.rechecking import judged_again
from klarna_reports.record.record import Footer
from klarna_specs.goals import Scope

from .mutant_servers import spec

SCOPE = Scope(requirements=("release.fully-captured-refused",), markets=("SE",))
WANTED = Wanted(target="mock", scope=SCOPE, examples=0, max_requests=60)


def _footer(reason: str) -> Footer:
    return Footer(wall_s=1.0, requests_sent=0, stopped=reason)


def test_a_run_starts_is_planned_and_finishes_with_its_totals(tmp_path: Path) -> None:
    events: list[Event] = []
    keeper = Keeper(spec(), tmp_path)
    asyncio.run(consume(start_run(spec(), WANTED), events.append, keeper))
    record = keeper.record
    started, planned, *others, last = events
    header = msgspec.structs.replace(record.header, output="")  # the keeper adds its folder

    assert (started, last) == (Started(header), Finished(record.footer or _footer("")))
    assert isinstance(planned, Planned)
    assert (planned.count, record.plan and record.plan.scenarios) == (
        record.header.planned_scenarios,
        planned.scenarios,
    )
    assert len(others) == len(record.played)


def test_the_events_of_a_recheck_make_the_same_record(tmp_path: Path) -> None:
    keeper = Keeper(spec(), tmp_path)
    asyncio.run(consume(start_run(spec(), WANTED), keeper))
    record, again = keeper.record, collected(judged_again(spec(), keeper.record))

    assert (again.header, again.plan, again.footer) == (record.header, record.plan, record.footer)
    assert [each.id for each in again.played] == [each.id for each in record.played]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (asyncio.CancelledError(), "interrupted"),
        (AdapterError("it ended"), "the adapter failed"),
        (ValueError("a defect"), "an internal error"),
    ],
)
def test_an_exception_is_raised_after_the_last_event(error: BaseException, reason: str) -> None:
    async def failing() -> AsyncGenerator[Event]:
        yield Planned(1)
        raise error

    events: list[Event] = []
    with pytest.raises(type(error)):
        asyncio.run(consume(ended(failing(), _footer), events.append))

    assert events == [Planned(1), Stopped(reason), Finished(_footer(reason))]


def test_the_reason_of_an_early_end_is_in_the_footer() -> None:
    async def stopping() -> AsyncGenerator[Event]:
        yield Stopped("the time is up")

    events: list[Event] = []
    asyncio.run(consume(ended(stopping(), _footer), events.append))

    assert events[-1] == Finished(_footer("the time is up"))


def test_nothing_is_kept_of_a_run_that_ends_before_it_starts(tmp_path: Path) -> None:
    keeper = Keeper(spec(), tmp_path)
    keeper(Finished(_footer("interrupted")))

    assert (keeper.began, [*tmp_path.iterdir()]) == (False, [])
