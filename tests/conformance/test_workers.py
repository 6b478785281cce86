"""A run that several processes send comes to what one process would have come to."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.executors.workers import Workers
from klarna_conformance.limits import Limits
from klarna_conformance.run import portions
from klarna_conformance.target.budget import Budget, Used
from klarna_conformance.target.target import OpenTarget, OutOfBudget
from klarna_reports.record.journal import read_journal
from klarna_specs.spec import Spec

from .conftest import Cli
from .runs import findings_in

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0, "--max-requests", 150)
TWO = ("--workers", 2)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a short run is sent by several processes."""
    monkeypatch.setattr(portions, "_FEW", 1)


def _summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("mutant", [(), ("--mutant", "cancel-answered-302")])
def test_two_processes_find_what_one_finds(
    mutant: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    one = cli("run", *SMALL, *mutant, "--workers", 1, "--output", tmp_path / "one")
    two = cli("run", *SMALL, *mutant, *TWO, "--output", tmp_path / "two")

    assert two.code == one.code
    assert findings_in(tmp_path / "two") == findings_in(tmp_path / "one")
    for key in ("verdict", "scenarios", "exchanges"):
        assert _summary(tmp_path / "two")[key] == _summary(tmp_path / "one")[key]
    assert sorted(path.name for path in (tmp_path / "two").rglob("*.yaml")) == sorted(
        path.name for path in (tmp_path / "one").rglob("*.yaml")
    )


def test_request_budget_holds_for_all_processes_together(cli: Cli, tmp_path: Path) -> None:
    options = ("--max-requests", 60, *TWO, "--output", tmp_path)
    finished = cli("run", *SMALL, "--mutant", "cancel-answered-302", *options)

    assert finished.code in (1, 3)
    assert _summary(tmp_path)["requests_sent"] <= 60


def test_lent_parts_of_a_budget_never_exceed_it() -> None:
    budget = Budget(Limits(requests=30))
    first = budget.lend(20, alone=True)
    assert first is not None
    assert (first.requests, budget.lend(20, alone=False)) == (20, None)

    budget.repaid(first, Used(requests=15, money=0, refused=False))
    second = budget.lend(20, alone=True)
    assert second is not None
    assert second.requests == 15


def test_parts_with_a_ceiling_on_refunds_are_sent_alone() -> None:
    budget = Budget(Limits(refunded_amount=500))
    first = budget.lend(20, alone=True)
    assert first is not None
    assert (first.refunded_amount, budget.lend(20, alone=False)) == (500, None)

    budget.repaid(first, Used(requests=9, money=450, refused=False))
    second = budget.lend(20, alone=True)
    assert second is not None
    assert second.refunded_amount == 50


def test_part_of_a_lost_process_counts_as_used() -> None:
    budget = Budget(Limits(requests=30, refunded_amount=500))
    lent = budget.lend(20, alone=True)
    assert lent is not None

    budget.repaid(lent, None)
    assert budget.used == Used(requests=20, money=500, refused=False)


def test_nothing_is_sent_when_nobody_waits_any_more() -> None:
    with pytest.raises(OutOfBudget, match="the run has ended"):
        Budget(Limits(), ended=lambda: True).take(0)


def test_time_limit_ends_every_process(cli: Cli, tmp_path: Path) -> None:
    cli("plan", *SMALL)  # or there would be no time to plan
    finished = cli("run", *SMALL, *TWO, "--max-time", "1ms", "--output", tmp_path)
    assert (finished.code, _summary(tmp_path)["stopped"]) == (3, "the time is used up")


def _dying(spec: Spec, portion: int, sharing: int) -> OpenTarget:
    os._exit(9)


def test_process_that_ends_is_an_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(**options: Any) -> portions.Senders:
        return portions.Senders(**{**options, "opened": _dying})

    monkeypatch.setattr("klarna_conformance.run.starting.Senders", dying)
    finished = cli("run", *SMALL, *TWO, "--output", tmp_path)

    assert (finished.code, "a worker process ended unexpectedly" in finished.err) == (5, True)
    footer = read_journal(tmp_path / "journal.ndjson").footer
    assert footer.stopped == "a worker ended"


def test_processes_cannot_share_a_pool(
    cli: Cli, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    order = {"order_id": "o", "market": "SE", "order_amount": 100}
    (tmp_path / "orders.yaml").write_text(json.dumps({"orders": [order]}))
    file = target_file(orders={"provisioner": "pool", "file": "orders.yaml"})
    finished = cli("run", file, *TWO, "--output", tmp_path / "report")

    assert (finished.code, "--workers cannot be used with a pool" in finished.err) == (2, True)


@pytest.mark.parametrize("text", ["0", "65", "-1", "many", "dask://", "dask://host", "tcp://h:1"])
def test_wrong_workers_are_reported(text: str, cli: Cli) -> None:
    finished = cli("run", "--workers", text)
    assert (finished.code, "dask://HOST:PORT" in finished.err) == (2, True)


def test_targets_share_the_processes(cli: Cli, tmp_path: Path) -> None:
    finished = cli("run", "mock", "mock", *SMALL, "--workers", 4, "--output", tmp_path / "both")
    alone = cli("run", *SMALL, "--workers", 1, "--output", tmp_path / "alone")

    assert (finished.code, alone.code) == (0, 0)
    for name in ("mock", "mock-2"):
        assert findings_in(tmp_path / "both" / name) == findings_in(tmp_path / "alone")


@pytest.mark.parametrize(
    ("workers", "share"),
    [
        (Workers(processes=5), Workers(processes=2)),
        (Workers(processes=1), Workers(processes=1)),
        (Workers(scheduler="host:1"), Workers(scheduler="host:1")),
    ],
)
def test_two_targets_have_half_of_the_processes_each(workers: Workers, share: Workers) -> None:
    assert workers.shared(2) == share
