"""Every case of every client requirement has a client that passes and one that violates it."""

import pytest

from klarna_conformance.judge.client.checks import CHECKS
from klarna_specs.checks import CLIENT_CHECKS

from .plays import SPEC, Case
from .test_judging_outcomes import CASES as OUTCOMES
from .test_judging_requests import CASES as REQUESTS
from .test_judging_retries import CASES as RETRIES

LISTED = SPEC.client_requirements
CASES = (*OUTCOMES, *REQUESTS, *RETRIES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.requirement}-{case.case}")
def test_the_correct_client_passes_and_the_wrong_one_does_not(case: Case) -> None:
    case.check()


def test_every_case_of_every_requirement_has_a_pass_and_a_violation() -> None:
    shown = {(case.requirement, case.case) for case in CASES}
    wanted = {
        (each.id, case)
        for each in LISTED
        for case in each.cases or ("seen",)
        if each.level != "INFO"
    }
    assert wanted - shown == set()


def test_checks_and_requirements_name_each_other() -> None:
    assert set(CHECKS) == CLIENT_CHECKS == {each.check for each in LISTED}
