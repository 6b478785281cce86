"""A counterexample has a shell script that reproduces it with curl on a server of its own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from klarna_conformance import defaults
from klarna_conformance.play.counterexample_file import Counterexample
from klarna_conformance.play.curl_script import curl_script, save_script
from klarna_reports.record.record import TargetFacts
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Json, Key, Raw, Scenario, Step, Together, Wait
from klarna_strategies.steps import (
    capture,
    extend,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

from .conftest import COMMAND, Cli, Serve, Served

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
PATH = {"PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
RULE = "refund.replay-booked-once"
PLAN = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=(6_000,))
MOCK = TargetFacts(
    name="mock", base_url="http://mock", kind="mock", orders_url="http://mock/_control/orders"
)
POOL = TargetFacts(name="a pool", base_url="https://pool.example", kind="http")
SERVICE = TargetFacts(
    name="a service",
    base_url="https://shop.example",
    kind="http",
    orders_url="https://orders.example/new",
)
TWICE = (refund(100, key=Key("a")), refund(100, key=Key("a")))
MUCH: tuple[Step | Wait | Together, ...] = (
    extend(offered(0, plus=1), key=Key("a b", form="text")),
    capture(1_000, key=Key("0#1", form="number")),
    Together((refund(100, key=Key("x")), refund(100, key=Key("x", form="lower")))),
    get_refund(0),
    get_refund("unknown"),
    Wait(60),
    Step(operation="refundOrder", order="other", capture="other", body=Raw(text="it's \x1b {")),
    Step(operation="getOrder", order="unknown", credentials="other_case_password"),
    Step(operation="releaseRemainingAuthorization", credentials="second_header", chunked=True),
    Step(operation="refundOrder", body=Json({"description": "ä $HOME `id`"}), chunked=True),
    Step(operation="getOrder", order="malformed"),
)


def _saved(steps: Sequence[Step | Wait | Together], *, other: bool = False) -> Counterexample:
    scenario = Scenario(plan=PLAN, steps=tuple(steps), other=PLAN if other else None)
    return Counterexample(
        requirement=RULE,
        statement="It must be booked\nonce.",
        expected="one",
        observed="two \x1b[31m",
        mutant="replay-booked-again",
        scenario=scenario,
    )


def _run(path: Path, base_url: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "BASE_URL": base_url,
        "KLARNA_USERNAME": defaults.USERNAME,
        "KLARNA_PASSWORD": defaults.PASSWORD,
    }
    return _sh(path, environment=environment)


def _sh(*arguments: object, environment: dict[str, str] = PATH) -> subprocess.CompletedProcess[str]:
    command = ["sh", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def _script(path: Path, saved: Counterexample) -> Path:
    save_script(path, load(), MOCK, saved)
    return path


@needs_curl
def test_a_script_shows_that_a_mutant_books_a_refund_twice(
    serve_mock: Serve, tmp_path: Path
) -> None:
    mock = serve_mock("--mutant", "replay-booked-again")
    script = _script(tmp_path / "twice.sh", _saved(TWICE))
    for _ in range(2):  # with new keys, and a new order
        finished = _run(script, mock.base_url)
        statuses = re.findall(r"^\d-refundOrder -> (\d+)$", finished.stdout, re.MULTILINE)
        order = json.loads(finished.stdout.splitlines()[-1])

        assert (finished.returncode, finished.stderr, statuses) == (0, "", ["201", "201"])
        assert (order["refunded_amount"], len(order["refunds"])) == (200, 2)


@needs_curl
def test_a_script_sends_every_kind_of_step(served: Served, tmp_path: Path) -> None:
    finished = _run(_script(tmp_path / "much.sh", _saved(MUCH, other=True)), served.base_url)
    statuses = dict(re.findall(r"^([\w-]+) -> (.*)$", finished.stdout, re.MULTILINE))
    order = json.loads(finished.stdout.splitlines()[-3])

    assert (finished.returncode, finished.stderr) == (0, "")
    assert statuses == {
        "make-this-order": "201",
        "make-other-order": "201",
        "1-options": "200",
        "1-extendDueDate": "403",
        "2-captureOrder": "201",
        "3-a-refundOrder": "201",
        "3-b-refundOrder": "201",
        "4-getRefund": "200",
        "5-getRefund": "404",
        "6-clock": "200",
        "7-refundOrder": "400",
        "8-getOrder": "401",
        "9-releaseRemainingAuthorization": statuses["9-releaseRemainingAuthorization"],
        "10-refundOrder": "400",
        "11-getOrder": "404",
        "end-this-order": "200",
        "end-other-order": "200",
    }
    assert (order["captured_amount"], order["refunded_amount"]) == (7_000, 100)


@needs_curl
def test_printed_command_reproduces_a_violation_of_the_mock(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "a report"
    cli("run", "--requirement", RULE, "--mutant", "replay-booked-again", "--output", output)
    (finding, *_) = json.loads((output / "run.json").read_bytes())["findings"]
    finished = _sh("-c", finding["curl"])
    order = json.loads(finished.stdout.splitlines()[-1])

    assert (finished.returncode, finished.stderr) == (0, "")
    assert [each["refunded_amount"] for each in order["refunds"]] == [1_000, 1_000]
    for path in (output / "junit.xml", output / "report.html", *output.glob("*/*.yaml")):
        assert "curl --include" not in path.read_text()


@needs_curl
def test_script_of_concurrent_calls_ends_with_the_mock_that_it_started(tmp_path: Path) -> None:
    finished = _sh(_script(tmp_path / "race.sh", _saved([Together(TWICE)])))

    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.count("refundOrder -> 201") == 2


@needs_curl
def test_script_ends_where_its_mock_does_not_start(tmp_path: Path) -> None:
    saved = msgspec.structs.replace(_saved(TWICE), mutant="no-such-mutant")
    finished = _sh(_script(tmp_path / "wrong.sh", saved))

    assert finished.returncode != 0
    assert "no-such-mutant" in finished.stderr
    assert "make-this-order" not in finished.stdout


def test_a_script_has_no_secret_and_no_control_character() -> None:
    script = curl_script(load(), MOCK, _saved(MUCH, other=True))

    assert defaults.PASSWORD not in script
    assert [c for c in script if not c.isprintable() and c != "\n"] == []
    assert "klarna-conformance mock --mutant replay-booked-again" in script


def test_a_script_for_a_pool_says_which_order_it_needs() -> None:
    script = curl_script(load(), POOL, _saved(TWICE))

    assert (
        "# ORDER_ID is the id of an order of 100.00 SEK in SE (pay_later), captured 60.00 SEK, "
        "the rest open."
    ) in script
    assert ': "${CAPTURE_IDS:?the ids of its captures' in script


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
@pytest.mark.parametrize("facts", [MOCK, POOL, SERVICE], ids=lambda facts: facts.name)
def test_scripts_have_no_finding_of_shellcheck(facts: TargetFacts, tmp_path: Path) -> None:
    released = msgspec.structs.replace(PLAN, authorization="released")
    whole = _saved((*MUCH, get_order(), release()), other=True)
    scenario = msgspec.structs.replace(whole.scenario, plan=released)
    paths = [tmp_path / "much.sh", tmp_path / "twice.sh"]
    save_script(paths[0], load(), facts, msgspec.structs.replace(whole, scenario=scenario))
    save_script(paths[1], load(), facts, _saved(TWICE))
    checked = subprocess.run(
        ["shellcheck", "--shell=sh", *paths], check=False, capture_output=True, text=True
    )

    assert checked.stdout == ""
