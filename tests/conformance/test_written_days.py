"""Days of extension options that are written as texts or fractions are one violation only."""

from typing import Any

import pytest

from klarna_conformance.wrong.catalogue import Mutant
from klarna_conformance.wrong.examples.orders import FULL
from klarna_specs.scenario import Step
from klarna_strategies.steps import extend, get_options, offered

from .mutant_servers import answering, deviations, played


def _offering(*days: Any) -> Mutant:
    options = [{"amount": number, "number_of_days": each} for number, each in enumerate(days)]
    return answering("getOptionsForExtendDueDate", where="success", members={"options": options})


WRITTEN = [("2", "10"), ("2", 10), (2.0, 10.0)]


@pytest.mark.parametrize("days", WRITTEN)
@pytest.mark.parametrize(
    "steps",
    [(extend(offered(0)),), (extend(10),), (get_options(), get_options())],
    ids=["the first option", "another option", "two reads"],
)
def test_written_days_are_reported_once(days: tuple[Any, ...], steps: tuple[Step, ...]) -> None:
    assert deviations(_offering(*days), FULL, *steps) == {"options.body": "FAIL"}


def test_days_that_are_no_numbers_leave_the_offer_unknown() -> None:
    assert deviations(_offering("ten", 10), FULL, extend(2)) == {"options.body": "FAIL"}


@pytest.mark.parametrize("days", WRITTEN)
def test_days_not_among_the_written_ones_are_refused(days: tuple[Any, ...]) -> None:
    came = played(_offering(*days), FULL, extend(30))
    assert ("extension.offered-days-only", "FAIL") in {
        (found.requirement, found.verdict) for found in came.findings
    }


def test_other_days_at_a_second_read_are_named_as_numbers() -> None:
    changed = answering(
        "getOptionsForExtendDueDate",
        from_nth=2,
        where="success",
        members={"options": [{"amount": 0, "number_of_days": "14"}]},
    )
    found = played(changed, FULL, get_options(), get_options()).findings
    (stable,) = (each for each in found if each.requirement == "options.stable" and each.observed)
    assert (stable.expected, stable.observed) == ("the days [2, 10, 30] again", "the days [14]")
