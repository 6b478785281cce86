"""Every requirement of clients, in each of its cases, is shown right and wrong."""

from klarna_conformance.judge.client.checks import CHECKS
from klarna_specs.client.requirements import client_requirements

from .plays import SPEC
from .test_judging_resending import CASES as RESENDING
from .test_judging_sending import CASES as SENDING
from .test_judging_telling import CASES as TELLING

LISTED = client_requirements(SPEC)


def test_every_case_of_every_requirement_is_shown_right_and_wrong() -> None:
    shown = {(case.requirement, case.case) for case in (*RESENDING, *SENDING, *TELLING)}
    wanted = {
        (each.id, case)
        for each in LISTED
        for case in each.cases or ("seen",)
        if each.level != "INFO"
    }
    assert wanted - shown == set()


def test_every_requirement_has_its_check_and_every_check_its_requirement() -> None:
    assert set(CHECKS) == {each.check for each in LISTED}
