"""Whatever a right client meets nothing is held against it; what happens twice is always found."""

import uuid
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from klarna_specs.client.faults import (
    Cut,
    Errored,
    Fault,
    Redirected,
    Refused,
    Silent,
    Truncated,
    Twice,
)
from klarna_specs.client.play import ClientScenario, Command, RefusedIt, Reported
from klarna_specs.exchange import Response
from klarna_strategies.clients import client_scenarios

from .plays import SPEC, Course, Sent, done, refused, unknown

ATTEMPTS = 4


def key(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def is_unclear(fault: Fault | None) -> bool:
    """Whether a client that meets this fault cannot know whether the server carried it out."""
    failed = isinstance(fault, Errored) and fault.status >= 500
    return failed or isinstance(fault, Refused | Cut | Silent | Truncated | Redirected)


def is_clear(fault: Fault | None) -> bool:
    """Whether a client knows from the answer what became of its call."""
    waits = isinstance(fault, Errored) and fault.status == 429
    return not is_unclear(fault) and not waits


def rightly(course: Course, command: Command, number: int) -> None:
    """Retries unclear outcomes with one key, and reports what is known."""
    sent: list[Sent] = []
    unclear = False
    for attempt in range(ATTEMPTS):
        fault = command.fault(attempt)
        if isinstance(fault, Refused):
            continue
        sent.append(Sent(key=key(number), after_s=1))
        if is_clear(fault):
            break
        unclear = unclear or is_unclear(fault)
    clear = bool(sent) and is_clear(command.fault(attempt))

    def reported(answers: Sequence[Response]) -> Reported:
        if not clear:
            return unknown
        if answers[-1].is_success:
            return done(answers)
        return unknown if unclear else refused(answers)

    course.run(command, *sent, reports=reported)


@given(client_scenarios(SPEC))
def test_a_correct_client_violates_nothing_whatever_the_faults(scenario: ClientScenario) -> None:
    course = Course(*scenario.orders)
    for number, command in enumerate(scenario.commands, 1):
        rightly(course, command, number)

    against = [each for each in course.findings() if each.verdict in ("FAIL", "WARN")]
    assert against == []


@given(
    client_scenarios(SPEC, operations=["refundOrder"]),
    st.lists(st.sampled_from((None, key(1), key(2))), min_size=1, max_size=ATTEMPTS),
    st.sampled_from((done, unknown, RefusedIt())),
)
def test_a_double_refund_is_found_whatever_the_faults_and_outcome(
    scenario: ClientScenario, keys: list[str | None], reported: Reported
) -> None:
    (command, *_), orders = scenario.commands, scenario.orders
    course = Course(*orders).run(command, *(Sent(key=each) for each in keys), reports=reported)

    twice = any(isinstance(fault, Twice) for fault in command.faults)
    if not twice:
        expected = "FAIL" if course.refunds(command.order) > 1 else "PASS"
        assert course.verdicts("client.once") == {expected}
    if course.refunds(command.order) and isinstance(reported, RefusedIt):
        assert course.verdicts("client.refused-is-true") == {"FAIL"}
