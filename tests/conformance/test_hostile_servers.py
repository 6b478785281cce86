"""Servers that misbehave on the wire: a run ends in bounded time, and what was seen is judged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_specs.scenario import Key, Scenario, Together
from klarna_strategies.steps import extend, get_order, get_refund, offered, refund, release

from .conftest import Finished
from .hostile import BEHAVIOURS
from .museum import FULL, PART
from .runs import run_on

KEYED = refund(1_000, key=Key("first"))
SCENARIOS = (
    Scenario(plan=FULL, steps=(KEYED, KEYED, get_refund(), get_order())),
    Scenario(plan=FULL, steps=(extend(offered(0)), refund(10_001))),
    Scenario(plan=PART, steps=(Together((release(), KEYED)),)),
    Scenario(plan=FULL, steps=(get_order(order="unknown"),)),
)
FIRST_SEEN = {
    "html": "order.money-adds-up",
    "not-found": "order.answered",
    "odd-json": "order.shows-what-happened",
    "odd-header": "order.money-adds-up",
}
"""What the first read of an order fails, where it does not fail to be answered."""


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_misbehaving_server_fails_what_its_first_answers_are_judged_by(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(hostile(behaviour, orders=True), tmp_path, SCENARIOS, timeout_s=0.1)
    failed = {r.id for r in summary.requirements if r.verdict == "FAIL"}
    first_seen = FIRST_SEEN.get(behaviour, "order.answers")

    assert (summary.verdict, summary.errors, first_seen in failed) == ("NONCONFORMANT", (), True)


@pytest.mark.parametrize("behaviour", sorted({*BEHAVIOURS} - {"silent", "endless"}))
def test_a_server_on_which_no_order_can_be_had_is_not_fully_verified(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(hostile(behaviour), tmp_path, SCENARIOS)

    assert (summary.verdict, summary.exit_code, summary.errors) == ("NOT FULLY VERIFIED", 4, ())


def test_the_command_line_ends_on_bodies_without_an_end_and_without_a_traceback(
    hostile: Callable[..., str], cli: Callable[..., Finished], tmp_path: Path
) -> None:
    file = _target_file(hostile("endless", orders=True), tmp_path)
    options = ("--market", "SE", "--examples", 0, "--max-requests", 30, "--no-shrink")

    finished = cli("run", file, *options, "--quiet")

    assert (finished.code, finished.err) == (1, "")


def test_a_server_that_never_answers_is_unreachable(
    hostile: Callable[..., str], cli: Callable[..., Finished], tmp_path: Path
) -> None:
    base_url = hostile("silent")
    finished = cli("doctor", _target_file(base_url, tmp_path))

    assert (finished.code, finished.err.startswith(f"Error: {base_url} cannot be reached")) == (
        4,
        True,
    )


def test_doctor_tells_a_server_that_makes_no_orders(
    hostile: Callable[..., str], cli: Callable[..., Finished]
) -> None:
    base_url = hostile("html")
    finished = cli("doctor", base_url)

    assert (finished.code, finished.err) == (
        4,
        f"Error: no order can be had: {base_url}/_control/orders answered 200, and no order\n",
    )


def test_how_a_server_failed_to_answer_is_in_the_record(
    hostile: Callable[..., str], tmp_path: Path
) -> None:
    run_on(hostile("cut-off", orders=True), tmp_path, SCENARIOS)
    lines = (tmp_path / "journal.ndjson").read_text().splitlines()
    kinds = {
        exchange["outcome"].get("kind")
        for line in map(json.loads, lines)
        for exchange in line.get("exchanges", ())
        if exchange.get("purpose") == "scene"
    }

    assert kinds == {"protocol"}


def test_a_body_of_ten_megabytes_is_kept_only_in_part(
    hostile: Callable[..., str], tmp_path: Path
) -> None:
    run_on(hostile("huge", orders=True), tmp_path, SCENARIOS)

    assert (tmp_path / "journal.ndjson").stat().st_size < 1_000_000


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTILE_USER", "merchant")
    monkeypatch.setenv("HOSTILE_PASSWORD", "correct horse")


def _target_file(base_url: str, folder: Path) -> Path:
    target: dict[str, Any] = {
        "name": "hostile",
        "base_url": base_url,
        "credentials": {"username": "${HOSTILE_USER}", "password": "${HOSTILE_PASSWORD}"},
        "orders": {"provisioner": "http", "url": f"{base_url}/_control/orders"},
        "limits": {"timeout": "100ms"},
    }
    file = folder / "target.yaml"
    file.write_text(json.dumps(target))
    return file
