"""What is still played with a client that left commands without an outcome."""

import msgspec

from klarna_conformance.certify.silence import Silence
from klarna_specs.client.faults import Errored, Refused
from klarna_specs.client.play import ClientScenario, Command, Episode, TimedOut
from klarna_specs.ledger import open_ledger
from klarna_strategies.clients.commands import one, options, refund

from .plays import ORDER, meeting

LEDGER = open_ledger(ORDER, "o", ("c",))
TIMED_OUT_AT = meeting(refund(1), Refused())


def scenario(command: Command) -> ClientScenario:
    return msgspec.structs.replace(one(ORDER, command), commands=(command,))


def silent(command: Command, wall_s: float) -> Silence:
    silence = Silence(most_s=80)
    silence.note(
        [
            Episode(
                command=command,
                order_id="o",
                capture_id=None,
                first=0,
                count=0,
                before=LEDGER,
                after=LEDGER,
                reported=TimedOut(wall_s),
                wall_s=wall_s,
            )
        ]
    )
    return silence


def test_after_a_timeout_the_same_faults_are_left_out() -> None:
    silence = silent(TIMED_OUT_AT, 60)

    assert silence.expects(scenario(meeting(refund(7), Refused())))
    assert not silence.expects(scenario(meeting(refund(1), Errored(503))))
    assert not silence.expects(scenario(refund(1)))


def test_an_operation_is_left_out_once_the_time_is_spent() -> None:
    silence = silent(TIMED_OUT_AT, 80)

    assert silence.expects(scenario(refund(1)))
    assert not silence.expects(scenario(options()))
