"""`mutants --clients`: wrong clients are caught, harmless ones are not, and all is written down."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from klarna_conformance.campaign import clients as campaign
from klarna_conformance.campaign.choosing import choose_clients
from klarna_conformance.campaign.servers import Trial
from klarna_conformance.sharding import Shard

from ..conformance.conftest import Cli


def test_wrong_clients_are_detected_and_harmless_ones_are_not(cli: Cli, tmp_path: Path) -> None:
    wrong = ("--mutant", "client-no-key", "--mutant", "client-id-lost")
    done = cli(
        *("mutants", "--clients", *wrong, "--mutant", "client-reads-first", "--full"),
        *("--examples", 0, "--seed", 5, "--output", "matrix.json"),
    )

    matrix = json.loads((tmp_path / "matrix.json").read_text())
    trials = {trial["id"]: trial for trial in matrix["trials"]}
    caught = {name: set(trial["killed_by"]) for name, trial in trials.items()}
    assert (done.code, done.err) == (0, "")
    assert (matrix["seed"], matrix["examples"]) == (5, 0)
    assert {"client.once", "client.key-sent", "client.key-kept"} <= caught["client-no-key"]
    assert "client.refund-id" in caught["client-id-lost"]
    assert caught["client-reads-first"] == set()
    assert trials["client-id-lost"]["requests"] > 100
    assert "2 of 2 mutants killed, 0 false alarms on 1 harmless variants" in done.out


def test_a_detected_client_is_not_tested_further(cli: Cli, tmp_path: Path) -> None:
    assert cli("mutants", "--clients", "--mutant", "client-id-lost", "--examples", 0).code == 0

    trial = json.loads((tmp_path / "mutants.json").read_text())["trials"][0]
    assert (trial["requests"], trial["requests_to_kill"], trial["steps"]) == (1, 1, 1)


def test_a_survivor_is_named_and_fails_the_command(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def survived(*_: object) -> Iterable[Trial]:
        yield Trial(
            id="client-no-key",
            kind="clients",
            harmless=False,
            caught_by=("client.once",),
            killed_by={"client.key-sent": 1},
            requests=9,
            requests_to_kill=1,
            steps=None,
        )

    monkeypatch.setattr(campaign, "try_clients", survived)
    done = cli("mutants", "--clients", "--mutant", "client-no-key")

    assert done.code == 1
    assert "SURVIVED client-no-key: not detected by client.once" in done.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mutant", "client-nokey"), "there is no client 'client-nokey'; did you mean client-no"),
        (("--class", "bounds"), "--class cannot be used with --clients"),
        (("--max-requests", 5), "--max-requests cannot be used with --clients"),
        (("--shard", "0/2"), "0/2"),
        (
            ("--mutant", "client-no-key", "--output", "no/such/folder.json"),
            "choose another --output",
        ),
    ],
)
def test_invalid_options_are_refused_in_one_sentence(
    cli: Cli, options: tuple[object, ...], message: str
) -> None:
    done = cli("mutants", "--clients", "--examples", 0, *options)

    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_the_id_of_a_client_is_none_of_a_server(cli: Cli) -> None:
    assert cli("mutants", "--mutant", "client-no-key").code == 2


def test_shards_share_all_clients() -> None:
    parts = [choose_clients(ids=(), shard=Shard(number, 3)) for number in (1, 2, 3)]

    shared = sorted(mutant.id for part in parts for mutant in part)
    assert shared == sorted(mutant.id for mutant in choose_clients(ids=(), shard=None))
    assert len(set(shared)) == len(shared)
