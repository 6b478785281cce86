"""Recordings of which a part was cut or left out, and what else stands between two parties."""

from pathlib import Path

from .judged_recordings import checked
from .recorded_calls import CAPTURED, lost, read, refund, refunded, REFUND

KEYS = [f"{n}0000000-0000-4000-8000-000000000001" for n in range(3)]


def test_faults_of_the_client_and_of_the_server_are_two_causes(tmp_path: Path) -> None:
    entries = [
        read(**CAPTURED),
        lost(refund(500), status=500, key=KEYS[0]),
        lost(refund(500), status=500, key=KEYS[1]),
        {**refund(500), "key": KEYS[2]},
        refunded((REFUND, 500)),
    ]
    causes = checked(tmp_path, entries, side="both").causes
    roots = {cause.root: cause.requirements for cause in causes}

    assert roots.keys() >= {"refund.no-server-error", "client.key-kept"}
