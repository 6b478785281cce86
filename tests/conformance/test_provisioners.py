"""Provisioners: a pool, a program and a customer token, each with real processes."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.errors import UsageError
from klarna_conformance.http.wire import Wire
from klarna_conformance.target.provisioners import CommandProvisioner, PoolProvisioner
from klarna_conformance.target.provisioners.http import HttpProvisioner
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_reports.record.record import ProvidedOrder, Unavailable
from klarna_specs.plan import OrderPlan

from .certify.processes import is_running
from .conftest import Cli, Served
from .mutant_servers import spec

EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = ("--requirement", "cancel.captured-refused", "--market", "SE", "--examples", 0)
CANCELLED = OrderPlan(market="SE", currency="SEK", order_amount=10_000, authorization="cancelled")


def _provided(
    script: str, *plans: OrderPlan, timeout_s: float = 10.0
) -> list[ProvidedOrder | Unavailable]:
    async def provision() -> list[ProvidedOrder | Unavailable]:
        provisioner = CommandProvisioner([sys.executable, "-c", script], timeout_s=timeout_s)
        try:
            return list(await asyncio.gather(*map(provisioner.provide, plans)))
        finally:
            await provisioner.aclose()

    return asyncio.run(provision())


ECHO = """
import json, sys
for number, line in enumerate(sys.stdin):
    plan = json.loads(line)
    answer = {"order_id": f"o{number}", "capture_ids": [str(a) for a in plan["captures"]]}
    print(json.dumps(answer), flush=True)
"""


def test_a_program_receives_plans_one_after_the_other() -> None:
    made = _provided(ECHO, FULL, PART)
    assert [
        (each.order_id, each.capture_ids) for each in made if isinstance(each, ProvidedOrder)
    ] == [("o0", ("10000",)), ("o1", ("6000",))]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no sandbox today')", "ended with exit code 1. no sandbox today"),
        ("print('hello', flush=True); input(); input()", "answered 'hello', and no order"),
        ("print('{}', flush=True); input(); input()", "made no order: its answer has no order_id"),
        ("""input(); print('{"unavailable": "sold out"}', flush=True); input()""", "sold out"),
        ("print('x' * 2_000_000, flush=True)", "cannot be used"),
        ("import time; time.sleep(60)", "gave no answer within 0.5 s"),
        ("print('half', end='', flush=True)", "ended with exit code 0"),
    ],
)
def test_a_failing_program_makes_the_order_unavailable(script: str, message: str) -> None:
    (made,) = _provided(script, FULL, timeout_s=0.5 if "sleep" in script else 10.0)
    assert isinstance(made, Unavailable)
    assert message in made.reason


def test_a_missing_program_makes_the_order_unavailable() -> None:
    async def provision() -> ProvidedOrder | Unavailable:
        return await CommandProvisioner(["/nowhere/orders"], timeout_s=5).provide(FULL)

    made = asyncio.run(provision())
    assert isinstance(made, Unavailable)
    assert "/nowhere/orders cannot be used" in made.reason


def test_a_program_and_its_children_end_with_the_run(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
input(); print('{{"order_id": "o"}}', flush=True)
time.sleep(600)
"""
    _provided(script, FULL)
    started = pids.read_text().split()
    until = time.monotonic() + 30
    while any(map(is_running, started)) and time.monotonic() < until:
        time.sleep(0.01)
    assert len(started) == 2
    assert [pid for pid in started if is_running(pid)] == []


def _pool(folder: Path, *orders: dict[str, Any]) -> Path:
    path = folder / "orders.yaml"
    listed = [{"market": "SE", "order_amount": 10_000, **order} for order in orders]
    path.write_text(json.dumps({"orders": listed}))
    return path


def test_a_pool_order_is_used_once_across_runs(tmp_path: Path) -> None:
    path = _pool(tmp_path, {"order_id": "a"}, {"order_id": "b"})
    made = [asyncio.run(PoolProvisioner(path, spec()).provide(plan)) for plan in (FULL, PART, FULL)]
    assert [getattr(each, "order_id", None) for each in made] == ["a", "b", None]


def test_a_pool_order_serves_every_plan_that_it_can_still_fulfil(tmp_path: Path) -> None:
    captured = [{"capture_id": "c", "captured_amount": 6_000}]
    path = _pool(tmp_path, {"order_id": "part", "captures": captured}, {"order_id": "open"})
    made = [
        asyncio.run(PoolProvisioner(path, spec()).provide(plan)) for plan in (FULL, PART, CANCELLED)
    ]
    assert [getattr(each, "order_id", None) for each in made] == ["open", "part", None]
    assert isinstance(made[2], Unavailable)
    assert "no unused order of 10000 minor units in SE" in made[2].reason


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"order_id": "a", "market": "XX"}, "there is no market 'XX'"),
        ({"order_id": "a", "amount": 1}, "'amount' is unknown"),
        ({"order_id": "a", "order_amount": 0}, "at least 1"),
    ],
)
def test_an_error_in_a_pool_file_names_the_line(
    order: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=rf"orders\.yaml:1: .*{message}"):
        PoolProvisioner(_pool(tmp_path, order), spec())


