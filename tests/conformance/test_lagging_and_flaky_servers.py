"""Servers with eventual consistency or lost responses: reported, and no failure."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.wrong.examples.orders import FULL, PART, TWO_CAPTURES
from klarna_reports.record.results import Summary
from klarna_specs.scenario import Key, Scenario, Together
from klarna_strategies.steps import get_order, get_refund, refund, release

from .conftest import Serve, Served
from .listeners import Forward, Listener
from .runs import run_on

KEYED = refund(1_000, key=Key("first"), description="for order A")
SCENARIOS = (
    Scenario(plan=FULL, steps=(KEYED, KEYED, get_refund(), get_order(), refund(10_001))),
    Scenario(plan=TWO_CAPTURES, steps=(refund(9_000), get_refund())),
    Scenario(plan=PART, steps=(Together((release(), KEYED)), get_order())),
)


def verdicts(summary: Summary, *wanted: str) -> dict[str, str]:
    return {r.id: r.verdict for r in summary.requirements if r.verdict in wanted and r.findings}


@pytest.fixture(scope="module")
def lagging(serve_mock: Serve) -> Served:
    return serve_mock("--lag", "200")


def test_eventual_consistency_fails_without_read_retries(lagging: Served, tmp_path: Path) -> None:
    failed = verdicts(run_on(lagging.base_url, tmp_path, SCENARIOS), "FAIL")

    assert {"refund.read-back", "refund.location-leads-to-refund"} <= set(failed)


def test_eventual_consistency_is_reported_with_read_retries(
    lagging: Served, tmp_path: Path
) -> None:
    summary = run_on(lagging.base_url, tmp_path, SCENARIOS, settle_s=20.0)
    found = [r for r in summary.requirements if r.id.endswith(".settles-at-once") and r.findings]

    assert (verdicts(summary, "FAIL", "WARN"), summary.flaky) == ({}, 0)
    assert {r.level for r in found} == {"INFO"}
    assert "another state, for 0." in " ".join(r.reason for r in found)


def test_a_consistent_server_is_not_read_again(served: Served, tmp_path: Path) -> None:
    summary = run_on(served.base_url, tmp_path, SCENARIOS, settle_s=600.0)

    assert [n for n in verdicts(summary, "FAIL", "INFO") if n.endswith("settles-at-once")] == []


def test_a_wrong_server_fails_with_read_retries_too(serve_mock: Serve, tmp_path: Path) -> None:
    wrong = serve_mock("--mutant", "order-lacks-its-last-refund")
    summary = run_on(wrong.base_url, tmp_path, SCENARIOS[:1], settle_s=0.2)

    assert verdicts(summary, "FAIL") != {}


def losing_once_each() -> Callable[[bytes], bool]:
    """Loses the first answer to each request line."""
    seen: set[bytes] = set()
    lock = threading.Lock()

    def loses(request: bytes) -> bool:
        line = request.split(b"\r\n")[0]
        harmless = b"_control" in line
        unkeyed = line.startswith(b"POST") and b"idempotency-key" not in request.lower()
        with lock:
            known = line in seen
            seen.add(line)
        return not (known or harmless or unkeyed)

    return loses


def test_a_response_to_a_retry_is_flaky_and_no_failure(served: Served, tmp_path: Path) -> None:
    with Listener(Forward(served.base_url, losing_once_each())) as server:
        summary = run_on(server.base_url, tmp_path, SCENARIOS[:2])
    warned = verdicts(summary, "WARN", "NOT_RUN")

    assert (verdicts(summary, "FAIL"), summary.flaky > 3) == ({}, True)
    assert summary.reason.endswith("responses needed a retry.")
    assert {"order.answers-at-first-try", "refund.answers-at-first-try"} <= set(warned)
    assert "at attempt 2" in (tmp_path / "report.html").read_text()


def test_a_call_without_any_response_is_a_failure(served: Served, tmp_path: Path) -> None:
    with Listener(Forward(served.base_url, lambda r: r.startswith(b"GET"))) as server:
        summary = run_on(server.base_url, tmp_path, SCENARIOS[:1])

    assert verdicts(summary, "FAIL")["order.answers"] == "FAIL"


def test_a_change_without_a_key_is_not_retried(served: Served, tmp_path: Path) -> None:
    """Sent twice it could be done twice."""
    unkeyed = Scenario(plan=FULL, steps=(refund(100),))
    with Listener(Forward(served.base_url, lambda r: b"/refunds HTTP" in r)) as server:
        summary = run_on(server.base_url, tmp_path, (unkeyed,))
        refunds = [r for r in server.requests if b"/refunds HTTP" in r]

    assert (len(refunds), verdicts(summary, "FAIL")["refund.answers"]) == (1, "FAIL")


def test_occasional_429s_are_retried_and_no_failure(serve_mock: Serve, tmp_path: Path) -> None:
    busy = serve_mock("--mutant", "busy-now-and-then")
    summary = run_on(busy.base_url, tmp_path, SCENARIOS[:2])

    assert (verdicts(summary, "FAIL", "WARN"), summary.flaky) == ({}, 0)


def test_a_server_that_only_answers_429_fails(hostile: Callable[..., str], tmp_path: Path) -> None:
    summary = run_on(
        hostile("retry-after-a-day", orders=True),
        tmp_path,
        SCENARIOS,
        limiter=RateLimiter(max_backoff_s=0.1),
    )
    found = {f.observed for f in summary.findings if f.requirement == "order.answers"}

    assert (
        summary.exit_code,
        all(text.startswith("status 429") for text in found),
        bool(found),
    ) == (
        1,
        True,
        True,
    )
