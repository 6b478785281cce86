"""Failing scenarios are shrunk, saved and replayed."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from klarna_conformance.errors import UsageError
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.counterexample_file import (
    Counterexample,
    read_counterexample,
    smallest_failing,
)
from klarna_conformance.play.counterexamples import Allowance, find_counterexample
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.play.shrinking import shrink
from klarna_conformance.run.keeping import keep_counterexamples
from klarna_conformance.run.running import recorded_header
from klarna_conformance.wrong.catalogue import mutants
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_conformance.wrong.making import mutated_spec, named_mock
from klarna_reports.record.record import Difference, Finding, Played, Record
from klarna_reports.summary.summary import summarise
from klarna_specs.json_value import as_array, as_object, is_integer
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step, steps_of
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import capture, get_order, refund, release

FEE_LINES = [goods(10_000), fee(500)]
FEE = refund(9_500, description="Returned", order_lines=FEE_LINES)
KEYED = refund(2_500, key=Key("again"), order_lines=[goods(2_500)])
RELEASED = (refund(100), release(), capture(4_000))
LOW_FEE = refund(500, order_lines=[goods(1_000), fee(500)])
FEE_ALONE = "refund.fee-single-capture"
BOUND = "refund.within-captured-amount"
LONG: tuple[Step, ...] = (get_order(), refund(1_500), refund(8_501), refund(8_500))


def _played(mutant: str, plan: OrderPlan, *steps: Step) -> tuple[MockTarget, Played]:
    target = MockTarget(named_mock(load(), mutant))
    scenario = Scenario(plan=plan, steps=steps)
    return target, asyncio.run(play_and_judge(load(), target, scenario, identifier="s0001"))


def _counterexample(
    requirement: str, mutant: str, plan: OrderPlan, *steps: Step
) -> tuple[Played, Counterexample]:
    target, failing = _played(mutant, plan, *steps)
    assert requirement in {f.requirement for f in failing.findings if f.verdict == "FAIL"}
    return asyncio.run(
        find_counterexample(load(), target, requirement, failing, identifier="c0001", nonce="")
    )


def _amounts(value: Any, name: str = "") -> int:
    """The sum of all amounts and prices in a JSON value."""
    members, parts = as_object(value), as_array(value)
    if members is not None:
        return sum(_amounts(member, key) for key, member in members.items())
    if parts is not None:
        return sum(_amounts(part, "amount") for part in parts)
    return abs(value) if is_integer(value) and name.endswith(("amount", "price")) else 0


@pytest.mark.parametrize(
    ("mutant", "requirement", "plan", "steps", "length", "amounts"),
    [
        ("bound-one-above", BOUND, FULL, LONG, 1, 0.002),
        ("bound-dropped", BOUND, FULL, LONG, 1, 2),
        ("bound-of-the-order", BOUND, PART, (refund(6_001),), 1, 2),
        ("bound-forgets-earlier-refunds", BOUND, FULL, (refund(4_000), refund(6_001)), 2, 4),
        ("keys-ignored", "refund.replay-booked-once", FULL, (KEYED, get_order(), KEYED), 2, 6),
        ("location-missing", "refund.location-header", FULL, LONG, 1, 3),
        ("fee-market-se-missing", "refund.fee-accepted", FULL, (FEE,), 1, 11),
        ("release-not-done", "release.frees-the-rest", PART, (refund(10), release()), 1, 3),
        ("capture-after-release", "capture.not-after-release", PART, RELEASED, 2, 4),
    ],
)
def test_counterexample_has_the_fewest_steps_and_small_readable_amounts(
    mutant: str,
    requirement: str,
    plan: OrderPlan,
    steps: tuple[Step, ...],
    length: int,
    amounts: float,
) -> None:
    shrunk, _ = _counterexample(requirement, mutant, plan, *steps)

    plain = msgspec.json.decode(msgspec.json.encode(shrunk.scenario))
    in_units_of_ten = (len(steps_of(shrunk.scenario)), _amounts(plain) / 1000)
    assert in_units_of_ten == (length, amounts)


def test_the_scenario_to_shrink_has_the_worst_harm_of_its_requirement() -> None:
    name = "refund.books-amount"

    def wrong(member: str, *steps: Step) -> Played:
        _, played = _played("bound-dropped", FULL, *steps)
        difference = Difference(member=member, expected=0, observed=100)
        found = Finding(requirement=name, verdict="FAIL", exchange=0, differences=(difference,))
        return msgspec.structs.replace(played, findings=(found,))

    cheap = wrong("captured_amount", refund(100))
    dear = wrong("refunded_amount", get_order(), refund(100))
    assert smallest_failing(load(), (cheap, dear))[name] is dear


def _both_violated(step: Step, *names: str) -> Played:
    _, played = _played("fee-captures-not-verified", PART, step)
    found = (Finding(requirement=name, verdict="FAIL", exchange=1) for name in names)
    return msgspec.structs.replace(played, findings=tuple(found))


def test_the_scenario_to_shrink_shows_no_other_bug_although_that_costs_more() -> None:
    both = _both_violated(refund(9_000, order_lines=[goods(9_900), fee(900)]), FEE_ALONE, BOUND)
    alone = _both_violated(LOW_FEE, FEE_ALONE)
    found = smallest_failing(load(), (both, alone))
    assert (found[FEE_ALONE], found[BOUND]) == (alone, both)


def test_an_example_of_one_bug_is_not_shrunk_to_one_of_two() -> None:
    (unbound,) = (each for each in mutants() if each.id == "bound-not-verified-of-fees")
    rules = {**unbound.rules, FEE_ALONE: "true"}
    wrong = mutated_spec(load(), msgspec.structs.replace(unbound, rules=rules))
    target, scenario = MockTarget(Mock(wrong)), Scenario(plan=PART, steps=(LOW_FEE,))
    failing = asyncio.run(play_and_judge(load(), target, scenario, identifier="s0001"))
    found = find_counterexample(load(), target, FEE_ALONE, failing, identifier="c0001", nonce="")
    shrunk, _ = asyncio.run(found)
    assert {each.requirement for each in shrunk.findings if each.verdict == "FAIL"} == {FEE_ALONE}


def test_repeated_calls_are_shrunk_together() -> None:
    _, failing = _played("bound-dropped", PART, KEYED, refund(9, key=Key("again")), KEYED)

    async def third_call(scenario: Scenario) -> Played | None:
        calls = steps_of(scenario)
        keys = {call.key for call in calls}
        fails = len(calls) == 3 and calls[0] == calls[2] and len(keys) == 1 and None not in keys
        captured = scenario.plan is not None and scenario.plan.captures
        return msgspec.structs.replace(failing, scenario=scenario) if fails and captured else None

    shrunk = asyncio.run(shrink(failing, third_call, proceed=lambda: True)).scenario
    assert shrunk.steps[0] == shrunk.steps[1] == shrunk.steps[2]
    assert shrunk.plan is not None
    assert shrunk.plan.captured_amount == shrunk.plan.order_amount


def test_shrinking_ends_when_its_requests_are_spent() -> None:
    target, failing = _played("bound-one-above", FULL, *LONG)
    lengths: list[int] = []
    for requests in (0, 600):
        shrunk, _ = asyncio.run(
            find_counterexample(
                load(),
                target,
                BOUND,
                failing,
                identifier="c0001",
                nonce="",
                allowance=Allowance(requests),
            )
        )
        lengths.append(len(steps_of(shrunk.scenario)))
    assert lengths == [4, 1]


def test_missing_counterexample_is_of_the_scenario_that_the_report_shows(tmp_path: Path) -> None:
    spec, name = load(), "refund.replay-booked-once"
    twice = (refund(1_000, key=Key("a")),) * 2
    target, short = _played("replay-booked-again", FULL, *twice)
    _, frequent = _played("replay-booked-again", FULL, refund(100), *twice)
    again = msgspec.structs.replace(frequent, id="s0002")
    header = recorded_header(spec, target.facts, command="", strict=False)
    last = msgspec.structs.replace(short, id="s0003")
    record = Record(header=header, played=[frequent, again, last], footer=None)
    summary = summarise(spec, record)
    keep_counterexamples(tmp_path, spec, record, summary)

    assert next(f.scenario for f in summary.findings if f.requirement == name) == "s0003"
    saved = read_counterexample(tmp_path / f"counterexamples/{name}.yaml")
    assert saved.scenario == short.scenario


def test_a_saved_counterexample_reads_back_equal(tmp_path: Path) -> None:
    _, counterexample = _counterexample(BOUND, "bound-one-above", FULL, *LONG)

    assert read_counterexample(counterexample.save(tmp_path)) == counterexample


def test_a_counterexample_has_a_curl_line_per_step() -> None:
    shrunk, counterexample = _counterexample(BOUND, "bound-one-above", FULL, *LONG)

    assert len(counterexample.curl) == len(steps_of(shrunk.scenario))


def test_a_counterexample_fails_on_the_mutant_and_not_on_the_mock() -> None:
    _, counterexample = _counterexample(BOUND, "bound-one-above", FULL, *LONG)
    steps = steps_of(counterexample.scenario)
    assert counterexample.scenario.plan is not None

    failed: list[bool] = []
    for mutant in ("bound-one-above", None):
        target = MockTarget(named_mock(load(), mutant))
        scenario = Scenario(plan=counterexample.scenario.plan, steps=steps)
        again = asyncio.run(play_and_judge(load(), target, scenario, identifier="s0001"))
        failed.append(any(finding.verdict == "FAIL" for finding in again.findings))

    assert failed == [True, False]


def test_a_client_counterexample_names_the_client_command(tmp_path: Path) -> None:
    path = tmp_path / "client.once.yaml"
    path.write_text("requirement: client.once\ntold: one refund of 0.01 SEK\n")

    with pytest.raises(UsageError, match="client --replay"):
        read_counterexample(path)


def test_an_error_in_a_counterexample_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("requirement: refund.accepted\nscenarios: []\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"wrong\.yaml:2: 'scenarios' is unknown"):
        read_counterexample(path)
