"""Clients whose requests the network delivers twice, and findings within a scope of few faults."""

from typing import Literal

import pytest

from klarna_specs import load
from klarna_specs.client.faults import FAULT_KINDS, FAULTS, Twice
from klarna_specs.client.play import Command, Done, RefusedIt
from klarna_specs.client.requirements import client_spec
from klarna_strategies.clients.commands import extension, refund, release

from .plays import K1, PARTLY, Course, Sent, meeting


@pytest.mark.parametrize("command", [extension(), refund(1)], ids=["extension", "refund"])
def test_a_duplicate_of_the_network_without_a_key_is_no_second_command(command: Command) -> None:
    course = Course().run(meeting(command, Twice()), Sent(key=None))
    assert course.verdicts("client.once") == {"PASS"}


@pytest.mark.parametrize("key", [K1, None], ids=["with-key", "keyless"])
def test_two_extensions_by_the_client_are_done_twice(key: str | None) -> None:
    twice = Course().run(extension(), Sent(key=key), Sent(key="other" if key else None))
    assert twice.verdicts("client.once") == {"FAIL"}


@pytest.mark.parametrize(("answer", "verdict"), [("first", "FAIL"), ("second", "PASS")])
def test_the_refusal_of_a_duplicate_may_be_reported(
    answer: Literal["first", "second"], verdict: str
) -> None:
    met = meeting(release(), Twice(answer))
    course = Course(PARTLY).run(met, Sent(key=None), reports=RefusedIt())
    assert ("client.refused-is-true" in course.against()) == (verdict == "FAIL")


@pytest.mark.parametrize("kind", FAULT_KINDS)
@pytest.mark.parametrize("reported", [Done(refund_id="made up"), RefusedIt()], ids=["done", "no"])
def test_what_is_found_with_one_kind_of_fault_is_in_its_scope(
    kind: str, reported: Done | RefusedIt
) -> None:
    scope = {each.id for each in client_spec(load(), faults=(kind,)).requirements}
    for fault in FAULTS[kind]:
        course = Course().run(meeting(refund(1), fault), Sent(), reports=reported)
        assert course.against() <= scope
