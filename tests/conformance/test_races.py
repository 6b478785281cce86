"""Concurrent calls are right if some order explains the responses and later reads."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.counterexamples import find_counterexample
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.player import play
from klarna_conformance.wrong.catalogue import mutants
from klarna_conformance.wrong.examples.orders import FULL, NONE, PART
from klarna_reports.record.record import Finding
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Key, Scenario, Step, Together, steps_of
from klarna_strategies.steps import capture, get_order, refund, release
from klarna_strategies.tables.races import races
from klarna_strategies.tables.stage import Stage

from .conftest import Serve
from .mutant_servers import deviations, made, played, spec
from .runs import run_on

RACING = [mutant for mutant in mutants() if mutant.kind == "races"]
KEYED = refund(1_000, key=Key("first"))


def _violated(name: str, plan: OrderPlan, *steps: Step) -> set[str]:
    target = MockTarget(made(name))
    scenario = Scenario(plan=plan, steps=(Together(steps),))
    came = asyncio.run(play_and_judge(spec(), target, scenario, identifier="s0001"))
    return {finding.requirement for finding in came.findings if finding.verdict == "FAIL"}


@pytest.mark.parametrize(
    ("name", "plan", "steps", "requirement"),
    [
        (
            "racing-refunds-exceed-what-was-captured",
            FULL,
            (refund(6_000), refund(6_000)),
            "refund.within-captured-amount",
        ),
        ("racing-replays-booked-again", FULL, (KEYED, KEYED), "refund.replay-answered-alike"),
        (
            "racing-captures-exceed-the-order",
            NONE,
            (capture(6_000), capture(6_000)),
            "capture.within-the-order",
        ),
        (
            "racing-refunds-lose-updates",
            FULL,
            (refund(2_000), refund(3_000)),
            "refund.books-amount",
        ),
        ("racing-refunds-fail", FULL, (refund(2_000), refund(3_000)), "refund.no-server-error"),
    ],
)
def test_racing_mutants_fail_only_on_concurrent_calls(
    name: str, plan: OrderPlan, steps: tuple[Step, ...], requirement: str
) -> None:
    target = MockTarget(made(name))
    sequential = Scenario(plan=plan, steps=steps)
    came = asyncio.run(play_and_judge(spec(), target, sequential, identifier="s0001"))

    assert requirement in _violated(name, plan, *steps)
    assert [f.requirement for f in came.findings if f.verdict == "FAIL"] == []


def test_groups_have_two_to_eight_calls() -> None:
    sizes = {
        len(action.steps)
        for scenario in races(Stage(spec()))
        for action in scenario.steps
        if isinstance(action, Together)
    }
    assert (min(sizes), max(sizes)) == (2, 8)


@pytest.mark.parametrize("count", [2, 5, 8])
def test_concurrent_refunds_within_the_limit_are_explained(count: int) -> None:
    group = Together(tuple(refund(1_000, key=Key(f"{n}")) for n in range(count)))
    assert deviations(Mock, FULL, group) == {}


def test_later_reads_show_which_call_was_first() -> None:
    """Two amounts with one key: both responses are equal, one amount is booked."""
    large, small = refund(2_000, key=Key("first")), refund(1_000, key=Key("first"))
    for steps in ((large, small), (small, large)):
        came = played(Mock, FULL, Together(steps))
        swapped = [(e.group is not None) for e in came.exchanges]
        assert swapped.count(True) == 2
        assert [f for f in came.findings if f.verdict == "FAIL"] == []


def test_a_conflict_is_allowed_for_a_concurrent_call() -> None:
    name = "conflict-when-overtaken"
    assert _violated(name, FULL, refund(2_000), refund(3_000)) == set()
    assert _violated(name, PART, release(), capture(4_000), refund(1_000)) == set()


def test_the_counterexample_of_a_race_has_a_timeline() -> None:
    target = MockTarget(made("racing-refunds-exceed-what-was-captured"))
    group = Together((refund(4_000), refund(7_000), refund(6_000)))
    scenario = Scenario(plan=FULL, steps=(get_order(), group))
    failing = asyncio.run(play_and_judge(spec(), target, scenario, identifier="s0001"))
    requirement = "refund.within-captured-amount"
    shrunk, saved = asyncio.run(
        find_counterexample(spec(), target, requirement, failing, identifier="c0001", nonce="")
    )

    assert len(steps_of(shrunk.scenario)) == 2
    assert len(saved.timeline) == 2
    assert all(" ms: POST /ordermanagement/" in line for line in saved.timeline)


def test_a_racing_mutant_over_http_is_detected(serve_mock: Serve, tmp_path: Path) -> None:

    served = serve_mock("--mutant", "racing-refunds-exceed-what-was-captured")
    scenario = Scenario(plan=FULL, steps=(Together((refund(6_000),) * 3),))
    summary = run_on(served.base_url, tmp_path, [scenario])
    failed = {r.id for r in summary.requirements if r.verdict == "FAIL"}

    assert "refund.within-captured-amount" in failed


def test_there_are_racing_mutants() -> None:
    assert len(RACING) >= 10


def _arrived(scenario: Scenario, arrival: Callable[[int], list[int]]) -> tuple[Finding, ...]:
    """What is said when the calls of each group reach a right server in another order."""
    steps: list[Action] = []
    for action in scenario.steps:
        calls = action.steps if isinstance(action, Together) else ()
        order = arrival(len(calls))
        steps.append(Together(tuple(calls[n] for n in order)) if calls else action)
    target = MockTarget(Mock(spec()))
    reordered = msgspec.structs.replace(scenario, steps=tuple(steps))
    came = asyncio.run(play(spec(), target, reordered, identifier="s0001"))
    raced = [n for n, e in enumerate(came.exchanges) if e.group is not None and e.purpose == "step"]
    as_sent = list(came.exchanges)
    for place, n in zip(raced, arrival(len(raced)), strict=True):
        as_sent[raced[n]] = came.exchanges[place]
    # Their times say nothing: each call may have waited for the rate limit.
    timed = [msgspec.structs.replace(e, started_s=float(n)) for n, e in enumerate(as_sent)]
    return judge(spec(), target.facts, came.orders, timed)


@pytest.mark.parametrize(
    "arrival",
    [
        lambda count: list(range(count))[::-1],
        lambda count: [*range(1, count), 0][:count],
        lambda count: [*range(0, count, 2), *range(1, count, 2)],
    ],
)
def test_calls_may_arrive_in_any_order(arrival: Callable[[int], list[int]]) -> None:
    for scenario in races(Stage(spec())):
        if sum(isinstance(action, Together) for action in scenario.steps) == 1:
            found = _arrived(scenario, arrival)
            assert [f for f in found if f.verdict in ("FAIL", "WARN")] == [], scenario
