"""Servers that misbehave on the wire: a run ends in bounded time, and what was seen is judged."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.http import wire
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.wire import Tls, Wire
from klarna_conformance.play.counterexamples import Counterexample
from klarna_specs.scenario import Key, Scenario, Together
from klarna_strategies.steps import extend, get_order, get_refund, offered, refund, release

from .conftest import Finished
from .hostile import BEHAVIOURS, TLS_BEHAVIOURS, UNANSWERED, HostileServer
from .hostile_tls import authority
from .museum import FULL, PART
from .pages import active_parts
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
    "invalid-utf-8": "order.money-adds-up",
    "utf-16": "order.money-adds-up",
    "byte-order-mark": "order.money-adds-up",
    "nan": "order.money-adds-up",
    "deep": "order.money-adds-up",
    "huge-integer": "order.money-adds-up",
    "beyond-any-float": "order.money-adds-up",
    "script-everywhere": "order.money-adds-up",
    "length-too-short": "order.money-adds-up",
    "duplicate-members": "order.money-adds-up",
    "nearly-too-deep": "order.shows-what-happened",
    "location-of-script": "refund.location-leads-to-refund",
    "ids-that-climb": "refund.location-leads-to-refund",
    "two-locations": "refund.location-leads-to-refund",
    "unexpected-101": "order.answers",
    "redirect-elsewhere": "order.answers",
    "gzip-of-nothing-known": "order.answers",
    "gzip-cut-off": "order.answers",
    "gzip-five-times": "order.answers",
    "gzip-bomb": "order.answers",
    "gzip-bomb-in-gzip": "order.answers",
    "deflate-garbage": "order.answers",
    "brotli-garbage": "order.answers",
    "two-lengths": "order.answers",
    "nul-in-a-header": "order.answers",
    "ten-thousand-headers": "order.answers",
    "header-of-a-megabyte": "order.answers",
    "http-0.9": "order.answers",
    "asks-to-wait": "order.answers",
    **dict.fromkeys(UNANSWERED, "order.answers"),
}
"""What is violated first of all, where it is plain what that has to be."""


ORDERLY = {"invalid-utf-8", "script-everywhere"}
"""Those whose answer could be one to an order plan."""


def short_backoff() -> RateLimiter:
    """Backs off no longer than a test may take."""
    return RateLimiter(max_backoff_s=0.1)


@pytest.fixture(autouse=True)
def never_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine timeouts as short as these are noticed late, and would not be judged."""
    monkeypatch.setattr(wire, "_BLOCKED_S", 600.0)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_misbehaving_server_fails_and_leaves_a_report_that_runs_nothing(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(
        hostile(behaviour, orders=True), tmp_path, SCENARIOS, timeout_s=0.1, limiter=short_backoff()
    )
    failed = {r.id for r in summary.requirements if r.verdict == "FAIL"}
    written = json.loads((tmp_path / "run.json").read_text())

    assert (summary.verdict, summary.errors, written["exit_code"]) == ("NONCONFORMANT", (), 1)
    assert FIRST_SEEN.get(behaviour, next(iter(failed))) in failed
    assert active_parts((tmp_path / "report.html").read_text()) == []


@pytest.mark.parametrize("behaviour", TLS_BEHAVIOURS)
def test_a_server_whose_tls_cannot_be_trusted_is_asked_nothing(
    behaviour: str, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(ca))
    server = HostileServer(behaviour, orders=True)
    try:
        summary = run_on(
            server.base_url, tmp_path, SCENARIOS, wire=lambda: Wire(timeout_s=0.3, tls=Tls(ca=ca))
        )
    finally:
        server.close()

    assert (summary.verdict, summary.exit_code, summary.errors) == ("NOT FULLY VERIFIED", 4, ())
    assert [request for request in server.requests if request] == []


@pytest.mark.parametrize("behaviour", sorted({*BEHAVIOURS} - {*UNANSWERED, *ORDERLY}))
def test_a_server_on_which_no_order_can_be_had_is_not_fully_verified(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(hostile(behaviour), tmp_path, SCENARIOS[:1], limiter=short_backoff())

    assert (summary.verdict, summary.exit_code, summary.errors) == ("NOT FULLY VERIFIED", 4, ())


def test_a_redirect_is_told_and_not_followed(hostile: Callable[..., str], tmp_path: Path) -> None:
    summary = run_on(hostile("redirect-elsewhere", orders=True), tmp_path, SCENARIOS)
    told = {finding.observed for finding in summary.findings}

    assert "status 307, to 'http://elsewhere.invalid/steal', which was not followed" in told


@pytest.mark.parametrize(
    "behaviour",
    ["hundred-megabytes", "endless-and-fast", "gzip-bomb", "a-megabyte-of-text", "deep"],
)
def test_a_server_that_sends_a_lot_costs_little_memory(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    """Measured in a process of its own, which takes about 110 MB when answers are small."""
    file = _target_file(hostile(behaviour, orders=True), tmp_path, timeout="2s")
    steps = (refund(1, key=Key(f"{n}")) for n in range(10))
    example = Counterexample(
        requirement="refund.answers",
        statement="",
        expected="",
        observed="",
        scenario=Scenario(plan=FULL, steps=tuple(steps)),
    ).save(tmp_path)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from klarna_conformance.cli.main import main\n"
        "try:\n    main()\n"
        # Not ru_maxrss: that of a child begins with its parent's.
        "finally:\n    print(Path('/proc/self/status').read_text(), file=sys.stderr)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, "replay", example, "--target", file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", finished.stderr)
    assert (finished.returncode, int(peak) < 250_000) == (1, True)


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
        f"Error: no order is available: {base_url}/_control/orders answered 200, and no order\n",
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


def _target_file(base_url: str, folder: Path, *, timeout: str = "100ms") -> Path:
    target: dict[str, Any] = {
        "name": "hostile",
        "base_url": base_url,
        "credentials": {"username": "${HOSTILE_USER}", "password": "${HOSTILE_PASSWORD}"},
        "orders": {"provisioner": "http", "url": f"{base_url}/_control/orders"},
        "limits": {"timeout": timeout},
    }
    file = folder / "target.yaml"
    file.write_text(json.dumps(target))
    return file