def test_an_order_that_a_pool_lists_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'a' is listed twice"):
        PoolProvisioner(_pool(tmp_path, {"order_id": "a"}, {"order_id": "a"}), spec())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_TOKEN", "token-4711-abc")


def test_a_run_with_the_example_program_is_conformant(
    cli: Cli, served: Served, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    command = [sys.executable, str(EXAMPLES / "make_orders.py"), served.base_url]
    file = target_file(orders={"provisioner": "command", "command": command})
    assert cli("run", file, *FEW, "--output", tmp_path / "report").code == 0


def test_reason_of_a_service_that_makes_no_order_is_quoted(served: Served) -> None:
    async def provision() -> ProvidedOrder | Unavailable:
        provisioner = HttpProvisioner(f"{served.base_url}/_control/clock", Wire())
        try:
            return await provisioner.provide(FULL)
        finally:
            await provisioner.aclose()

    made = asyncio.run(provision())
    assert isinstance(made, Unavailable)
    assert "made no order: status 400" in made.reason
    assert "advance_s" in made.reason


@pytest.mark.parametrize(
    "orders",
    [
        {"provisioner": "command", "command": [sys.executable, "-c", "raise SystemExit('closed')"]},
        {"provisioner": "http", "url": "http://127.0.0.1:1/orders"},
    ],
    ids=["command", "http"],
)
def test_unreachable_provisioner_ends_a_run_and_keeps_the_last_report(
    cli: Cli,
    served: Served,
    target_file: Callable[..., Path],
    tmp_path: Path,
    orders: dict[str, Any],
) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.html").write_text("the last report")
    finished = cli("run", target_file(orders=orders), *FEW, "--output", folder)

    assert (finished.code, "no order can be provisioned" in finished.err) == (4, True)
    assert [path.name for path in folder.iterdir()] == ["report.html"]


def test_provisioner_that_fails_later_stops_the_run(
    cli: Cli, served: Served, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    script = (EXAMPLES / "make_orders.py").read_text().replace("in sys.stdin", "in [input()]")
    (tmp_path / "once.py").write_text(script)
    command = [sys.executable, str(tmp_path / "once.py"), served.base_url]
    file = target_file(orders={"provisioner": "command", "command": command})
    finished = cli("run", file, "--operation", "getOrder", "--output", tmp_path / "report")

    assert (finished.code, "no order in 2" in finished.out) == (3, True)


def test_a_run_with_a_customer_token_records_no_token(
    cli: Cli, served: Served, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    orders = {"provisioner": "customer_token", "token": "${SANDBOX_TOKEN}", "market": "SE"}
    file = target_file(orders=orders)
    finished = cli("run", file, *FEW, "--output", tmp_path / "report")
    written = b"".join(p.read_bytes() for p in (tmp_path / "report").rglob("*") if p.is_file())

    assert (finished.code, b"token-4711" in written) == (0, False)


def test_a_run_with_a_pool_makes_missing_captures(
    cli: Cli, served: Served, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    made = [served.order(captures=[]) for _ in range(60)]
    _pool(tmp_path, *({"order_id": order["order_id"]} for order in made))
    file = target_file(orders={"provisioner": "pool", "file": "orders.yaml"})
    finished = cli("run", file, *FEW, "--output", tmp_path / "report")

    assert finished.code == 0
    used = (tmp_path / "orders.yaml.used").read_text().split()
    assert 0 < len(used) < 60
    assert len(set(used)) == len(used)


def test_goals_without_a_pool_order_are_not_run(
    cli: Cli, served: Served, target_file: Callable[..., Path], tmp_path: Path
) -> None:
    _pool(tmp_path, {"order_id": served.order(captures=[])["order_id"]})
    file = target_file(orders={"provisioner": "pool", "file": "orders.yaml"})
    finished = cli("run", file, "--operation", "cancelOrder", *FEW[2:])

    assert (finished.code, "the pool has no unused order" in finished.out) == (3, True)


def test_the_examples_are_valid_target_files(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from klarna_conformance.target.target_file import read_target

    for name in ("KLARNA_USERNAME", "KLARNA_PASSWORD", "KLARNA_TOKEN"):
        monkeypatch.setenv(name, "told")
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:8080")
    files = sorted(p for p in EXAMPLES.glob("*.yaml") if p.name != "orders.yaml")
    assert [read_target(path).base_url for path in files] == ["http://127.0.0.1:8080"] * 3
    assert os.fspath(EXAMPLES / "orders.yaml") in {
        getattr(read_target(path).orders, "file", "") for path in files
    }
