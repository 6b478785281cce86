"""Servers that misbehave on the wire: a run ends in bounded time, and its exchanges are judged."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.errors import PreflightError
from klarna_conformance.http import wire
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.wire import Tls, Wire
from klarna_conformance.play.counterexamples import Counterexample
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_specs.scenario import Key, Scenario, Together
from klarna_strategies.steps import extend, get_order, get_refund, offered, refund, release

from ..conformance.conftest import Cli
from ..conformance.hostile import BEHAVIOURS, TLS_BEHAVIOURS, UNANSWERED, HostileServer
from ..conformance.hostile_tls import authority
from ..conformance.pages import active_parts
from ..conformance.runs import run_on

KEYED = refund(1_000, key=Key("first"))
SCENARIOS = (
    Scenario(plan=FULL, steps=(KEYED, KEYED, get_refund(), get_order())),
    Scenario(plan=FULL, steps=(extend(offered(0)), refund(10_001))),
    Scenario(plan=PART, steps=(Together((release(), KEYED)),)),
    Scenario(plan=FULL, steps=(get_order(order="unknown"),)),
)
_READ = ("html", "odd-header", "invalid-utf-8", "utf-16", "byte-order-mark", "nan", "deep")
_MORE_READ = ("huge-integer", "beyond-any-float", "script-everywhere", "length-too-short")
_UNDECODED = ("gzip-of-nothing-known", "gzip-cut-off", "gzip-five-times", "gzip-bomb")
_MORE_UNDECODED = ("gzip-bomb-in-gzip", "deflate-garbage", "brotli-garbage")
_INVALID = ("two-lengths", "nul-in-a-header", "ten-thousand-headers", "header-of-a-megabyte")
_NO_ANSWER = ("http-0.9", "retry-after-a-day", "unexpected-101", "redirect-elsewhere", *UNANSWERED)
_PLACES = ("location-of-script", "ids-that-climb", "two-locations")
EXPECTED = {
    "not-found": "order.answered",
    **dict.fromkeys(("odd-json", "nearly-too-deep"), "order.shows-what-happened"),
    **dict.fromkeys(("duplicate-members", *_READ, *_MORE_READ), "order.money-adds-up"),
    **dict.fromkeys((*_UNDECODED, *_MORE_UNDECODED, *_INVALID, *_NO_ANSWER), "order.answers"),
    **dict.fromkeys(_PLACES, "refund.location-leads-to-refund"),
}
"""A requirement that a behaviour must violate, if that is certain."""


ORDERLY = {"invalid-utf-8", "script-everywhere"}
"""Behaviours whose response is a valid answer to an order plan."""


def short_backoff() -> RateLimiter:
    """Bounds the backoff to the time of a test."""
    return RateLimiter(max_backoff_s=0.1)


@pytest.fixture(autouse=True)
def never_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine such short timeouts are noticed late, and would not be judged."""
    monkeypatch.setattr(wire, "_BLOCKED_S", 600.0)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_misbehaving_server_fails_and_its_report_is_inert(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(
        hostile(behaviour, orders=True), tmp_path, SCENARIOS, timeout_s=0.1, limiter=short_backoff()
    )
    failed = {r.id for r in summary.requirements if r.verdict == "FAIL"}
    written = json.loads((tmp_path / "run.json").read_text())

    assert (summary.verdict, summary.errors, written["exit_code"]) == ("NONCONFORMANT", (), 1)
    assert EXPECTED.get(behaviour, next(iter(failed))) in failed
    assert active_parts((tmp_path / "report.html").read_text()) == []


@pytest.mark.parametrize("behaviour", TLS_BEHAVIOURS)
def test_an_untrusted_tls_server_gets_no_request(behaviour: str, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(ca))
    server = HostileServer(behaviour, orders=True)
    try:
        with pytest.raises(PreflightError, match="no order can be provisioned"):
            run_on(
                server.base_url,
                tmp_path,
                SCENARIOS,
                wire=lambda: Wire(timeout_s=0.3, tls=Tls(ca=ca)),
            )
    finally:
        server.close()

    assert [request for request in server.requests if request] == []


@pytest.mark.parametrize("behaviour", sorted({*BEHAVIOURS} - {*UNANSWERED, *ORDERLY}))
def test_a_server_without_orders_is_not_fully_verified(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    try:
        summary = run_on(hostile(behaviour), tmp_path, SCENARIOS[:1], limiter=short_backoff())
    except PreflightError:  # nothing answered, so the run ended at its start
        return

    assert (summary.verdict, summary.exit_code, summary.errors) == ("NOT FULLY VERIFIED", 4, ())


def test_a_redirect_is_reported_and_not_followed(
    hostile: Callable[..., str], tmp_path: Path
) -> None:
    summary = run_on(hostile("redirect-elsewhere", orders=True), tmp_path, SCENARIOS)
    observed = {finding.observed for finding in summary.findings}

    assert "status 307, to 'http://elsewhere.invalid/steal', which was not followed" in observed


@pytest.mark.parametrize(
    "behaviour",
    ["hundred-megabytes", "endless-and-fast", "gzip-bomb", "a-megabyte-of-text", "deep"],
)
def test_large_responses_cost_little_memory(
    behaviour: str, hostile: Callable[..., str], tmp_path: Path
) -> None:
    """Measured in its own process, which needs about 110 MB for small responses."""
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
        timeout=600,
        check=False,
    )

    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", finished.stderr)
    assert (finished.returncode, int(peak) < 250_000) == (1, True)


def test_a_run_ends_without_a_traceback_on_endless_bodies(
    hostile: Callable[..., str], cli: Cli, tmp_path: Path
) -> None:
    file = _target_file(hostile("endless", orders=True), tmp_path)
    options = ("--market", "SE", "--examples", 0, "--max-requests", 30, "--no-shrink")

    finished = cli("run", file, *options, "--quiet")

    assert (finished.code, finished.err) == (1, "")


def test_a_silent_server_is_unreachable(
    hostile: Callable[..., str], cli: Cli, tmp_path: Path
) -> None:
    base_url = hostile("silent")
    finished = cli("doctor", _target_file(base_url, tmp_path))

    assert (finished.code, finished.err.startswith(f"Error: {base_url} cannot be reached")) == (
        4,
        True,
    )


def test_doctor_reports_a_server_without_orders(hostile: Callable[..., str], cli: Cli) -> None:
    base_url = hostile("html")
    finished = cli("doctor", base_url)

    assert (finished.code, finished.err) == (
        4,
        f"Error: no order is available: {base_url}/_control/orders answered 200, and no order\n",
    )


def test_the_record_has_the_kind_of_failure(hostile: Callable[..., str], tmp_path: Path) -> None:
    run_on(hostile("cut-off", orders=True), tmp_path, SCENARIOS)
    lines = (tmp_path / "journal.ndjson").read_text().splitlines()
    kinds = {
        exchange["outcome"].get("kind")
        for line in map(json.loads, lines)
        for exchange in line.get("exchanges", ())
        if exchange.get("purpose") == "scene"
    }

    assert kinds == {"protocol"}


def test_a_body_of_ten_megabytes_is_recorded_truncated(
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
