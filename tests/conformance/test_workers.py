"""A run that several processes send comes to what one process would have come to."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.limits import Limits
from klarna_conformance.run import workers
from klarna_conformance.target.budget import Budget
from klarna_conformance.target.target import OpenTarget, OutOfBudget
from klarna_reports.record.journal import read_journal
from klarna_specs.spec import Spec

from .conftest import Cli

SMALL = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0, "--max-requests", 150)
TWO = ("--workers", 2)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a short run is sent by several processes."""
    monkeypatch.setattr(workers, "_FEW", 1)


def _summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


def _found(folder: Path) -> dict[str, Counter[tuple[str, str]]]:
    played = read_journal(folder / "journal.ndjson").played
    return {
        each.id: Counter((found.requirement, found.verdict) for found in each.findings)
        for each in played
        if not each.shrunk_from
    }


@pytest.mark.parametrize("mutant", [(), ("--mutant", "cancel-answered-302")])
def test_two_processes_find_what_one_finds(
    mutant: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    one = cli("run", *SMALL, *mutant, "--workers", 1, "--output", tmp_path / "one")
    two = cli("run", *SMALL, *mutant, *TWO, "--output", tmp_path / "two")

    assert two.code == one.code
    assert _found(tmp_path / "two") == _found(tmp_path / "one")
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


def test_shared_budget_counts_what_another_process_sent() -> None:
    budget = Budget(Limits(requests=3), shared=True)
    budget.use(2)
    budget.take(0)
    with pytest.raises(OutOfBudget):
        budget.take(0)
    assert (budget.sent, budget.refused) == (3, True)


def test_time_limit_ends_every_process(cli: Cli, tmp_path: Path) -> None:
    finished = cli("run", *SMALL, *TWO, "--max-time", "1ms", "--output", tmp_path)
    assert (finished.code, _summary(tmp_path)["stopped"]) == (3, "the time is used up")


def _dying(spec: Spec, portion: int) -> OpenTarget:
    os._exit(9)


def test_process_that_ends_is_an_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(workers.Workers):
        def __init__(self, count: int, _: object) -> None:
            super().__init__(count, _dying)

    monkeypatch.setattr("klarna_conformance.run.starting.Workers", Dying)
    finished = cli("run", *SMALL, *TWO, "--output", tmp_path)

    assert (finished.code, "a process of the run ended" in finished.err) == (5, True)
    footer = read_journal(tmp_path / "journal.ndjson").footer
    assert footer.stopped == "a process of the run ended"


def test_processes_cannot_share_a_pool(
    cli: Cli, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    order = {"order_id": "o", "market": "SE", "order_amount": 100}
    (tmp_path / "orders.yaml").write_text(json.dumps({"orders": [order]}))
    file = target_file(orders={"provisioner": "pool", "file": "orders.yaml"})
    finished = cli("run", file, *TWO, "--output", tmp_path / "report")

    assert (finished.code, "--workers cannot be used with a pool" in finished.err) == (2, True)
