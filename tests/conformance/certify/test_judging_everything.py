"""Every case of every client requirement has a client that passes and one that violates it."""

from klarna_conformance.judge.client.checks import CHECKS
from klarna_specs.client.requirements import client_requirements

from .plays import SPEC
from .test_judging_outcomes import CASES as OUTCOMES
from .test_judging_requests import CASES as REQUESTS
from .test_judging_retries import CASES as RETRIES

LISTED = client_requirements(SPEC)


def test_every_case_of_every_requirement_has_a_pass_and_a_violation() -> None:
    shown = {(case.requirement, case.case) for case in (*OUTCOMES, *REQUESTS, *RETRIES)}
    wanted = {
        (each.id, case)
        for each in LISTED
        for case in each.cases or ("seen",)
        if each.level != "INFO"
    }
    assert wanted - shown == set()


def test_checks_and_requirements_name_each_other() -> None:
    assert set(CHECKS) == {each.check for each in LISTED}
