"""Budgets of requests, time and money are kept, and what they leave out is not green."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.http.wire import Wire
from klarna_conformance.limits import Limits
from klarna_conformance.target.budget import Budget, BudgetedTarget
from klarna_conformance.target.http_target import HttpTarget
from klarna_conformance.target.target import OutOfBudget
from klarna_reports.record.record import TargetFacts
from klarna_specs.exchange import Request

from .conftest import Cli, Finished, Serve, Served
from .listeners import Listener, response

SMALL = ("--operation", "releaseRemainingAuthorization", "--market", "SE", "--examples", 0)


def _run(
    cli: Cli, target: object, folder: Path, *options: object
) -> tuple[Finished, dict[str, Any]]:
    finished = cli("run", target, *SMALL, *options, "--no-shrink", "--output", folder / "report")
    return finished, json.loads((folder / "report" / "run.json").read_text())


@pytest.mark.parametrize("budget", [1, 7, 30])
def test_a_run_never_exceeds_its_request_budget(
    budget: int, cli: Cli, served: Served, tmp_path: Path
) -> None:
    before = len(served.client.get("/_control/exchanges").json())
    finished, summary = _run(cli, served.base_url, tmp_path, "--max-requests", budget)
    preflight = 1
    sent = len(served.client.get("/_control/exchanges").json()) - before

    assert sent <= budget + preflight
    assert summary["requests_sent"] <= budget
    assert (finished.code, summary["verdict"]) == (3, "NOT FULLY VERIFIED")


def test_shrinking_counts_towards_the_request_budget(cli: Cli, tmp_path: Path) -> None:
    options = ("--mutant", "replay-booked-again", "--max-requests", 150)
    cli("run", *options, "--output", tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "run.json").read_text())

    assert summary["requests_sent"] == 150


def test_read_retries_end_with_the_request_budget() -> None:
    async def go() -> None:
        target = HttpTarget(
            facts=TargetFacts(name="t", base_url=server.base_url, kind="http"),
            username="merchant-1",
            password="s3cret-1",
            wire=Wire(),
            limits=Limits(settle_s=20),
        )
        async with target:
            budgeted = BudgetedTarget(target, Budget(Limits(requests=3)))
            read = Request(method="GET", path="/")
            with pytest.raises(OutOfBudget):
                await budgeted.send(read, agrees=lambda _: False)

    with Listener(lambda *_: response("200 OK")) as server:
        asyncio.run(go())
    assert len(server.requests) == 3


def test_a_request_budget_of_the_target_file_applies(
    cli: Cli, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    finished, summary = _run(cli, target_file(limits={"requests": 30}), tmp_path)

    assert (finished.code, summary["requests_sent"] <= 30) == (3, True)


def test_no_scenario_starts_after_the_time_limit(cli: Cli, served: Served, tmp_path: Path) -> None:
    cli("plan", served.base_url, *SMALL)
    finished, summary = _run(cli, served.base_url, tmp_path, "--max-time", "1ms")

    assert (finished.code, summary["stopped"], summary["exchanges"]) == (
        3,
        "the time is used up",
        0,
    )


def test_planning_that_exceeds_the_time_limit_ends_the_run(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "report"
    finished = cli(
        "run", *SMALL, "--seed", 7, "--no-cache", "--max-time", "1ms", "--output", output
    )

    assert (finished.code, "the time limit of 0.001 s" in finished.err) == (3, True)
    assert not (output / "journal.ndjson").exists()


def test_time_limit_counts_from_the_start_of_the_command() -> None:
    budget = Budget(Limits(time_s=60), began_s=time.monotonic() - 61)
    assert budget.spent == "the time is used up"


def test_a_run_never_refunds_more_than_its_limit(
    cli: Cli, serve_mock: Serve, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    served = serve_mock()
    target = target_file(served.base_url, limits={"refunded_amount": 25_000})
    few = ("--requirement", "refund.accepted", "--max-requests", 200, "--no-shrink")
    output = tmp_path / "report"
    finished = cli("run", target, *few, "--output", output)
    summary = json.loads((output / "run.json").read_text())
    exchanges = served.client.get("/_control/exchanges").json()
    refunded = sum(
        json.loads(each["request"]["body"]["text"])["refunded_amount"]
        for each in exchanges
        if each["request"]["path"].endswith("/refunds") and each["outcome"]["status"] == 201
    )

    assert 0 < refunded <= 25_000
    assert finished.code == 3
    assert any("ceiling on refunds" in each["reason"] for each in summary["requirements"])


def test_a_budget_that_runs_out_causes_no_failure(cli: Cli, served: Served, tmp_path: Path) -> None:
    for budget in (11, 13, 15):
        _, summary = _run(cli, served.base_url, tmp_path, "--max-requests", budget)
        assert [r["id"] for r in summary["requirements"] if r["verdict"] == "FAIL"] == []


@pytest.mark.parametrize(
    ("option", "value"), [("--max-time", "soon"), ("--rate", "fast"), ("--rate", "0/s")]
)
def test_an_invalid_limit_is_a_usage_error(option: str, value: str, cli: Cli) -> None:
    finished = cli("run", option, value)

    assert (finished.code, value in finished.err) == (2, True)
